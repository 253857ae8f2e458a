"""How long the warehouse takes with ten years of readings: loads, one more picture, every view.

    python -m benchmarks.warehouse_decade [--years 10] [--minutes 1] [--keep FOLDER]

Prints a markdown table of medians, by the clock and in CPU time of all threads: on a machine that does
something else meanwhile, only the latter tells. The data are made up: three candidates a picture.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from tasks.decode import decode_pending
from tasks.derive import derive_pending
from tasks.report_data import gather
from tasks.settings import MeterSettings, Settings
from tasks.settings_tables import TariffSettings
from tasks.tariffs import register_rows, tariff_rows
from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures, load_recognitions, load_registers, save_readings
from warehouse.migrate import migrate
from warehouse.publish import publish_copy
from warehouse.tariffs import load_tariffs

START_AT = datetime(2016, 11, 22, tzinfo=UTC)
REGISTER = "home/1-0:1.8.0"
CHUNK = 500_000
Took = tuple[float, float]
Row = tuple[str, Took, str]
# What a person asks of views with a row for every picture or quarter hour; the others are read whole.
QUESTIONS = {
    "readings": "from out.readings order by read_at desc limit 20",
    "readings (a day)": "from out.readings where read_local >= '2019-03-01' and read_local < '2019-03-02'",
    "pictures": "from out.pictures where taken_at >= '2019-03-01' and taken_at < '2019-03-02'",
}


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=float, default=10)
    parser.add_argument("--minutes", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(options.keep or Path(folder))
        count = int(options.years * 365.25 * 1440 / options.minutes)
        step = timedelta(minutes=options.minutes)
        rows = [] if settings.warehouse.exists() else build(settings, count, step)
        rows += one_more_picture(settings, step)
        rows += views(settings)
    print(f"| {count:,} pictures | clock | CPU | |\n| --- | ---: | ---: | --- |")
    for name, (clock, cpu), note in rows:
        print(f"| {name} | {1000 * clock:,.0f} ms | {1000 * cpu:,.0f} ms | {note} |")


def settings_in(home: Path) -> Settings:
    """An installation with one meter and a tariff by the hour."""
    tariff = {"start": "2016-01-01", "energy_per_kwh": 0.34, "fee_per_month": 12.9}
    night = [{"start": "22:00", "end": "06:00", "energy_per_kwh": 0.26}]
    return Settings(
        home=home,
        meters={"home": MeterSettings(camera="cellar", digits=9, decimals=3)},
        tariffs={"basic": TariffSettings.model_validate(tariff | {"hours": night})},
    )


def frames(first: int, count: int, step: timedelta) -> tuple[pl.DataFrame, ...]:
    """Pictures, recognitions, candidates and readings; 12 Wh a minute, one reading in fifty rejected."""
    taken_at = START_AT + pl.col("i") * step
    wh = (pl.col("i") * (12 * step // timedelta(minutes=1))).cast(pl.Int64)
    base = pl.DataFrame({"i": range(first, first + count)}).with_columns(
        taken_at=taken_at.cast(pl.Datetime("us", "UTC")), value_wh=wh + 1_000_000
    )
    base = base.with_columns(
        picture_key=pl.format(
            "images/cellar/{}Z_{}.jpg",
            pl.col("taken_at").dt.strftime("%Y%m%d/%Y%m%d_%H%M%S"),
            pl.col("i").cast(pl.String).str.zfill(6),
        ),
        text=pl.col("value_wh").cast(pl.String).str.zfill(9),
    )
    pictures = base.select(
        "picture_key",
        "taken_at",
        camera=pl.lit("cellar"),
        time_source=pl.lit("name"),
        received_at=pl.col("taken_at") + timedelta(seconds=30),
        content_sha256=pl.col("i").hash().cast(pl.String),
        size_bytes=pl.lit(40_000),
        media_type=pl.lit("image/jpeg"),
        width=pl.lit(648),
        height=pl.lit(486),
        reason=pl.lit(None, dtype=pl.String),
        source=pl.lit("file:store"),
    )
    common = {"register_id": REGISTER, "reader": "trocr-meter-small", "reader_version": "a1b2-c3d4e5"}
    named = [pl.lit(value).alias(name) for name, value in common.items()]
    recognitions = base.select(
        "picture_key",
        "taken_at",
        *named,
        recognised_at=pl.col("taken_at") + timedelta(seconds=60),
        reason=pl.lit(None, dtype=pl.String),
        milliseconds=pl.lit(12.5),
    )
    candidates = pl.concat(
        base.select(
            "picture_key",
            *named,
            rank=pl.lit(rank, dtype=pl.UInt8),
            text=(pl.col("value_wh") + 1000 * (rank - 1)).cast(pl.String).str.zfill(9),
            half_step=pl.lit(value=False),
            value_units=pl.col("value_wh") + 1000 * (rank - 1),
            probability=pl.lit(0.9 if rank == 1 else 0.03),
        )
        for rank in (1, 2, 3)
    )
    rejected = pl.col("i") % 50 == 1
    readings = base.select(
        "picture_key",
        pl.lit(REGISTER).alias("register_id"),
        pl.col("taken_at").alias("read_at"),
        pl.when(~rejected).then("value_wh").alias("value_wh"),
        pl.when(rejected).then(pl.lit("rejected")).otherwise(pl.lit("measured")).alias("quality"),
        pl.when(rejected).then(pl.lit("doubtful")).alias("reason"),
        pl.col("text").alias("recognised_text"),
        probability=pl.lit(0.9),
        log_odds=20 + pl.col("i") % 100 / 10,
        settled=pl.lit(value=True),
        recognised_at=pl.col("taken_at") + timedelta(seconds=60),
    )
    return pictures, recognitions, candidates, readings


def build(settings: Settings, count: int, step: timedelta) -> list[Row]:
    """A warehouse of that many pictures; how fast each kind of row came in, and how long deriving took."""
    settings.home.mkdir(parents=True, exist_ok=True)
    took: dict[str, list[Took]] = {}
    rows = dict.fromkeys(("pictures", "recognitions and candidates", "readings"), 0)
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
        load_registers(warehouse, register_rows(settings))
        load_tariffs(warehouse, *tariff_rows(settings))
        for first in range(0, count, CHUNK):
            pictures, recognitions, candidates, readings = frames(first, min(CHUNK, count - first), step)
            for name, load, height in (
                ("pictures", lambda p=pictures: load_pictures(warehouse, p), pictures.height),
                (
                    "recognitions and candidates",
                    lambda r=recognitions, c=candidates: load_recognitions(warehouse, r, c),
                    recognitions.height + candidates.height,
                ),
                ("readings", lambda r=readings: save_readings(warehouse, r), readings.height),
            ):
                took.setdefault(name, []).append(seconds(load))
                rows[name] += height
        warehouse.script("delete from core.pending where step <> 'derive'")
    derived = seconds(lambda: derive_pending(settings, REGISTER))
    copied = seconds(lambda: publish_copy(settings.warehouse, settings.sql_copy))
    size = settings.warehouse.stat().st_size / 1e6
    loads = []
    for name, each in took.items():
        clock, cpu = (sum(part) for part in zip(*each, strict=True))
        rates = f"{rows[name] / clock / 1e6:.2f} M rows/s ({rows[name] / cpu / 1e6:.2f} a CPU s)"
        rate = f"{rows[name]:,} rows: {rates}"
        loads.append((f"load {name}", (clock, cpu), rate))
    return [
        *loads,
        ("derive all intervals", derived, ""),
        ("first published copy", copied, f"{size:.0f} MB live"),
    ]


def one_more_picture(settings: Settings, step: timedelta) -> list[Row]:
    """What each further picture costs: its load, decoding, deriving, and the published copy."""
    with open_warehouse(settings.warehouse) as warehouse:
        newest = warehouse.sql("select max(taken_at) from raw.pictures").item()
    first = (newest - START_AT) // step + 1
    took: dict[str, list[Took]] = {}
    for number in range(first, first + 7):
        pictures, recognitions, candidates, _ = frames(number, 1, step)

        def load(
            p: pl.DataFrame = pictures, r: pl.DataFrame = recognitions, c: pl.DataFrame = candidates
        ) -> None:
            with open_warehouse(settings.warehouse) as warehouse:
                load_pictures(warehouse, p)
                load_recognitions(warehouse, r, c)

        steps: dict[str, Callable[[], object]] = {
            "load picture and recognition": load,
            "decode": lambda: decode_pending(settings, REGISTER),
            "derive": lambda: derive_pending(settings, REGISTER),
            "publish the copy": lambda: publish_copy(settings.warehouse, settings.sql_copy),
        }
        for name, work in steps.items():
            took.setdefault(name, []).append(seconds(work))
    # The first two copies after a change of everything are whole ones.
    usual = {name: middle(each[2:]) for name, each in took.items()}
    parts = [usual[name] for name in ("decode", "derive", "publish the copy")]
    together = (sum(clock for clock, _ in parts), sum(cpu for _, cpu in parts))
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        gather(warehouse, settings, "home")
        gathered = seconds(lambda: gather(warehouse, settings, "home"))
    return [
        *((f"one picture: {name}", value, "5 runs") for name, value in usual.items()),
        ("**one picture: decode, derive, publish**", together, "5 runs"),
        ("questions of the report page", gathered, "all of them"),
    ]


def views(settings: Settings) -> list[Row]:
    """How long every view takes on the published copy."""
    rows = []
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        names = warehouse.sql("select view_name from duckdb_views() where schema_name = 'out'")["view_name"]
        asked = {name: f"from out.{name}" for name in sorted(names)} | QUESTIONS
        for name, text in sorted(asked.items()):
            height = warehouse.sql(text).height
            value = middle([seconds(partial(warehouse.sql, text)) for _ in range(5)])
            note = f"`{text}`" if name in QUESTIONS else "all of it"
            rows.append((f"view {name}", value, f"{height:,} rows: {note}"))
    return rows


def seconds(work: Callable[[], object]) -> Took:
    """How long it took by the clock, and in CPU time of all threads."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - cpu


def middle(each: list[Took]) -> Took:
    """The medians."""
    return statistics.median(clock for clock, _ in each), statistics.median(cpu for _, cpu in each)


if __name__ == "__main__":
    main()
