import numpy as np
import pytest

from models.calibration import Calibration
from models.looks import Opinion, Seen
from models.training.calibrate import Strips, fit_calibration, fit_curve, measure


def _overconfident(count: int, seed: int) -> Strips:
    """Looks whose shares' log-odds are twice as large as they should be; a first look knows less."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.5, 0.999, count)
    shares = truth**2 / (truth**2 + (1 - truth) ** 2)
    texts = tuple("12" if right else "34" for right in rng.random(count) < truth)
    seen = [Seen((Opinion("12", is_half=False, share=float(share)),), 0.0, 5, 2) for share in shares]
    first = [Seen((Opinion("12", is_half=False, share=0.6),), 0.0, 1) for _ in shares]
    return Strips(texts, tuple(first), tuple(seen))


def test_a_curve_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    share = rng.uniform(0.3, 0.99, 20_000)
    right = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * np.log(share / (1 - share)) + 0.3)))
    slope, offset = fit_curve(np.stack([share, right], 1))
    assert slope == pytest.approx(0.5, abs=0.05)
    assert offset == pytest.approx(0.3, abs=0.05)


def test_without_strips_shares_stay_as_they_are() -> None:
    assert fit_curve(np.zeros((0, 2))) == pytest.approx((1.0, 0.0))


def test_calibration_pays_on_strips_that_it_was_not_fitted_on() -> None:
    looks = {kind: _overconfident(4000, seed) for seed, kind in enumerate(("drawn", "drums"))}
    before, after = (
        measure(looks, calibration) for calibration in (Calibration(sure_above=0.99), fit_calibration(looks))
    )
    for kind in looks:
        assert before[kind].error > 0.06
        assert after[kind].error < 0.03
        assert after[kind].exact == before[kind].exact
        assert after[kind].looks == 5


def test_the_truth_may_be_among_five_candidates_without_being_the_best() -> None:
    opinions = tuple(Opinion(text, is_half=False, share=0.1) for text in "987654")
    seen = (Seen(opinions, 0.0, 1),) * 8
    outcome = measure({"drawn": Strips(tuple("99887744"), seen, seen)}, Calibration())
    assert outcome["drawn"].exact == 0.25
    assert outcome["drawn"].among_five == 0.75
