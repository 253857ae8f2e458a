from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.metering.intervals import USUAL_FROM, usual_gaps_s
from tasks.metering.knots import TICK_REACH, Interpolation, choose_interpolation
from tasks.metering.readings import IntervalData, derive_intervals
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

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


def derived(
    rows: list[Row],
    timezone: str = "UTC",
    register: Register = HOME,
    interpolation: Interpolation = Interpolation.LINEAR,
) -> IntervalData:
    return derive_intervals(frame(rows), register, timezone, interpolation=interpolation)


def quarter_hours(rows: list[Row], timezone: str = "UTC", register: Register = HOME) -> pl.DataFrame:
    return derived(rows, timezone, register).quarter_hours


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
            76,
        ),
        (
            datetime(2026, 3, 20, 10, 15, tzinfo=UTC),
            datetime(2026, 3, 20, 10, 25, tzinfo=UTC),
            date(2026, 3, 20),
            16 * 60,
            100,
            "measured",
            0,
            76,
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


@pytest.mark.parametrize(("minutes", "gap_min"), [(5, 30), (15, 30), (60, 120), (720, 180)])
def test_the_usual_gap_follows_the_pictures(minutes: int, gap_min: int) -> None:
    assert usual_gaps_s(frame(every(minutes, [0] * 9))["read_at"]).tolist() == [60 * gap_min] * 8
    assert usual_gaps_s(frame(every(minutes, [0]))["read_at"]).tolist() == []


@pytest.mark.parametrize(("before_min", "after_min"), [(15, 60), (60, 15), (1, 90)])
def test_pictures_at_other_distances_than_before_are_no_gaps_for_good(
    before_min: int, after_min: int
) -> None:
    old = every(before_min, [0] * 3000)
    new = every(after_min, [0] * 500, old[-1][0] + timedelta(minutes=after_min))
    found = quarter_hours([*old, *new])
    settled = pl.col("start_at") >= new[USUAL_FROM // 2][0]
    assert set(found.filter(settled)["quality"]) == {"measured"}
    assert found.filter(settled).equals(quarter_hours(new).filter(settled))


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
    data = derived(every(15, list(range(0, 300 * 50, 50)), start_at), timezone)
    found, days = data.quarter_hours, data.days.filter(pl.col("local_date") == day)
    assert found.filter(pl.col("local_date") == day).height == quarters
    assert (days["end_at"] - days["start_at"]).item() == timedelta(minutes=15 * quarters)
    assert days["energy_wh"].item() == 50 * quarters


def test_base_load_and_peak_of_a_day() -> None:
    night, day = [25] * 20, [50] * 30 + [1000] + [50] * 45
    values = [0]
    for energy in [*night, *day]:
        values.append(values[-1] + energy)
    rows = every(15, values, datetime(2026, 3, 20, tzinfo=UTC))
    found = derived(rows, register=SMALL).days.row(0, named=True)
    assert (found["base_load_w"], found["peak_w"], found["energy_wh"]) == (100, 4000, values[-1])
    assert found["peak_at"] == datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
    assert found["estimated_wh"] == 0


@pytest.mark.parametrize(("hours", "base_load_w"), [(3.75, None), (4, 200)])
def test_base_load_needs_four_measured_hours_of_the_night(hours: float, base_load_w: int | None) -> None:
    night = every(15, [50 * i for i in range(int(hours * 4) + 1)], datetime(2026, 3, 20, tzinfo=UTC))
    later = every(15, [9000, 9100], datetime(2026, 3, 20, 9, tzinfo=UTC))
    assert derived([*night, *later], register=SMALL).days["base_load_w"].item() == base_load_w


def test_a_day_of_minutes_has_its_clipped_peak() -> None:
    found = derived(every(5, [0, 100], START_AT + timedelta(minutes=2))).days.row(0, named=True)
    assert (found["peak_w"], found["base_load_w"]) == (1200, None)


def test_no_quarter_hours_give_no_days() -> None:
    assert derived([]).days.is_empty()


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
@given(series(), st.sampled_from(ZONES), st.sampled_from(Interpolation))
def test_interval_energies_add_up_to_last_minus_first(
    drawn: tuple[list[Row], Register, int], timezone: str, interpolation: Interpolation
) -> None:
    rows, register, total = drawn
    data = derived(rows, timezone, register, interpolation)
    found, days = data.quarter_hours, data.days
    assert found["energy_wh"].sum() == days["energy_wh"].sum() == total
    assert (found["energy_wh"] >= 0).all()
    assert (found["end_at"] > found["start_at"]).all()
    assert found["end_at"][:-1].to_list() == found["start_at"][1:].to_list()
    assert found["n_readings"].sum() == len(rows) - 1
    assert (found["start_at"][0], found["end_at"][-1]) == (rows[0][0], rows[-1][0])
    assert days["local_date"].is_unique().all()
    assert (found["local_minute"] % 15 == 0).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # One step ticks midway between its two pictures.
        ([0, 100, 100, 200], [125, 50, 25]),
        # Two steps in one quarter hour tick after a quarter of it and after three quarters.
        ([0, 0, 200, 200], [80, 120, 0]),
        ([0, 0, 0, 0], [0, 0, 0]),
        ([0, 100], [100]),
    ],
)
def test_ticks_spread_the_energy_of_a_coarse_register(values: list[int], expected: list[int]) -> None:
    found = derived(every(15, values), interpolation=Interpolation.TICKS).quarter_hours
    assert found["energy_wh"].to_list() == expected


@pytest.mark.parametrize(
    ("register", "every_min", "most_wh"),
    [(HOME, 15, 60), (HOME, 5, 45), (SMALL, 15, 10), (Register("whole/1", 6, 0, 24_000), 15, 200)],
)
def test_the_truth_lies_within_the_uncertainty_and_base_load_within_10_w(
    register: Register, every_min: int, most_wh: int
) -> None:
    power_w = simulate_household(START_AT, 30, 5, timezone="UTC", electric_car=True)
    count_wh = np.concatenate([[0], np.cumsum(power_w)]) / 60
    shown = np.floor(register_positions(power_w, 4321.37, register)).astype(np.int64) * register.unit_wh
    kept = np.random.default_rng(5).random(power_w.size // every_min) > 0.03
    minutes = np.arange(power_w.size // every_min)[kept] * every_min
    rows = [(START_AT + timedelta(minutes=int(m)), int(shown[m])) for m in minutes]
    data = derived(rows, "UTC", register, choose_interpolation(register)[0])

    def truth(column: str) -> NDArray[np.float64]:
        at = (data.quarter_hours[column] - START_AT).dt.total_minutes().to_numpy()
        counted: NDArray[np.float64] = np.interp(at, np.arange(count_wh.size), count_wh)
        return counted

    off = np.abs(data.quarter_hours["energy_wh"].to_numpy() - (truth("end_at") - truth("start_at")))
    assert (off <= data.quarter_hours["uncertainty_wh"].to_numpy()).mean() >= 0.95
    assert data.quarter_hours["uncertainty_wh"].mean() <= most_wh  # type: ignore[operator]
    exact = derived(
        [(START_AT + timedelta(minutes=m), int(count_wh[m])) for m in range(0, power_w.size, 15)],
        "UTC",
        SMALL,
    )
    base = data.days.join(exact.days, on="local_date", suffix="_true")
    wrong_w = (base["base_load_w"] - base["base_load_w_true"]).abs()
    assert (wrong_w.drop_nulls() <= 10).all()
    assert wrong_w.len() - wrong_w.null_count() >= (26 if register.decimals else 0)
    assert register.decimals or wrong_w.null_count() == wrong_w.len()


@settings(max_examples=25, deadline=None)
@given(series(), st.integers(0, 6))
def test_ticks_derived_since_a_midnight_equal_those_derived_from_all(
    drawn: tuple[list[Row], Register, int], days: int
) -> None:
    rows, register, _ = drawn
    midnight = rows[0][0].replace(hour=0, minute=0, second=0) + timedelta(days=days)
    whole = derived(rows, register=register, interpolation=Interpolation.TICKS)
    begin = max((at for at, _ in rows[:-2] if at < midnight - TICK_REACH), default=rows[0][0])
    begin = max((at for at, _ in rows if at < begin), default=begin)
    later = derive_intervals(
        frame([row for row in rows if row[0] >= begin]),
        register,
        "UTC",
        since=midnight,
        interpolation=Interpolation.TICKS,
    )
    expected = whole.quarter_hours.filter(pl.col("start_at") >= midnight)
    assert later.quarter_hours["energy_wh"].to_list() == expected["energy_wh"].to_list()


def test_a_register_that_runs_backwards_gives_energy_back() -> None:
    both_ways = Register("home/1-0:1.8.0", 7, 1, 24_000, runs_backwards=True)
    rows = every(15, [200, 300, 100, 999_999_900])
    assert quarter_hours(rows, register=both_ways)["energy_wh"].to_list() == [100, -200, -200]
