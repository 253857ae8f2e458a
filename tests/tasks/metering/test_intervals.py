from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metering.intervals import cumulative, interval_day, intervals_15min, usual_gap
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
SMALL = Register("shed/1-0:1.8.0", digits=6, decimals=3, max_power_w=24_000)
ZONES = ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
START_AT = datetime(2026, 3, 20, 10, tzinfo=UTC)

Row = tuple[datetime, int]


def frame(rows: list[Row]) -> pl.DataFrame:
    schema = pl.Schema({"read_at": pl.Datetime("us", "UTC"), "value_wh": pl.Int64()})
    return pl.DataFrame(rows, schema=schema, orient="row")


def every(minutes: int, values: list[int], start_at: datetime = START_AT) -> list[Row]:
    return [(start_at + timedelta(minutes=minutes * i), value) for i, value in enumerate(values)]


def quarter_hours(rows: list[Row], timezone: str = "UTC", register: Register = HOME) -> pl.DataFrame:
    series = cumulative(frame(rows), register)
    return intervals_15min(series["read_at"], series["value_wh"], timezone)


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
    assert cumulative(frame(every(60, values)), register)["value_wh"].to_list() == expected


def test_one_reading_a_second_remains() -> None:
    rows = [
        (START_AT, 100),
        (START_AT + timedelta(milliseconds=300), 200),
        (START_AT + timedelta(seconds=1), 200),
    ]
    assert cumulative(frame(rows), HOME)["value_wh"].to_list() == [200, 200]


@pytest.mark.parametrize(
    ("minutes", "values", "expected"),
    [
        (15, [0, 100, 300], [100, 200]),
        (30, [0, 100, 300], [50, 50, 100, 100]),
        (45, [0, 100], [33, 34, 33]),
        (5, [0, 10, 20, 60], [60]),
        (7, [0, 100, 200], [114, 86]),
        (10, [0, 7], [7]),
        (15, [0], []),
        (15, [], []),
    ],
)
def test_energy_of_quarter_hours(minutes: int, values: list[int], expected: list[int]) -> None:
    start_at = START_AT + timedelta(minutes=7 if minutes == 7 else 0)
    assert quarter_hours(every(minutes, values, start_at))["energy_wh"].to_list() == expected


def test_the_outer_quarter_hours_are_clipped() -> None:
    found = quarter_hours(every(20, [0, 200], START_AT + timedelta(minutes=5)), "Asia/Kathmandu")
    assert found.rows() == [
        (
            datetime(2026, 3, 20, 10, 5, tzinfo=UTC),
            datetime(2026, 3, 20, 10, 15, tzinfo=UTC),
            date(2026, 3, 20),
            15 * 60 + 45,
            100,
            "measured",
            1,
        ),
        (
            datetime(2026, 3, 20, 10, 15, tzinfo=UTC),
            datetime(2026, 3, 20, 10, 25, tzinfo=UTC),
            date(2026, 3, 20),
            16 * 60,
            100,
            "measured",
            0,
        ),
    ]


@pytest.mark.parametrize(
    ("distances_min", "qualities"),
    [
        ([15, 15, 15], "mmm"),
        ([15, 30, 15], "mmmm"),
        ([15, 45, 15], "meeem"),
        ([10, 40, 10], "eeee"),
        ([60, 60, 60, 90], "m" * 18),
        ([60, 60, 60, 135], "m" * 12 + "e" * 9),
        ([720, 720], "e" * 96),
    ],
)
def test_quarter_hours_in_a_gap_are_estimated(distances_min: list[int], qualities: str) -> None:
    instants = [START_AT]
    for minutes in distances_min:
        instants.append(instants[-1] + timedelta(minutes=minutes))
    found = quarter_hours([(instant, 100 * i) for i, instant in enumerate(instants)])
    assert "".join(quality[0] for quality in found["quality"]) == qualities


@pytest.mark.parametrize(
    ("minutes", "count", "gap_min"), [(15, 1, 30), (5, 9, 30), (15, 9, 30), (60, 9, 120), (720, 9, 180)]
)
def test_the_usual_gap_follows_the_pictures(minutes: int, count: int, gap_min: int) -> None:
    assert usual_gap(frame(every(minutes, [0] * count))["read_at"]) == timedelta(minutes=gap_min)


@pytest.mark.parametrize(
    ("timezone", "day", "quarters"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 92),
        ("Europe/Berlin", date(2026, 10, 25), 100),
        ("Australia/Lord_Howe", date(2026, 4, 5), 98),
        ("Australia/Lord_Howe", date(2026, 10, 4), 94),
        ("Asia/Kathmandu", date(2026, 3, 29), 96),
        ("UTC", date(2026, 3, 29), 96),
    ],
)
def test_local_days_are_as_long_as_the_clock_says(timezone: str, day: date, quarters: int) -> None:
    start_at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    found = quarter_hours(every(15, list(range(0, 300 * 50, 50)), start_at), timezone)
    days = interval_day(found).filter(pl.col("local_date") == day)
    assert found.filter(pl.col("local_date") == day).height == quarters
    assert (days["end_at"] - days["start_at"]).item() == timedelta(minutes=15 * quarters)
    assert days["energy_wh"].item() == 50 * quarters


def test_base_load_and_peak_of_a_day() -> None:
    night, day = [25] * 20, [50] * 30 + [1000] + [50] * 45
    values = [0]
    for energy in [*night, *day]:
        values.append(values[-1] + energy)
    found = interval_day(quarter_hours(every(15, values, datetime(2026, 3, 20, tzinfo=UTC)))).row(
        0, named=True
    )
    assert (found["base_load_w"], found["peak_w"], found["energy_wh"]) == (100, 4000, values[-1])
    assert found["peak_at"] == datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
    assert found["estimated_wh"] == 0


@pytest.mark.parametrize(("hours", "base_load_w"), [(2.75, None), (3, 200)])
def test_base_load_needs_three_measured_hours_of_the_night(hours: float, base_load_w: int | None) -> None:
    night = every(15, [50 * i for i in range(int(hours * 4) + 1)], datetime(2026, 3, 20, tzinfo=UTC))
    later = every(15, [9000, 9100], datetime(2026, 3, 20, 9, tzinfo=UTC))
    assert interval_day(quarter_hours([*night, *later]))["base_load_w"].item() == base_load_w


def test_a_day_of_minutes_has_its_clipped_peak() -> None:
    found = interval_day(quarter_hours(every(5, [0, 100], START_AT + timedelta(minutes=2)))).row(
        0, named=True
    )
    assert (found["peak_w"], found["base_load_w"]) == (1200, None)


def test_no_quarter_hours_give_no_days() -> None:
    assert interval_day(quarter_hours([])).is_empty()


@st.composite
def series(draw: st.DrawFn) -> tuple[list[Row], Register, int]:
    """Readings around clock changes, with gaps and rollovers, and the energy from first to last."""
    at = draw(
        st.sampled_from(
            [
                datetime(2026, 3, 28, 20, tzinfo=UTC),
                datetime(2026, 10, 24, 20, tzinfo=UTC),
                datetime(2026, 4, 4, 10, tzinfo=UTC),
                datetime(2026, 10, 3, 10, tzinfo=UTC),
                datetime(2025, 12, 31, 20, tzinfo=UTC),
            ]
        )
    ) + timedelta(seconds=draw(st.integers(0, 7200)))
    register = draw(st.sampled_from([HOME, SMALL]))
    value = draw(st.integers(0, register.span_wh - 1))
    rows, total = [(at, value)], 0
    for _ in range(draw(st.integers(1, 40))):
        seconds = draw(st.one_of(st.integers(1, 1800), st.integers(1800, 140_000)))
        energy = draw(st.integers(0, min(register.max_energy_wh(seconds), register.span_wh * 9 // 10)))
        at, total = at + timedelta(seconds=seconds), total + energy
        value = (value + energy) % register.span_wh
        rows.append((at, value))
    return rows, register, total


@settings(max_examples=60, deadline=None)
@given(series(), st.sampled_from(ZONES))
def test_interval_energies_add_up_to_last_minus_first(
    drawn: tuple[list[Row], Register, int], timezone: str
) -> None:
    rows, register, total = drawn
    found = quarter_hours(rows, timezone, register)
    days = interval_day(found)
    assert found["energy_wh"].sum() == days["energy_wh"].sum() == total
    assert (found["energy_wh"] >= 0).all()
    assert (found["end_at"] > found["start_at"]).all()
    assert found["end_at"][:-1].to_list() == found["start_at"][1:].to_list()
    assert found["n_readings"].sum() == len(rows) - 1
    assert (found["start_at"][0], found["end_at"][-1]) == (rows[0][0], rows[-1][0])
    assert days["local_date"].is_unique().all()
    assert (found["local_minute"] % 15 == 0).all()
