from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tasks.metering.habits import Habits, learn
from tasks.metering.power_prior import BANDS, MEANS_W
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
START_AT = datetime(2026, 3, 20, tzinfo=UTC)


def household(days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seconds and readings of a household with an electric car, a picture every quarter hour."""
    power_w = simulate_household(START_AT, days, 1, electric_car=True)
    positions = register_positions(power_w, 361_097, HOME)
    minutes = np.arange(0, positions.size, 15)
    return int(START_AT.timestamp()) + 60 * minutes, np.floor(positions[minutes]).astype(np.int64)


def learned(*, right_top: float, right_second: float, days: int = 30) -> Habits:
    """What a reader teaches whose best candidate (0.75) is right so often, and its second (0.2) so often."""
    seconds, truth = household(days)
    chance = np.random.default_rng(3)
    which = chance.random(truth.size)
    candidates = np.stack([truth + 300, truth + 4000], axis=1)
    candidates[which < right_top, 0] = truth[which < right_top]
    second = (which >= right_top) & (which < right_top + right_second)
    candidates[second, 1] = truth[second]
    probabilities = np.tile([0.75, 0.2], (truth.size, 1))
    hours = seconds // 3600 % 24
    return learn(seconds, hours, truth, candidates, probabilities, register=HOME)


@pytest.mark.parametrize(("right_top", "right_second"), [(0.9, 0.05), (0.5, 0.4), (0.3, 0.1)])
def test_probabilities_become_how_often_such_candidates_were_right(
    right_top: float, right_second: float
) -> None:
    habits = learned(right_top=right_top, right_second=right_second)
    found = habits.calibrate(np.array([[100, 200]]), np.array([[0.75, 0.2]]))[0]
    assert found == pytest.approx([right_top, right_second], abs=0.03)
    assert 1.0 - found.sum() == pytest.approx(1.0 - right_top - right_second, abs=0.03)


def test_there_is_always_a_doubt_and_never_one_about_nothing() -> None:
    habits = learned(right_top=1.0, right_second=0.0)
    found = habits.calibrate(np.array([[100, 200], [-1, -1]]), np.array([[0.75, 0.2], [0.0, 0.0]]))
    assert 0.0 < 1.0 - found[0].sum() < 0.02
    assert found[1].tolist() == [0.0, 0.0]


def test_power_that_was_never_drawn_is_hardly_expected() -> None:
    shares = learned(right_top=1.0, right_second=0.0).shares
    bands = shares[:, len(MEANS_W) :]
    assert shares.shape == (25, len(MEANS_W) + BANDS)
    assert (shares > 0).all()
    assert (shares.sum(axis=1) < 1.0).all()
    # Cars charge with 11 kW in the evening; nothing reaches 20 kW.
    assert bands[19, 5] > 10 * bands[19, 10:].max()


def test_habits_survive_being_stored() -> None:
    habits = learned(right_top=0.9, right_second=0.05, days=8)
    again = Habits.from_frame(habits.to_frame().sample(fraction=1.0, shuffle=True, seed=1))
    for name in ("shares", "top", "lower", "none", "ways"):
        assert getattr(again, name).tolist() == getattr(habits, name).tolist()


def test_incomplete_habits_are_refused() -> None:
    rows = learned(right_top=0.9, right_second=0.05, days=8).to_frame().filter(pl.col("kind") != "none")
    with pytest.raises(ValueError, match="learn them anew"):
        Habits.from_frame(rows)
