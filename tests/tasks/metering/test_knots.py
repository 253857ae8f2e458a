from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from tasks.metering.knots import Interpolation, choose_interpolation, interpolate, knots_of, uncertainty_wh
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
SMALL = Register("shed/1-0:1.8.0", digits=6, decimals=3, max_power_w=24_000)


@pytest.mark.parametrize(
    ("register", "interpolation", "says"),
    [
        (HOME, "ticks", "steps of 100 Wh"),
        (SMALL, "linear", "steps of 1 Wh"),
        (Register("a/b", 7, 1, 24_000, runs_backwards=True), "linear", "both ways"),
    ],
)
def test_the_interpolation_is_explained(register: Register, interpolation: str, says: str) -> None:
    chosen, sentence = choose_interpolation(register)
    assert chosen == interpolation
    assert says in sentence


@pytest.mark.parametrize("decimals", [1, 0])
@pytest.mark.parametrize("steps_a_day", [1.3, 2.5, 6.0])
def test_days_of_a_coarse_register_that_counts_in_bursts_lie_within_their_uncertainty(
    decimals: int, steps_a_day: float
) -> None:
    register = Register("hot/1-0:1.8.0", 7, decimals, max_power_w=24_000)
    chance, used_wh = np.random.default_rng(1), np.zeros(90 * 96)
    for day in range(90):
        for quarter in (24, 72):
            first = 96 * day + quarter + int(chance.integers(-4, 5))
            used_wh[first : first + 2] += steps_a_day * register.unit_wh * chance.uniform(0.15, 0.35)
    count_wh = 4_567.0 + np.concatenate([[0.0], np.cumsum(used_wh)])
    shown_wh = count_wh.astype(np.int64) // register.unit_wh * register.unit_wh
    read_at = pl.datetime_range(
        datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 6, 18, tzinfo=UTC), "15m", eager=True
    )
    series = pl.DataFrame({"read_at": read_at, "value_wh": shown_wh})
    knots = knots_of(series, register, Interpolation.TICKS)
    midnights = read_at[::96].dt.epoch("s").to_numpy()
    off_wh = np.diff(interpolate(knots.seconds, knots.values, midnights)) - np.diff(count_wh[::96])
    assert (np.abs(off_wh) <= uncertainty_wh(knots, midnights[:-1], midnights[1:])).mean() >= 0.93
