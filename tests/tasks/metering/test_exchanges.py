"""Another meter in the same place: proposed by the pictures, or announced."""

import numpy as np
import pytest

from tasks.metering.stretch import Break
from tests.tasks.metering.conftest import QUARTER, clear, decoded


def test_an_exchanged_meter_is_proposed_and_not_assumed() -> None:
    old, new = range(361_000, 361_060), range(40)
    pictures = [*clear(old), *clear(new, start_s=60 * QUARTER)]
    result = decoded(pictures)
    assert result.value_units.tolist() == [*old, *[-1] * 40]
    assert result.exchange is not None
    assert (result.exchange.taken_at_s, result.exchange.value_units, result.exchange.readings) == (
        60 * QUARTER,
        0,
        40,
    )
    assert decoded(clear(new, start_s=QUARTER), anchor=(0, 361_059)).exchange is not None
    assert decoded(clear(range(60))).exchange is None


@pytest.mark.parametrize("chances", [[80], [80, 83], [62, 65, 190]])
def test_what_fits_the_old_meter_by_chance_hides_no_exchange(chances: list[int]) -> None:
    old, new = range(12_000, 12_060), clear(range(2_000, 2_200), start_s=60 * QUARTER)
    for i in chances:
        at_s, [(value, probability)] = new[i]
        new[i] = (at_s, [(value, probability), (value + 10_000, 0.02)])
    result = decoded([*clear(old), *new], anchor=(-QUARTER, 11_999))
    assert result.value_units.tolist() == [*old, *[-1] * 200]
    assert result.exchange is not None
    assert (result.exchange.last_at_s, result.exchange.last_units) == (59 * QUARTER, 12_059)
    assert (result.exchange.taken_at_s, result.exchange.value_units) == (60 * QUARTER, 2_000)


@pytest.mark.parametrize("lengths", [(70, 150, 80), (80, 70, 150), (150, 80, 70), (150, 70, 80)])
def test_exchanges_are_found_one_after_the_other(lengths: tuple[int, ...]) -> None:
    starts_s = [QUARTER * sum(lengths[:i]) for i in range(3)]
    pictures = [
        picture
        for first, length, start_s in zip((361_000, 5_000, 100), lengths, starts_s, strict=True)
        for picture in clear(range(first, first + length), start_s=start_s)
    ]
    at_s, value = np.array([each for each, _ in pictures]), np.full(len(pictures), -1, dtype=np.int64)
    breaks: list[Break] = []
    begin, anchor = 0, None
    while len(breaks) <= len(lengths):
        result = decoded(pictures[begin:], breaks=breaks, anchor=anchor)
        value[begin:] = result.value_units
        if result.exchange is None:
            break
        breaks.append(Break(result.exchange.taken_at_s))
        # A confirmed one makes be decoded anew what follows a reading well before it.
        before = np.flatnonzero((value >= 0) & (at_s < breaks[-1].at_s))[:-48]
        begin, anchor = (before[-1] + 1, (at_s[before[-1]], value[before[-1]])) if before.size else (0, None)
    assert sorted(each.at_s for each in breaks) == starts_s[1:]
    assert (value >= 0).all()


def test_a_long_run_of_misreads_is_bridged() -> None:
    before, after = range(500_000, 500_040), range(500_100, 500_160)
    pictures = [
        *clear(before),
        *clear(range(800_040, 800_100), start_s=40 * QUARTER),
        *clear(after, start_s=100 * QUARTER),
    ]
    assert decoded(pictures).value_units.tolist() == [*before, *[-1] * 60, *after]


NEW_METER = [*clear(range(361_000, 361_010)), *clear(range(40, 50), start_s=10 * QUARTER)]


@pytest.mark.parametrize(
    ("jump", "rejected"),
    [
        (Break(10 * QUARTER), []),
        (Break(10 * QUARTER, 361_010, 40), []),
        (Break(10 * QUARTER, None, 39), []),
        (Break(10 * QUARTER, 361_007, None), [9]),
        (Break(10 * QUARTER, None, 45), [10, 11, 12, 13]),
    ],
)
def test_an_exchange_that_was_announced_begins_anew(jump: Break, rejected: list[int]) -> None:
    result = decoded(NEW_METER, breaks=[jump])
    assert np.flatnonzero(result.rank < 0).tolist() == rejected
