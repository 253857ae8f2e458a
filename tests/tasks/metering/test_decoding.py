from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metering.decoding import Decoded, decode
from tasks.metering.power_prior import steps_between
from tasks.metering.register import Register
from tasks.metering.stretch import Break

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
QUARTER = 900
DAY = 86_400


Picture = tuple[int, list[tuple[int, float]]]


def decoded(
    pictures: Sequence[Picture],
    register: Register = HOME,
    *,
    anchor: tuple[int, int] | None = None,
    reasons: Sequence[str | None] | None = None,
    pins: dict[int, int] | None = None,
    breaks: Sequence[Break] = (),
) -> Decoded:
    """Decode pictures given as (seconds, [(value, probability), ...])."""
    width = max((len(found) for _, found in pictures), default=0)
    candidates = np.full((len(pictures), width), -1, dtype=np.int64)
    probabilities = np.zeros((len(pictures), width))
    for i, (_, found) in enumerate(pictures):
        for k, (value, probability) in enumerate(found):
            candidates[i, k], probabilities[i, k] = value, probability
    at_s = np.array([seconds for seconds, _ in pictures], dtype=np.int64)
    pinned = np.full(len(pictures), -1, dtype=np.int64)
    for i, value in (pins or {}).items():
        pinned[i] = value
    return decode(
        at_s, candidates, probabilities, register, anchor=anchor, reasons=reasons, pins=pinned, breaks=breaks
    )


def clear(values: Sequence[int], every_s: int = QUARTER, start_s: int = 0) -> list[Picture]:
    """Pictures that are read without doubt."""
    return [(start_s + i * every_s, [(value, 0.95)]) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("pictures", "values"),
    [
        pytest.param([], [], id="no pictures"),
        pytest.param([(0, [(500, 0.95)])], [500], id="one reading"),
        pytest.param([(0, [])], [-1], id="one picture without candidates"),
        pytest.param([(0, []), (QUARTER, [])], [-1, -1], id="no candidates at all"),
        pytest.param(clear([900, 100, 101]), [-1, 100, 101], id="first of three is a misread, too high"),
        pytest.param(clear([100, 900_000, 902_000, 101, 102]), [100, 100, 100, 101, 102], id="two misreads"),
        pytest.param(
            clear([5_000_000, 100, 100, 101, 102]), [-1, 100, 100, 101, 102], id="misread far above"
        ),
        pytest.param(clear([7, 1_000_000, 1_000_001]), [-1, 1_000_000, 1_000_001], id="misread far below"),
        pytest.param(clear([9_999_998, 9_999_999, 0, 1]), [9_999_998, 9_999_999, 0, 1], id="rollover"),
        pytest.param(clear([100, 101, 100, 101]), [100, 100, 101, 101], id="last drum between two digits"),
        pytest.param(clear([100, 101, 99, 101]), [100, 100, 100, 101], id="two units back"),
        pytest.param(clear([500] * 6, every_s=30 * DAY), [500] * 6, id="standstill for months"),
        pytest.param(
            clear([500, 500, 501, 501, 501, 502], every_s=10), [500, 500, 501, 501, 501, 502], id="10 s"
        ),
        pytest.param(clear([500, 500, 503, 501], every_s=10), [500, 500, 500, 501], id="10 s and a misread"),
        pytest.param(
            clear([100, 4100, 8100, 12100], every_s=40 * DAY), [100, 4100, 8100, 12100], id="40 days"
        ),
        pytest.param(
            [*clear([100, 100, 101]), (40 * DAY, [(4100, 0.9)]), (40 * DAY + QUARTER, [(4101, 0.9)])],
            [100, 100, 101, 4100, 4101],
            id="a gap of 40 days",
        ),
    ],
)
def test_decoding(pictures: list[Picture], values: list[int]) -> None:
    assert decoded(pictures).value_units.tolist() == values


@pytest.mark.parametrize(
    ("pictures", "i", "quality", "rank", "reason"),
    [
        (clear([100, 101, 102]), 1, "measured", 1, None),
        (
            [*clear([100]), (QUARTER, [(801, 0.6), (101, 0.3)]), *clear([102], start_s=1800)],
            1,
            "repaired",
            2,
            None,
        ),
        (
            [*clear([100]), (QUARTER, [(801, 0.9)]), *clear([102], start_s=1800)],
            1,
            "rejected",
            -1,
            "no_candidate_fits",
        ),
        (
            [*clear([100]), (QUARTER, [(801, 0.9)]), *clear([101], start_s=1800)],
            1,
            "estimated",
            -1,
            "no_candidate_fits",
        ),
        ([(0, [(100, 0.55)])], 0, "rejected", -1, "doubtful"),
        ([(0, [(-1, 0.9)])], 0, "rejected", -1, "wrong_number_of_digits"),
        ([(0, [(10_000_000, 0.9)])], 0, "rejected", -1, "wrong_number_of_digits"),
        ([(0, [(-1, 0.6), (100, 0.3)]), *clear([100, 101], start_s=QUARTER)], 0, "repaired", 2, None),
        (
            [(0, [(100, 0.9)]), (0, [(100, 0.99)]), *clear([101], start_s=QUARTER)],
            0,
            "rejected",
            -1,
            "same_instant",
        ),
        ([(0, [(100, 0.9)]), (0, [(100, 0.99)]), *clear([101], start_s=QUARTER)], 1, "measured", 1, None),
    ],
)
def test_every_picture_says_what_became_of_it(
    pictures: list[Picture], i: int, quality: str, rank: int, reason: str | None
) -> None:
    result = decoded(pictures)
    assert (result.quality[i], result.rank[i], result.reason[i]) == (quality, rank, reason)


def test_a_picture_without_candidates_keeps_the_readers_reason() -> None:
    pictures = [(0, []), *clear([100, 101], start_s=QUARTER)]
    assert decoded(pictures, reasons=["dark", None, None]).reason == ("dark", None, None)


def test_equal_values_count_together() -> None:
    pictures = [(0, [(100, 0.5), (100, 0.45)])]
    assert decoded(pictures).value_units.tolist() == [100]


def test_readings_settle_when_four_later_ones_agree() -> None:
    result = decoded(clear([100, 100, 101, 101, 102, 102]))
    assert result.settled.tolist() == [True, True, False, False, False, False]


def test_later_pictures_take_back_a_provisional_misread() -> None:
    misread_last = clear([100, 100, 112])
    assert decoded(misread_last).value_units.tolist() == [100, 100, 112]
    later = decoded([*misread_last, *clear([100, 101], start_s=2700)])
    assert later.value_units.tolist() == [100, 100, 100, 100, 101]


@pytest.mark.parametrize(
    ("anchor", "values", "expected"),
    [
        ((-QUARTER, 99), [100, 101, 101], [100, 101, 101]),
        ((-QUARTER, 99), [500_000, 500_001, 500_002], [-1, -1, -1]),
        ((-QUARTER, 9_999_999), [0, 1, 1], [0, 1, 1]),
        ((0, 100), [100, 100, 101], [-1, 100, 101]),
    ],
)
def test_the_chain_begins_at_the_anchor(
    anchor: tuple[int, int], values: list[int], expected: list[int]
) -> None:
    assert decoded(clear(values), anchor=anchor).value_units.tolist() == expected


def test_an_anchor_alone_gives_no_reading() -> None:
    assert decoded([], anchor=(0, 100)).value_units.tolist() == []
    assert decoded([(QUARTER, [])], anchor=(0, 100)).value_units.tolist() == [-1]


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


@pytest.mark.parametrize(
    ("pins", "values", "qualities"),
    [
        ({}, [100, 100, 100, 101, 101, 102], "mmemmm"),
        ({2: 104}, [100, 100, 104, -1, -1, -1], "mmMrrr"),
        ({2: 100}, [100, 100, 100, 101, 101, 102], "mmMmmm"),
        ({2: 104, 5: 106}, [100, 100, 104, -1, -1, 106], "mmMrrM"),
        ({2: 104, 5: 105}, [100, 100, 104, 104, 104, 105], "mmMeeM"),
        ({2: 700_000}, [100, 100, 700_000, -1, -1, -1], "mmMrrr"),
    ],
)
def test_what_a_person_read_stands_and_the_rest_follows(
    pins: dict[int, int], values: list[int], qualities: str
) -> None:
    letters = {"measured": "m", "manual": "M", "rejected": "r", "estimated": "e"}
    pictures = clear([100, 100, 801, 101, 101, 102])
    result = decoded(pictures, pins=pins)
    assert "".join(letters[quality] for quality in result.quality) == qualities
    assert result.value_units.tolist() == values


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


@pytest.mark.parametrize(
    ("pictures", "low", "high"),
    [
        ([*clear([100]), (QUARTER, []), *clear([100], start_s=1800)], 100, 100),
        ([*clear([100]), (QUARTER, []), *clear([101], start_s=1800)], 100, 101),
        ([*clear([9_999_999]), (QUARTER, []), *clear([0], start_s=1800)], 9_999_999, 0),
        ([*clear([100]), (QUARTER, []), *clear([102], start_s=1800)], -1, -1),
        ([*clear([100]), (QUARTER, [])], -1, -1),
        ([(0, []), *clear([100], start_s=QUARTER)], -1, -1),
    ],
)
def test_neighbours_pin_a_missing_reading(pictures: list[Picture], low: int, high: int) -> None:
    result = decoded(pictures)
    missing = next(i for i, (_, found) in enumerate(pictures) if not found)
    assert (result.low_units[missing], result.high_units[missing]) == (low, high)
    assert result.value_units[missing] == low
    assert result.quality[missing] == ("rejected" if low < 0 else "estimated")
    assert result.reason[missing] == "no_candidate_fits"


def test_a_meter_that_runs_backwards_is_followed() -> None:
    old = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000, runs_backwards=True)
    values = [100, 102, 104, 99, 95, 91, 9_999_990, 9_999_985, 3]
    pictures = clear(values[:6]) + clear(values[6:], start_s=9 * QUARTER)
    assert decoded(pictures, old).value_units.tolist() == values
    assert decoded(pictures).value_units.tolist() != values


@pytest.mark.parametrize(
    ("taken_at_s", "shape", "says"),
    [([0, 900], (3, 2), "one shape"), ([900, 0], (2, 2), "in the order")],
)
def test_pictures_that_do_not_belong_together_are_refused(
    taken_at_s: list[int], shape: tuple[int, int], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        decode(np.array(taken_at_s), np.zeros(shape, dtype=np.int64), np.zeros(shape), HOME)


SMALL = Register("shed/1-0:1.8.0", digits=4, decimals=1, max_power_w=6_000)
candidate = st.tuples(st.integers(-1, 9_999), st.floats(0.01, 1.0))
near = st.tuples(st.integers(990, 1_010), st.floats(0.01, 1.0))
picture = st.tuples(st.integers(0, 4 * DAY), st.lists(st.one_of(candidate, near), max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.lists(picture, max_size=25))
def test_accepted_readings_never_contradict_physics(pictures: list[Picture]) -> None:
    pictures = sorted(pictures, key=lambda taken: taken[0])
    result = decoded(pictures, SMALL)
    accepted = result.rank > 0
    values = result.value_units[accepted]
    taken_at_s = np.array([seconds for seconds, _ in pictures], dtype=np.int64)[accepted]
    assert steps_between(values[:-1], values[1:], np.diff(taken_at_s), SMALL).possible.all()
    assert (np.diff(taken_at_s) > 0).all()
    assert [reason is None for reason in result.reason] == accepted.tolist()
    assert (result.log_odds[accepted] >= 2).all()
    for value, rank, (_, found) in zip(result.value_units, result.rank, pictures, strict=True):
        assert rank == -1 or abs(found[rank - 1][0] - value) <= 1
    again = decoded(pictures, SMALL)
    assert again.value_units.tolist() == result.value_units.tolist()
    assert again.reason == result.reason
