"""What people see: every view on a seeded warehouse."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from warehouse.connection import Warehouse

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}


@pytest.mark.parametrize(
    ("view", "columns", "rows"),
    [
        ("readings", {"meter", "read_at", "read_local", "value_kwh", "quality", "reason", "picture_key"}, 47),
        ("pictures", {"camera", "taken_at", "reason", "picture_key"}, 48),
        ("consumption_15min", {"meter", "start_at", "start_local", "energy_kwh", "mean_w", "quality"}, 188),
        ("consumption_hour", {"meter", "local_date", "hour", "energy_kwh", "estimated_kwh", "mean_w"}, 47),
        ("consumption_day", {"meter", "local_date", "hours", "energy_kwh", "base_load_w", "peak_w"}, 2),
        ("consumption_week", {"meter", "week_start", "days", "energy_kwh"}, 2),
        ("consumption_month", {"meter", "month_start", "days", "energy_kwh", "peak_w"}, 1),
        ("consumption_year", {"meter", "year", "days", "energy_kwh"}, 1),
        ("load_profile", {"meter", "weekday", "hour", "mean_w", "p10_w", "median_w", "p90_w"}, 47),
        ("data_quality_day", {"meter", "local_date", "n_pictures", "n_rejected", "accepted_share"}, 3),
    ],
)
def test_views_for_people(seeded: Warehouse, view: str, columns: set[str], rows: int) -> None:
    answer = seeded.sql(f"from out.{view}")
    assert columns <= set(answer.columns)
    assert answer.height == rows
    if "energy_kwh" in answer.columns:
        assert answer["energy_kwh"].dtype == pl.Decimal(14, 3)
        assert float(answer["energy_kwh"].sum()) == 4.7


def test_the_hour_that_the_clocks_repeat_is_two_hours(warehouse: Warehouse, seeds: ModuleType) -> None:
    quarter_hours = seeds.intervals(
        pl.DataFrame({"read_at": [seeds.START_AT + timedelta(days=210, hours=n) for n in (-1, 24)]})
    )[0]
    warehouse.execute("insert_interval_15min", incoming=quarter_hours, **REGISTER)
    hours = warehouse.sql("from out.consumption_hour order by start_at")
    assert hours["hour"].to_list() == [0, 1, 2, *range(2, 24)]
    assert set(hours["mean_w"]) == {100}


@pytest.mark.parametrize(
    ("estimated", "missing", "stretches"),
    [
        ([], [], []),
        ([8, 9], [], [(120, 150, 0.5, 0.05)]),
        ([8, 20], [], [(120, 135, 0.25, 0.025), (300, 315, 0.25, 0.025)]),
        ([], [8, 9, 10], [(120, 165, 0.75, None)]),
        ([7, 11], [8, 9, 10], [(105, 180, 1.25, None)]),
    ],
)
def test_stretches_without_readings(
    warehouse: Warehouse,
    seeds: ModuleType,
    estimated: list[int],
    missing: list[int],
    stretches: list[tuple[int, int, float, float | None]],
) -> None:
    read_at = [seeds.START_AT + timedelta(days=3, hours=hours) for hours in (0, 8)]
    number = pl.int_range(pl.len())
    quarter_hours = seeds.intervals(pl.DataFrame({"read_at": read_at}))[0].with_columns(
        quality=pl.when(number.is_in(estimated)).then(pl.lit("estimated")).otherwise("quality")
    )
    warehouse.execute(
        "insert_interval_15min", incoming=quarter_hours.filter(~number.is_in(missing)), **REGISTER
    )
    found = warehouse.sql(
        "select date_diff('minute', g.first, start_local), date_diff('minute', g.first, end_local), "
        "hours::double, energy_kwh::double from out.gaps, "
        "(select min(start_local) as first from out.consumption_15min) g order by start_local"
    )
    assert found.rows() == stretches


@pytest.mark.parametrize(
    ("begins_s", "ends_s", "mean_w"),
    [(0, 900, 100), (451, 900, 200), (0, 0.4 + 750, 120), (449.6, 900, 200), (450.4, 900.2, 200)],
)
def test_the_mean_power_of_a_part_of_a_quarter_hour_goes_by_whole_seconds(
    warehouse: Warehouse, seeds: ModuleType, begins_s: float, ends_s: float, mean_w: int
) -> None:
    start_at, end_at = (seeds.START_AT + timedelta(seconds=value) for value in (begins_s, ends_s))
    quarter_hour = seeds.intervals(
        pl.DataFrame({"read_at": [seeds.START_AT, seeds.START_AT + timedelta(minutes=15)]})
    )[0]
    part = quarter_hour.with_columns(start_at=pl.lit(start_at), end_at=pl.lit(end_at))
    warehouse.execute("insert_interval_15min", incoming=part, **REGISTER)
    assert warehouse.sql("from out.consumption_15min")["mean_w"].to_list() == [mean_w]
    assert warehouse.sql("from out.consumption_hour")["mean_w"].to_list() == [mean_w]


@pytest.mark.parametrize("kind", ["tables", "views"])
def test_everything_is_explained_to_sql_users(warehouse: Warehouse, kind: str) -> None:
    missing = warehouse.sql(
        f"from duckdb_{kind}() where comment is null and schema_name in ('raw', 'core', 'out')"
    )
    assert missing.is_empty()


def test_views_do_not_depend_on_the_sessions_time_zone(seeded: Warehouse) -> None:
    text = "select local_date, hour, energy_kwh from out.consumption_hour order by all"
    in_utc = seeded.sql(text)
    seeded.script("set timezone = 'Pacific/Auckland'")
    assert seeded.sql(text).equals(in_utc)
    assert seeded.sql("from out.readings order by picture_key")["read_local"][0].hour == 0
