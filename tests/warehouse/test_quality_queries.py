"""What became of each day's pictures, and which are missing."""

from datetime import date
from types import ModuleType
from typing import Any

import polars as pl

from warehouse.connection import Warehouse
from warehouse.loading import load_pictures

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}


def count_days(warehouse: Warehouse) -> None:
    for table in ("quality_day", "rhythm_day"):
        warehouse.execute(f"delete_{table}", **REGISTER, since=None)
        warehouse.execute(f"insert_{table}", **REGISTER, since=None)


def test_quality_counts_every_picture_and_the_missing_ones(seeded: Warehouse) -> None:
    seeded.script("delete from raw.pictures where picture_key like '%Z_000030.jpg'")
    seeded.script("delete from core.register_readings where picture_key like '%Z_000030.jpg'")
    count_days(seeded)
    assert seeded.query("report_quality", meter="home").rows() == [
        (date(2026, 3, 29), 19, 1, 0, 3, 0),
        (date(2026, 3, 30), 23, 0, 0, 0, 1),
        (date(2026, 3, 31), 1, 0, 0, 0, 0),
    ]


def test_an_irregular_series_misses_nothing(warehouse: Warehouse, seeds: ModuleType) -> None:
    load_pictures(warehouse, seeds.pictures([0, 1, 5, 6, 20, 22, 40, 47, 100]))
    count_days(warehouse)
    answer = warehouse.query("report_quality", meter="home")
    assert answer["missing"].sum() == 0
    assert answer.height == 5


def test_the_days_readings_include_unusable_pictures(seeded: Warehouse) -> None:
    answer = seeded.query("report_readings", meter="home", local_date=date(2026, 3, 29))
    rejected = answer.filter(pl.col("quality") == "rejected")
    assert answer.height == 23
    assert rejected["read_local"].dt.hour().to_list() == [6, 8, 10]
    assert rejected["reason"].to_list() == ["truncated", "dark", "no_candidate_fits"]
    assert rejected["value_kwh"].to_list() == [None, None, None]
    assert answer["value_kwh"][0] == 36_100.0
