"""A warehouse that pictures reach in parts, and all that it then says."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from tasks.decode import (
    decode_pending,
)
from tasks.derive import derive_pending
from tasks.settings import MeterSettings, Settings
from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures, load_recognitions

REGISTER = "home/1-0:1.8.0"
HOURS = 150


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    meter = MeterSettings(camera="cellar", digits=7, decimals=1)
    return Settings(home=tmp_path_factory.mktemp("home"), meters={"home": meter})


@pytest.fixture
def empty(settings: Settings, migrated_file: Path) -> None:
    """A warehouse that knows its register, and nothing else."""
    shutil.copyfile(migrated_file, settings.warehouse)


@pytest.fixture(scope="module")
def worked_file(settings: Settings, seeds: ModuleType, migrated_file: Path) -> Path:
    """A warehouse that got everything at once, and worked on it."""
    shutil.copyfile(migrated_file, settings.warehouse)
    load(settings, seeds, range(HOURS))
    work(settings)
    return settings.warehouse.rename(settings.home / "worked.duckdb")


@pytest.fixture
def worked(settings: Settings, worked_file: Path) -> None:
    """A copy of it, to go on with."""
    shutil.copyfile(worked_file, settings.warehouse)


def load(settings: Settings, seeds: ModuleType, hours: Iterable[int]) -> None:
    found = seeds.pictures(list(hours))
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(warehouse, seeds.recognitions(found), misread(seeds.candidates(found)))


def work(settings: Settings) -> None:
    decode_pending(settings, REGISTER)
    derive_pending(settings, REGISTER)


def misread(candidates: pl.DataFrame) -> pl.DataFrame:
    """Every ninth picture is read too high."""
    value = pl.col("value_units")
    high = pl.when(value % 9 == 4).then(value + 5000).otherwise(value)
    return candidates.with_columns(
        text=pl.when(value.is_null()).then("text").otherwise(high.cast(pl.String).str.zfill(7))
    )


def state(settings: Settings) -> list[pl.DataFrame]:
    questions = (
        "select picture_key, read_at, value_wh, quality, reason from core.register_readings order by all",
        "from core.interval_15min order by start_at",
        "from core.interval_day order by local_date",
        "from core.quality_day order by all",
        "from core.rhythm_day order by all",
        "from core.cost_day order by all",
    )
    with open_warehouse(settings.warehouse) as warehouse:
        assert warehouse.sql("from core.pending where step <> 'read'").is_empty()
        return [warehouse.sql(question) for question in questions]


def assert_same(found: list[pl.DataFrame], expected: list[pl.DataFrame]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.equals(other)


@pytest.fixture(scope="module")
def at_once(settings: Settings, worked_file: Path) -> list[pl.DataFrame]:
    shutil.copyfile(worked_file, settings.warehouse)
    return state(settings)
