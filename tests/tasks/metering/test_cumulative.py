from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tasks.metering.cumulative import counted_wh, cumulative, unknown_spans, with_told_jumps
from tasks.metering.events import EventKind, RegisterEvent
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
SMALL = Register("shed/1-0:1.8.0", digits=6, decimals=3, max_power_w=24_000)
START_AT = datetime(2026, 3, 20, 10, tzinfo=UTC)
EVENT_AT = START_AT + timedelta(minutes=30)


def hourly(values: list[int]) -> pl.DataFrame:
    rows = [(START_AT + timedelta(hours=i), value) for i, value in enumerate(values)]
    return frame(rows)


def frame(rows: list[tuple[datetime, int]]) -> pl.DataFrame:
    schema = pl.Schema({"read_at": pl.Datetime("us", "UTC"), "value_wh": pl.Int64()})
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("values", "register", "expected"),
    [
        ([], HOME, []),
        ([500], HOME, [500]),
        ([500, 500, 600], HOME, [500, 500, 600]),
        ([500, 400, 600], HOME, [500, 500, 600]),
        ([999_999_900, 0, 200], HOME, [999_999_900, 1_000_000_000, 1_000_000_200]),
        ([0, 999_999_900, 100], HOME, [0, 0, 100]),
        ([5000, 3000, 3100, 5100], HOME, [5000, 5000, 5000, 5100]),
        ([999_000, 2_000, 998_000], SMALL, [999_000, 1_002_000, 1_002_000]),
    ],
)
def test_the_cumulative_register_never_falls(
    values: list[int], register: Register, expected: list[int]
) -> None:
    assert cumulative(hourly(values), register)["value_wh"].to_list() == expected


def test_one_reading_a_second_remains() -> None:
    rows = [
        (START_AT, 100),
        (START_AT + timedelta(milliseconds=300), 200),
        (START_AT + timedelta(seconds=1), 200),
    ]
    assert cumulative(frame(rows), HOME)["value_wh"].to_list() == [200, 200]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (RegisterEvent(EventKind.EXCHANGE, EVENT_AT, 600, 9_000), [500, 700, 1700]),
        (RegisterEvent(EventKind.EXCHANGE, EVENT_AT, None, 9_000), [500, 600, 1600]),
        (RegisterEvent(EventKind.RESET, EVENT_AT, 600, None), [500, 600, 1600]),
        (RegisterEvent(EventKind.OFFSET, EVENT_AT), [500, 500, 1500]),
        (RegisterEvent(EventKind.EXCHANGE, EVENT_AT - timedelta(days=1), 1, 2), [500, 9_100, 10_100]),
    ],
)
def test_consumption_runs_on_across_an_event(event: RegisterEvent, expected: list[int]) -> None:
    rows = hourly([500, 9_100, 10_100])
    assert cumulative(rows, HOME, [event])["value_wh"].to_list() == expected
    assert counted_wh(rows, HOME, [event]) == expected[-1] - expected[0]


AWAY = timedelta(days=35)


@pytest.mark.parametrize(
    ("last_wh", "first_wh", "tenths", "used_wh"),
    [
        pytest.param(None, None, [0, 0, 0, 0], None, id="nobody says"),
        pytest.param(600, 9_000, [0, 0, 0, 0], None, id="the numbers of the two pictures"),
        pytest.param(600, 9_000, [0, 8, 3, 3], None, id="drums between two digits"),
        pytest.param(90_600, 9_000, [0, 0, 0, 0], 90_000, id="what the old one showed last"),
        pytest.param(600, 2_000, [0, 0, 0, 0], 7_000, id="what the new one showed first"),
    ],
)
def test_what_was_used_where_a_meter_was_exchanged_unseen(
    last_wh: int | None, first_wh: int | None, tenths: list[int], used_wh: int | None
) -> None:
    back_at = START_AT + timedelta(hours=1) + AWAY
    rows = [(START_AT, 500), (START_AT + timedelta(hours=1), 600), (back_at, 9_000)]
    rows.append((back_at + timedelta(hours=1), 9_100))
    events = [RegisterEvent(EventKind.EXCHANGE, back_at - AWAY / 2, last_wh, first_wh)]
    series = cumulative(frame(rows).with_columns(tenth=pl.Series(tenths)), HOME, events)
    unknown = unknown_spans(series, events)
    assert unknown == ([] if used_wh else [tuple(int(rows[k][0].timestamp()) for k in (1, 2))])
    assert series["value_wh"].diff()[2] == (used_wh or 0)


FIVE = Register("home/1-0:1.8.0", digits=6, decimals=1, max_power_w=24_000)


@pytest.mark.parametrize(
    ("away", "told_wh", "events", "is_unknown", "used_wh"),
    [
        pytest.param(timedelta(days=120), 1_200, [], True, 200, id="another meter's, not a rollover"),
        pytest.param(timedelta(minutes=15), 1_200, [], False, 200, id="another meter's, no pause"),
        pytest.param(timedelta(minutes=15), 63_149_600, [], False, 200, id="mistyped"),
        pytest.param(timedelta(days=120), 36_949_600, [], False, 800_200, id="the same meter's"),
        pytest.param(timedelta(minutes=15), 36_149_500, [], False, 100, id="a unit below"),
        pytest.param(
            timedelta(days=120),
            1_200,
            [RegisterEvent(EventKind.EXCHANGE, START_AT + timedelta(days=60), 36_949_600, 200)],
            False,
            801_200,
            id="explained",
        ),
    ],
)
def test_a_persons_reading_that_cannot_follow_begins_anew(
    away: timedelta, told_wh: int, events: list[RegisterEvent], is_unknown: bool, used_wh: int
) -> None:
    at = [START_AT, START_AT + away, START_AT + away + timedelta(minutes=15)]
    rows = frame([(at[0], 36_149_600), (at[1], told_wh), (at[2], told_wh + 200)])
    rows = rows.with_columns(quality=pl.Series(["measured", "manual", "measured"]))
    assert counted_wh(rows, FIVE, events) == used_wh
    told = with_told_jumps(rows, FIVE, events)
    unknown = unknown_spans(cumulative(rows, FIVE, told), told)
    assert unknown == ([tuple(int(each.timestamp()) for each in at[:2])] if is_unknown else [])


@pytest.mark.parametrize(
    ("away", "old_wh", "used_wh"),
    [
        pytest.param(timedelta(days=120), 361_500, 500, id="mistyped, after months"),
        pytest.param(timedelta(minutes=15), 3_614_960, 500, id="mistyped"),
        pytest.param(timedelta(minutes=15), 361_496_000, 500, id="mistyped, above"),
        pytest.param(timedelta(minutes=15), 36_149_700, 600, id="right"),
        pytest.param(timedelta(days=120), 36_949_600, 800_500, id="right, after months"),
    ],
)
def test_an_old_reading_that_cannot_follow_does_not_count(away: timedelta, old_wh: int, used_wh: int) -> None:
    back_at = START_AT + away
    rows = frame([(START_AT, 36_149_600), (back_at, 1_200), (back_at + timedelta(minutes=15), 1_500)])
    events = [RegisterEvent(EventKind.EXCHANGE, back_at, old_wh, 1_000)]
    rows = rows.with_columns(quality=pl.lit("measured"))
    assert counted_wh(rows, FIVE, events) == used_wh


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("tenth", [0, 4, 9, None], [0, 140, 190, 300]),
        ("quality", ["measured", "estimated", "manual", "rejected"], [0, 200]),
    ],
)
def test_what_a_reading_says_besides_its_value_counts(
    column: str, values: list[int | str | None], expected: list[int]
) -> None:
    rows = hourly([0, 100, 200, 300]).with_columns(pl.Series(column, values))
    assert cumulative(rows, HOME)["value_wh"].to_list() == expected
