from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from tasks.metering.readings import decode_readings, derive_intervals
from tasks.metering.register import Register
from warehouse.connection import Warehouse, open_warehouse
from warehouse.loading import (
    load_pictures,
    load_recognitions,
    load_registers,
    replace_intervals,
    save_readings,
)
from warehouse.migrate import migrate

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
HOURS = 150


def ingest(warehouse: Warehouse, seeds: ModuleType, hours: Iterable[int]) -> None:
    """What a run does: load, decode from the anchor, derive from the earliest change."""
    found = seeds.pictures(list(hours))
    load_pictures(warehouse, found)
    newest = warehouse.sql("select max(recognised_at) as at from raw.recognitions").item() or seeds.START_AT
    recognitions = seeds.recognitions(found, at=newest + timedelta(seconds=1))
    load_recognitions(warehouse, recognitions, misread(seeds.candidates(found)))
    register = {"register_id": HOME.register_id}
    start = warehouse.query("decoding_anchor", **register).row(0, named=True)
    window = warehouse.query("decoding_window", **register, since=start["anchor_at"])
    anchor = None if start["anchor_at"] is None else (start["anchor_at"], start["anchor_wh"])
    save_readings(warehouse, decode_readings(window, HOME, anchor=anchor).readings)
    start = warehouse.query("derivation_start", **register).row(0, named=True)
    accepted = warehouse.query("accepted_readings", **register, since=start["since"])
    data = derive_intervals(accepted, HOME, "Europe/Berlin", since=start["since"])
    replace_intervals(
        warehouse,
        HOME.register_id,
        start["since"],
        quarter_hours=data.quarter_hours,
        days=data.days,
        decided_until=start["decided_until"],
    )


def misread(candidates: pl.DataFrame) -> pl.DataFrame:
    """Every ninth picture is read too high."""
    value = pl.col("value_units")
    return candidates.with_columns(value_units=pl.when(value % 9 == 4).then(value + 5000).otherwise(value))


def state(warehouse: Warehouse) -> list[pl.DataFrame]:
    return [
        warehouse.sql(
            "select picture_key, value_wh, quality, reason from core.register_readings order by all"
        ),
        warehouse.sql("from core.interval_15min order by start_at"),
        warehouse.sql("from core.interval_day order by local_date"),
    ]


@pytest.fixture(scope="module")
def at_once(seeds: ModuleType) -> list[pl.DataFrame]:
    with open_warehouse(Path(":memory:")) as warehouse:
        migrate(warehouse)
        load_registers(warehouse, seeds.registers())
        ingest(warehouse, seeds, range(HOURS))
        return state(warehouse)


def test_the_whole_is_what_it_should_be(at_once: list[pl.DataFrame]) -> None:
    readings, _, days = at_once
    counts = dict(readings.group_by("quality").len().iter_rows())
    assert counts == {"measured": 132, "rejected": 18}
    assert days["energy_wh"].sum() == 100 * (HOURS - 1)


@pytest.mark.parametrize("order", ["ordered", "shuffled", "backwards"])
def test_increments_come_to_the_same_as_everything_at_once(
    warehouse: Warehouse, seeds: ModuleType, at_once: list[pl.DataFrame], order: str
) -> None:
    chance = np.random.default_rng(5)
    jitter = {"ordered": 0, "shuffled": 40, "backwards": 0}[order]
    hours = np.argsort(np.arange(HOURS) + chance.uniform(0, 1, HOURS) * jitter)
    for batch in np.array_split(hours[::-1] if order == "backwards" else hours, 8):
        ingest(warehouse, seeds, batch.tolist())
    for found, expected in zip(state(warehouse), at_once, strict=True):
        assert found.equals(expected)
