import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.loading import (
    finish,
    load_pictures,
    load_recognitions,
    load_registers,
    pending_work,
    replace_intervals,
    save_readings,
)
from warehouse.migrate import migrate

REGISTER = "home/1-0:1.8.0"
START_AT = datetime(2026, 3, 28, 23, tzinfo=UTC)
"""Local midnight in Berlin before the day of 23 hours."""
INSTANT = pl.Datetime("us", "UTC")


@pytest.fixture(scope="session")
def seeds() -> ModuleType:
    """This module: the frames that tests load."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse that knows its register, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "w.duckdb"
    with open_warehouse(path) as opened:
        migrate(opened)
        load_registers(opened, registers())
    return path


@pytest.fixture(scope="session")
def seeded_file(migrated_file: Path) -> Path:
    """A warehouse with two days of data, to be copied."""
    path = migrated_file.with_name("seeded.duckdb")
    shutil.copyfile(migrated_file, path)
    with open_warehouse(path) as opened:
        seed(opened)
    return path


@pytest.fixture
def warehouse(migrated_file: Path, tmp_path: Path) -> Iterator[Warehouse]:
    shutil.copyfile(migrated_file, tmp_path / "empty.duckdb")
    with open_warehouse(tmp_path / "empty.duckdb") as opened:
        yield opened


@pytest.fixture
def seeded(seeded_file: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """Two days of hourly pictures: hour 5 is broken, hour 7 dark, hour 9 a misread, hour 11 repaired."""
    shutil.copyfile(seeded_file, tmp_path / "seeded.duckdb")
    with open_warehouse(tmp_path / "seeded.duckdb") as opened:
        yield opened


def seed(warehouse: Warehouse, hours: int = 48) -> None:
    found = pictures(range(hours), broken=[5])
    load_pictures(warehouse, found)
    read = found.filter(pl.col("reason").is_null())
    load_recognitions(warehouse, recognitions(read), candidates(read))
    save_readings(warehouse, readings(read))
    finish(warehouse, pending_work(warehouse, REGISTER, "read"))
    finish(warehouse, pending_work(warehouse, REGISTER, "decode"))
    accepted = warehouse.query("accepted_readings", register_id=REGISTER, since=None)
    quarter_hours, days = intervals(accepted)
    replace_intervals(
        warehouse,
        REGISTER,
        None,
        quarter_hours=quarter_hours,
        days=days,
        done=pending_work(warehouse, REGISTER, "derive"),
    )


def registers() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "register_id": [REGISTER],
            "meter": ["home"],
            "camera": ["cellar"],
            "obis_code": ["1-0:1.8.0"],
            "digits": [7],
            "decimals": [1],
            "max_power_w": [24_000],
            "timezone": ["Europe/Berlin"],
            "runs_backwards": [False],
            "place": [0],
        },
        schema_overrides={"place": pl.UInt8},
    )


def registers_of(*codes: str) -> pl.DataFrame:
    """The registers of the meter that the settings name, in this order."""
    return pl.concat(
        registers().with_columns(
            register_id=pl.lit(f"home/{code}"), obis_code=pl.lit(code), place=pl.lit(place, dtype=pl.UInt8)
        )
        for place, code in enumerate(codes)
    )


def pictures(hours: range | list[int], broken: list[int] | None = None) -> pl.DataFrame:
    """One picture an hour; those of `broken` hours are cut off."""
    rows = [
        {
            "picture_key": f"images/cellar/{START_AT + timedelta(hours=hour):%Y%m%d_%H%M%S}Z_{hour:06}.jpg",
            "camera": "cellar",
            "taken_at": START_AT + timedelta(hours=hour),
            "time_source": "name",
            "received_at": START_AT + timedelta(hours=hour, minutes=1),
            "content_sha256": f"{hour:064x}",
            "size_bytes": 40_000,
            "media_type": "image/jpeg",
            "width": 648,
            "height": 486,
            "reason": "truncated" if hour in (broken or []) else None,
            "facts": '{"exposure_us": 20000}',
            "source": "file:store",
        }
        for hour in hours
    ]
    return pl.DataFrame(
        rows, schema_overrides={"taken_at": INSTANT, "received_at": INSTANT, "reason": pl.String}
    )


def recognitions(found: pl.DataFrame, version: str = "a1b2", at: datetime = START_AT) -> pl.DataFrame:
    return found.select(
        "picture_key",
        pl.lit(REGISTER).alias("register_id"),
        pl.lit("trocr-meter-small").alias("reader"),
        pl.lit(version).alias("reader_version"),
        "taken_at",
        pl.lit(at).cast(INSTANT).alias("recognised_at"),
        pl.when(hour_of() == 7).then(pl.lit("dark")).alias("reason"),
        pl.lit(12.5).alias("milliseconds"),
        pl.lit("[[0, 0], [9, 0], [9, 9], [0, 9]]").alias("window_corners"),
        pl.lit("upright").alias("orientation"),
    )


def candidates(found: pl.DataFrame, version: str = "a1b2") -> pl.DataFrame:
    """Two texts a picture: the register of the hour and one with a digit too few."""
    read = found.filter(hour_of() != 7)
    common = {"register_id": REGISTER, "reader": "trocr-meter-small", "reader_version": version}
    first = read.select(
        "picture_key",
        **{name: pl.lit(value) for name, value in common.items()},
        rank=pl.lit(1).cast(pl.UInt8),
        text=pl.format("{}", 361_000 + hour_of()).str.zfill(7),
        half_step=pl.lit(value=False),
        value_units=(361_000 + hour_of()).cast(pl.Int64),
        probability=pl.lit(0.9),
    )
    short = first.with_columns(
        rank=pl.lit(2).cast(pl.UInt8),
        text=pl.lit("36100"),
        value_units=pl.lit(None, dtype=pl.Int64),
        probability=pl.lit(0.05),
    )
    return pl.concat([first, short])


def readings(found: pl.DataFrame, at: datetime = START_AT) -> pl.DataFrame:
    """100 Wh an hour; hour 7 and 9 rejected, hour 11 repaired."""
    rejected = hour_of().is_in([7, 9])
    return found.select(
        pl.lit(REGISTER).alias("register_id"),
        "picture_key",
        pl.col("taken_at").alias("read_at"),
        pl.when(~rejected).then(36_100_000 + 100 * hour_of()).cast(pl.Int64).alias("value_wh"),
        pl.when(rejected)
        .then(pl.lit("rejected"))
        .when(hour_of() == 11)
        .then(pl.lit("repaired"))
        .otherwise(pl.lit("measured"))
        .alias("quality"),
        pl.when(hour_of() == 7)
        .then(pl.lit("dark"))
        .when(rejected)
        .then(pl.lit("no_candidate_fits"))
        .alias("reason"),
        pl.format("{}", 361_000 + hour_of()).str.zfill(7).alias("recognised_text"),
        pl.lit(0.9).alias("probability"),
        pl.lit(12.0).alias("log_odds"),
        pl.lit(value=True).alias("settled"),
        pl.lit(at).cast(INSTANT).alias("recognised_at"),
    )


def intervals(accepted: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Quarter hours of 25 Wh from the first to the last reading, and their local days."""
    quarter_hours = (
        pl.select(
            start_at=pl.datetime_range(
                pl.lit(accepted["read_at"].min()),
                pl.lit(accepted["read_at"].max()),
                "15m",
                closed="left",
                time_zone="UTC",
            ).cast(INSTANT)
        )
        .with_columns(
            end_at=pl.col("start_at").dt.offset_by("15m"),
            local=pl.col("start_at").dt.convert_time_zone("Europe/Berlin"),
        )
        .select(
            "start_at",
            "end_at",
            local_date=pl.col("local").dt.date(),
            local_minute=pl.col("local").dt.hour().cast(pl.UInt16) * 60 + pl.col("local").dt.minute(),
            energy_wh=pl.lit(25, dtype=pl.Int64),
            quality=pl.lit("measured"),
            n_readings=pl.lit(1, dtype=pl.UInt32),
        )
    )
    days = quarter_hours.group_by("local_date", maintain_order=True).agg(
        pl.col("start_at").min(),
        pl.col("end_at").max(),
        covered_s=pl.lit(900, dtype=pl.Int32) * pl.len(),
        energy_wh=pl.col("energy_wh").sum(),
        estimated_wh=pl.lit(0, dtype=pl.Int64),
        base_load_w=pl.lit(100, dtype=pl.Int64),
        peak_w=pl.lit(100, dtype=pl.Int64),
        peak_at=pl.col("start_at").first(),
    )
    return quarter_hours, days


def hour_of() -> pl.Expr:
    """The hour of the seed that a picture belongs to."""
    return (pl.col("taken_at") - START_AT).dt.total_hours()


def hour_of_reading() -> pl.Expr:
    """The hour of the seed that a reading belongs to."""
    return (pl.col("read_at") - START_AT).dt.total_hours()


def set_to(warehouse: Warehouse, **values: object) -> None:
    """Other settings of the register."""
    load_registers(warehouse, registers().with_columns(**{k: pl.lit(v) for k, v in values.items()}))
