"""How long the report takes to build, and how large it is: households of 2 days, 1, 2 and 10 years.

    python -m benchmarks.report [--days 2 365 730 3650] [--keep FOLDER]

Prints a markdown table of medians of three builds, by the clock / in CPU time. The households are simulated,
a reading every 15 minutes; the first build of a site writes every month's page, later ones what changed.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.derive import derive_pending
from tasks.metering.simulation import MINUTES_PER_DAY, simulate_household
from tasks.publish import publish_pages
from tasks.report_data import gather
from tasks.reports.forecast import standard_season
from tasks.reports.page import build_page
from tasks.settings import MeterSettings, Settings
from tasks.settings_tables import TariffSettings
from tasks.tariffs import register_rows, tariff_rows
from warehouse.connection import Warehouse, open_warehouse
from warehouse.loading import load_pictures, load_registers, save_readings
from warehouse.migrate import migrate
from warehouse.publish import publish_copy
from warehouse.tariffs import load_tariffs

ZONE = ZoneInfo("Europe/Berlin")
NEWEST = date(2026, 11, 20)
START_WH = 36_109_700.0
SLOT_MIN = 15
GAP_EVERY, GAP_FROM, GAP_SLOTS = 2900, 1200, 16
REJECTED_EVERY, REPAIRED_EVERY = 83, 61
TARIFF = {"start": "2010-01-01", "energy_per_kwh": 0.34, "fee_per_month": 12.9}
NIGHT = {
    "energy_per_kwh": 0.36,
    "fee_per_month": 14.9,
    "hours": [{"start": "22:00", "end": "06:00", "energy_per_kwh": 0.26}],
}


@dataclass(frozen=True, slots=True)
class Truths:
    """What is put into a household, to be found again."""

    always_on_since: date | None = None
    always_on_w: float = 45.0
    away: tuple[date, date] | None = None
    unusual: date | None = None
    electric_car: bool = False
    standby_only: bool = False
    sun: bool = False
    standing_min: int | None = None
    slot_min: int = SLOT_MIN


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[2, 365, 730, 3650])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    print("| days | gather | page | first site | site again | page | whole site | months |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for days in options.days:
            home = (options.keep or Path(folder)) / f"home-{days}"
            print(measured(made_up_home(home, days, truths=Truths(electric_car=True)), days), flush=True)


def measured(settings: Settings, days: int) -> str:
    """A row of the table: medians of three by the clock and in CPU time, and sizes."""
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        first = seconds(lambda: publish_pages(warehouse, settings))
        again = middle(lambda: publish_pages(warehouse, settings))
        gathered = middle(lambda: gather(warehouse, settings, "home"))
        built = middle(partial(build_page, gather(warehouse, settings, "home")))
    pages = [path for path in settings.site.iterdir() if path.suffix in {".html", ".js"}]
    size = (settings.site / "index.html").stat().st_size / 1e6
    whole = sum(path.stat().st_size for path in pages) / 1e6
    months = sum(path.name[:2] == "20" for path in pages)
    times = " | ".join(f"{clock:.2f} / {cpu:.2f} s" for clock, cpu in (gathered, built, first, again))
    return f"| {days:,} | {times} | {size:.2f} MB | {whole:.2f} MB | {months} |"


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long it took by the clock, and in CPU time of all threads."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - cpu


def middle(work: Callable[[], object]) -> tuple[float, float]:
    """The medians of three."""
    clocks, cpus = zip(*(seconds(work) for _ in range(3)), strict=True)
    return statistics.median(clocks), statistics.median(cpus)


def made_up_home(
    home: Path, days: int, *, seed: int = 7, truths: Truths | None = None, meters: tuple[str, ...] = ("home",)
) -> Settings:
    """A home folder whose warehouse holds a simulated household up to NEWEST, published."""
    put = truths or Truths()
    settings = settings_in(home, meters, put)
    home.mkdir(parents=True, exist_ok=True)
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
        load_registers(warehouse, register_rows(settings))
        load_tariffs(warehouse, *tariff_rows(settings))
        for number, meter in enumerate(meters):
            start_at, power_w = household(days, seed + number, put)
            for register_id in settings.register_ids(meter):
                sold = ":2.8." in register_id
                used = sunshine(start_at, power_w) if sold and power_w.any() else power_w
                load(warehouse, settings, register_id, start_at, used, slot_min=put.slot_min)
        warehouse.script("delete from core.pending where step <> 'derive'")
    for meter in meters:
        for register_id in settings.register_ids(meter):
            derive_pending(settings, register_id)
    publish_copy(settings.warehouse, settings.sql_copy)
    return settings


def settings_in(home: Path, meters: tuple[str, ...], truths: Truths) -> Settings:
    """An installation with tariffs by the day and by the hour."""
    registers = [{"obis_code": "1-0:2.8.0"}] if truths.sun else []
    return Settings(
        home=home,
        meters={
            name: MeterSettings.model_validate(
                {"camera": f"{name}-camera", "digits": 7, "decimals": 1, "registers": registers}
            )
            for name in meters
        },
        tariffs={
            "basic": TariffSettings.model_validate(TARIFF | {"feed_in_per_kwh": 0.08}),
            "night": TariffSettings.model_validate(NIGHT),
        },
    )


def household(days: int, seed: int, truths: Truths) -> tuple[datetime, NDArray[np.float64]]:
    """The first instant, and the power of every minute from it on."""
    first = NEWEST - timedelta(days=days - 1)
    start_at = datetime.combine(first, datetime.min.time(), ZONE).astimezone(UTC)
    end_at = datetime.combine(NEWEST + timedelta(days=1), datetime.min.time(), ZONE).astimezone(UTC)
    power_w = simulate_household(start_at, days + 2, seed, electric_car=truths.electric_car)
    power_w = power_w[: int((end_at - start_at).total_seconds() // 60)]
    dates = [first + timedelta(days=number) for number in range(days + 1)]
    day_of = np.minimum(np.arange(power_w.size) // MINUTES_PER_DAY, days)
    power_w = 100 + (power_w - 100) * standard_season(dates)[day_of]
    if truths.standby_only:
        power_w = np.full(power_w.size, 38.0)
    if truths.standing_min is not None:
        return start_at, np.zeros(truths.standing_min)
    if truths.away is not None:
        place = [(each - first).days for each in truths.away]
        gone = (day_of >= place[0]) & (day_of <= place[1])
        power_w[gone] = np.minimum(power_w[gone], 190)
    if truths.always_on_since is not None:
        power_w[day_of >= (truths.always_on_since - first).days] += truths.always_on_w
    if truths.unusual is not None:
        place_min = (truths.unusual - first).days * MINUTES_PER_DAY
        power_w[place_min + 600 : place_min + 1080] += 2800
    return start_at, power_w


def sunshine(start_at: datetime, power_w: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a small roof feeds in."""
    minutes = np.arange(power_w.size)
    hour = (start_at.hour + 1 + minutes / 60) % 24
    season = 1 - 0.75 * np.cos(2 * np.pi * (minutes / MINUTES_PER_DAY + start_at.timetuple().tm_yday) / 365)
    cloud = np.random.default_rng(5).uniform(0.1, 1, minutes.size // MINUTES_PER_DAY + 1)
    shape = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None)
    sold: NDArray[np.float64] = 1400 * shape * season * cloud[minutes // MINUTES_PER_DAY]
    return sold


def load(
    warehouse: Warehouse,
    settings: Settings,
    register_id: str,
    start_at: datetime,
    power_w: NDArray[np.float64],
    *,
    slot_min: int,
) -> None:
    """Pictures and readings of a register, one in 83 rejected, one in 61 repaired, a gap in every month."""
    unit_wh = settings.register(register_id).unit_wh
    position = START_WH + np.concatenate([[0.0], np.cumsum(power_w) / 60])
    slots = np.arange(0, position.size, slot_min)
    values = (position[slots] // unit_wh * unit_wh).astype(np.int64)
    camera = settings.face(register_id).camera
    frame = pl.DataFrame({"i": np.arange(slots.size), "value_wh": values}).with_columns(
        read_at=(start_at + pl.col("i") * timedelta(minutes=slot_min)).cast(pl.Datetime("us", "UTC"))
    )
    is_gap = (pl.col("i") % GAP_EVERY).is_between(GAP_FROM, GAP_FROM + GAP_SLOTS)
    frame = frame.filter(~is_gap).with_columns(
        picture_key=pl.format(
            "images/{}/{}Z_{}.jpg",
            pl.lit(camera),
            pl.col("read_at").dt.strftime("%Y%m%d/%Y%m%d_%H%M%S"),
            pl.col("i").cast(pl.String).str.zfill(6),
        )
    )
    load_pictures(warehouse, _pictures(frame, camera))
    save_readings(warehouse, _readings(frame, register_id))


def _pictures(frame: pl.DataFrame, camera: str) -> pl.DataFrame:
    return frame.select(
        "picture_key",
        pl.col("read_at").alias("taken_at"),
        camera=pl.lit(camera),
        time_source=pl.lit("name"),
        received_at=pl.col("read_at") + timedelta(seconds=40),
        content_sha256=pl.col("picture_key").hash().cast(pl.String),
        size_bytes=pl.lit(40_000),
        media_type=pl.lit("image/jpeg"),
        width=pl.lit(648),
        height=pl.lit(486),
        reason=pl.lit(None, dtype=pl.String),
        source=pl.lit("file:store"),
    )


def _readings(frame: pl.DataFrame, register_id: str) -> pl.DataFrame:
    rejected, repaired = pl.col("i") % REJECTED_EVERY == 1, pl.col("i") % REPAIRED_EVERY == 1
    quality = pl.when(rejected).then(pl.lit("rejected")).when(repaired).then(pl.lit("repaired"))
    return frame.select(
        "picture_key",
        "read_at",
        pl.lit(register_id).alias("register_id"),
        pl.when(~rejected).then("value_wh").alias("value_wh"),
        quality.otherwise(pl.lit("measured")).alias("quality"),
        pl.when(rejected).then(pl.lit("doubtful")).alias("reason"),
        (pl.col("value_wh") // 100).cast(pl.String).str.zfill(7).alias("recognised_text"),
        probability=pl.lit(0.93),
        log_odds=pl.lit(14.0),
        settled=pl.lit(value=True),
        recognised_at=pl.col("read_at") + timedelta(seconds=60),
    )


if __name__ == "__main__":
    main()
