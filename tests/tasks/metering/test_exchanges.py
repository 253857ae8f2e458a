"""Another meter in the same place: proposed by the pictures, or announced."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.metering.register import Register
from tasks.metering.stretch import Break
from tests.tasks.metering.conftest import HOME, QUARTER, clear, decoded


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


@pytest.mark.parametrize(
    ("register", "old", "new"),
    [
        (HOME, range(900, 1_500), range(2, 2_002)),
        (HOME, range(900, 1_500), range(40_000, 42_000)),
        (replace(HOME, runs_backwards=True), range(40_000, 40_600), range(2, 2_002)),
        (Register("home/7-0:3.0.0", 8, 3, 24_000), range(90_000, 150_000, 100), range(200, 200_200, 100)),
        (Register("home/8-0:1.0.0", 8, 3, 5_000), range(90_000, 90_600), range(90_300, 92_300)),
    ],
)
def test_a_new_count_is_asked_about_also_after_it_has_passed_the_old_ones_end(
    register: Register, old: range, new: range
) -> None:
    pictures = [*clear(old), *clear(new, start_s=len(old) * QUARTER)]
    result = decoded(pictures, register, anchor=(-QUARTER, old[0]))
    assert result.value_units.tolist() == [*old, *[-1] * len(new)]
    assert result.exchange is not None
    assert (result.exchange.last_units, result.exchange.value_units) == (old[-1], new[0])
    assert result.exchange.taken_at_s == len(old) * QUARTER


def test_a_new_count_beside_a_certain_reading_is_asked_about() -> None:
    result = decoded(clear(range(40, 2_000)), anchor=(-QUARTER, 900))
    assert (result.value_units == -1).all()
    assert result.exchange is not None
    assert (result.exchange.last_units, result.exchange.value_units, result.exchange.taken_at_s) == (
        900,
        40,
        0,
    )


def test_of_three_meters_the_first_exchange_is_asked_about_first() -> None:
    counts = range(200_000, 200_100), range(800), range(500, 2_500)
    starts_s = [0, 100 * QUARTER, 900 * QUARTER]
    pictures = [
        each for count, at_s in zip(counts, starts_s, strict=True) for each in clear(count, start_s=at_s)
    ]
    result = decoded(pictures)
    assert result.value_units.tolist() == [*[-1] * 100, *counts[1], *[-1] * 2_000]
    assert result.exchange is not None
    assert (result.exchange.last_units, result.exchange.value_units) == (200_099, 0)


@pytest.mark.parametrize("length", [30, 200])
def test_misreads_that_pass_over_into_the_truth_hide_nothing_behind_them(length: int) -> None:
    before, after = range(500_000, 500_300), range(500_300 + length, 500_900)
    misread = clear(range(500_000, 500_000 + length), start_s=300 * QUARTER)
    pictures = [*clear(before), *misread, *clear(after, start_s=(300 + length) * QUARTER)]
    assert decoded(pictures).value_units.tolist() == [*before, *[-1] * length, *after]


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
