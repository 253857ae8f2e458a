"""Weeks of a household's pictures, decoded and compared with the truth."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.metering.decoding import Decoded, decode
from tasks.metering.habits import learn
from tasks.metering.misreads import Misreads
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
QUARTER, DAY = 900, 86_400


class Series(Protocol):
    taken_at_s: NDArray[np.int64]
    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]


ReadHousehold = Callable[..., Series]


def wrong(result: Decoded, series: Series, register: Register = HOME) -> NDArray[np.bool_]:
    """Values given that lie more than one unit off."""
    distance = np.abs(result.value_units - series.truth)
    off: NDArray[np.bool_] = np.minimum(distance, register.span_units - distance) > 1
    return off & (result.value_units >= 0)


@pytest.mark.parametrize(
    ("misreads", "seed", "least", "most_wrong"),
    [
        (Misreads(0.01), 0, (0.993, 0.997), 1),
        (Misreads(0.05, bursts=0.004), 1, (0.96, 0.98), 8),
        (Misreads(0.10), 2, (0.955, 0.98), 6),
    ],
)
def test_a_month_with_misreads_is_recovered(
    read_household: ReadHousehold,
    misreads: Misreads,
    seed: int,
    least: tuple[float, float],
    most_wrong: int,
) -> None:
    series = read_household(HOME, days=31, misreads=misreads, seed=seed)
    pictures = series.taken_at_s, series.candidates, series.probabilities
    first = decode(*pictures, HOME)
    hours = series.taken_at_s // 3600 % 24
    read = np.where(first.rank > 0, first.value_units, -1)
    habits = learn(series.taken_at_s, hours, read, series.candidates, series.probabilities, register=HOME)
    result = decode(*pictures, HOME, habits=habits, hours=hours)
    assert ((result.rank > 0).mean(), (result.value_units >= 0).mean()) >= least
    assert (result.value_units >= 0).mean() >= least[1]
    assert wrong(result, series).sum() <= most_wrong


def test_a_new_car_is_read_before_anybody_knows_of_it(read_household: ReadHousehold) -> None:
    before = read_household(HOME, days=45, misreads=Misreads(0.01), seed=11, electric_car=False)
    hours = before.taken_at_s // 3600 % 24
    habits = learn(
        before.taken_at_s, hours, before.truth, before.candidates, before.probabilities, register=HOME
    )
    series = read_household(HOME, days=14, misreads=Misreads(0.01), seed=14)
    pictures = series.taken_at_s, series.candidates, series.probabilities
    result = decode(*pictures, HOME, habits=habits, hours=series.taken_at_s // 3600 % 24)
    charges = np.diff(series.truth, prepend=series.truth[0]) * HOME.unit_wh * 4 > 9_000
    assert charges.sum() >= 15
    assert (result.rank > 0)[charges].mean() > 0.9
    assert not wrong(result, series).any()


def test_a_rollover_within_a_month_costs_nothing(read_household: ReadHousehold) -> None:
    series = read_household(HOME, days=14, misreads=Misreads(0.05), seed=3, start_units=9_999_950)
    result = decode(series.taken_at_s, series.candidates, series.probabilities, HOME)
    assert (np.diff(series.truth) < 0).sum() == 1
    assert (result.value_units >= 0).mean() >= 0.98
    assert wrong(result, series).sum() <= 2


def test_decoding_again_from_an_anchor_changes_nothing(read_household: ReadHousehold) -> None:
    series = read_household(HOME, days=6, misreads=Misreads(0.05), seed=4)
    whole = decode(series.taken_at_s, series.candidates, series.probabilities, HOME)
    start = 300 + int(np.argmax(whole.rank[300:] > 0))
    part = slice(start + 1, None)
    again = decode(
        series.taken_at_s[part],
        series.candidates[part],
        series.probabilities[part],
        HOME,
        anchor=(int(series.taken_at_s[start]), int(whole.value_units[start])),
    )
    assert again.value_units.tolist() == whole.value_units[part].tolist()
    assert again.reason == whole.reason[part]


@given(
    first=st.integers(250, 400),
    length=st.integers(1, 30),
    jump_s=st.integers(-2 * DAY, 2 * DAY).filter(lambda seconds: abs(seconds) > QUARTER),
)
@example(first=291, length=6, jump_s=DAY)  # beside the gap, a reading is doubted and a range given
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pictures_of_a_camera_whose_clock_jumped_cost_no_others(
    read_household: ReadHousehold, first: int, length: int, jump_s: int
) -> None:
    series = read_household(HOME, days=7, misreads=Misreads(0.0), seed=6)
    jumped = np.zeros(series.truth.size, dtype=np.bool_)
    jumped[first : first + length] = True
    at_s = series.taken_at_s + np.where(jumped, jump_s, 0)
    order = np.argsort(at_s, kind="stable")
    result = decode(at_s[order], series.candidates[order], series.probabilities[order], HOME)
    value, honest = result.value_units, ~jumped[order]
    assert (value[honest] >= 0).mean() >= 0.9
    # What was used during the jump tells two clocks apart; after a day that is plenty.
    confused = np.interp(series.taken_at_s - jump_s, series.taken_at_s, series.truth)
    used = np.abs(confused - series.truth)[order] if abs(jump_s) < DAY else 0
    is_range = result.low_units >= 0
    low, high = (np.where(is_range, end, value) for end in (result.low_units, result.high_units))
    assert (high - low <= 1).all()
    off = np.maximum(low - series.truth[order], series.truth[order] - high)
    assert (off <= used + 1)[honest & (value >= 0)].all()
