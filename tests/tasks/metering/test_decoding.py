import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metering.decoding import decode
from tasks.metering.power_prior import steps_between
from tasks.metering.register import Register
from tests.tasks.metering.conftest import DAY, HOME, QUARTER, Picture, clear, decoded


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
