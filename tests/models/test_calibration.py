from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Calibration, load_calibration, save_calibration

_shares = st.lists(st.floats(0, 1), max_size=8).map(lambda each: sorted(each, reverse=True))


@given(
    raw=_shares,
    empty=st.floats(0, 1),
    slope=st.floats(0.2, 5),
    offset=st.floats(-4, 4),
    rounds=st.integers(1, 4),
)
def test_the_order_stays_and_all_together_stay_within_one(
    raw: list[float], empty: float, slope: float, offset: float, rounds: int
) -> None:
    shares = np.array(raw) / max(1.0, sum(raw) + empty)
    curve = (slope, offset)
    found = Calibration(0.9, curve, curve, curve).probabilities(shares, rounds)
    assert len(found) == len(shares)
    assert (found >= 0).all()
    assert found.sum() <= 1 + 1e-6
    assert (np.diff(found) <= 1e-9).all()


@pytest.mark.parametrize(("rounds", "best"), [(1, 0.9), (2, 0.5), (3, 0.1)])
def test_each_curve_has_its_windows(rounds: int, best: float) -> None:
    calibration = Calibration(sure=(1.0, np.log(9)), unsure=(1.0, 0.0), doubtful=(1.0, -np.log(9)))
    assert calibration.probabilities(np.array([0.5, 0.1]), rounds)[0] == pytest.approx(best)


def test_it_is_kept_beside_the_weights(tmp_path: Path) -> None:
    assert load_calibration(tmp_path) == Calibration()
    kept = Calibration(0.9, (1.5, -0.25), (0.75, 0.5), (0.5, 1.0), 0.125, "strips")
    save_calibration(tmp_path, kept)
    assert load_calibration(tmp_path) == kept


def test_one_curve_for_all_that_was_doubted_serves_both(tmp_path: Path) -> None:
    text = '{"sure_above": 0.9, "sure": [1.5, 0.0], "unsure": [0.75, 0.5]}'
    (tmp_path / "calibration.json").write_text(text, encoding="utf-8")
    kept = load_calibration(tmp_path)
    assert kept.curve_after(2) == kept.curve_after(3) == (0.75, 0.5)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sure": 1, "unsure": 2}', '{"sure": [1, 0], "slow": 1}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "calibration.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="is no calibration"):
        load_calibration(tmp_path)
