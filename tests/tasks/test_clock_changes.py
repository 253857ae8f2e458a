"""Days whose clock changes, in zones that change it at midnight and in others: read, derived, published."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from benchmarks.report import load
from tasks.derive import derive_pending
from tasks.publish import publish_pages
from tasks.report_data import gather
from tasks.settings import MeterSettings, Settings
from tasks.tariffs import register_rows
from warehouse.connection import open_warehouse
from warehouse.loading import load_registers
from warehouse.migrate import migrate
from warehouse.publish import publish_copy

REGISTER = "home/1-0:1.8.0"


def midnight_at(local_date: date, timezone: str) -> datetime:
    return datetime.combine(local_date, time(), ZoneInfo(timezone)).astimezone(UTC)


def household(home: Path, timezone: str, changed: date) -> Settings:
    """The day before the change and the day of it, derived in two runs."""
    meter = MeterSettings.model_validate({"camera": "cellar", "digits": 9, "decimals": 3})
    settings = Settings(home=home, timezone=timezone, meters={"home": meter})
    start_at = midnight_at(changed - timedelta(days=1), timezone)
    known_until_at, first_run_at = start_at, midnight_at(changed, timezone) + timedelta(minutes=90)
    for until_at in (first_run_at, midnight_at(changed + timedelta(days=1), timezone)):
        power_w = np.full(int((until_at - start_at).total_seconds()) // 60, 400.0)
        with open_warehouse(settings.warehouse) as warehouse:
            migrate(warehouse)
            load_registers(warehouse, register_rows(settings))
            load(warehouse, settings, REGISTER, start_at, power_w, slot_min=15)
            warehouse.script("delete from core.pending where step <> 'derive'")
            # The second run has only the new readings to derive from, as an ingest has.
            warehouse.script(f"update core.pending set from_at = greatest(from_at, '{known_until_at}')")
        derive_pending(settings, REGISTER)
        known_until_at = until_at
    publish_copy(settings.warehouse, settings.sql_copy)
    return settings


@pytest.mark.parametrize(
    ("timezone", "changed", "hours"),
    [
        pytest.param("Atlantic/Azores", date(2026, 3, 29), 23, id="0:00 never comes"),
        pytest.param("Atlantic/Azores", date(2026, 10, 25), 25, id="0:00 comes twice"),
        pytest.param("America/Havana", date(2026, 11, 1), 25, id="0:00 comes twice in Havana"),
        pytest.param("America/Santiago", date(2026, 9, 6), 23, id="0:00 never comes in Santiago"),
        pytest.param("America/Santiago", date(2026, 4, 4), 25, id="24:00 is 23:00 once more"),
        pytest.param("America/Nuuk", date(2026, 3, 28), 23, id="23:00 never comes"),
        pytest.param("Africa/Cairo", date(2026, 4, 24), 23, id="0:00 never comes in Cairo"),
        pytest.param("Asia/Beirut", date(2026, 3, 29), 23, id="0:00 never comes in Beirut"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), 25, id="2:00 comes twice"),
    ],
)
def test_a_day_whose_clock_changes_is_whole_and_published(
    tmp_path: Path, timezone: str, changed: date, hours: int
) -> None:
    settings = household(tmp_path, timezone, changed)
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        days = warehouse.sql("select local_date, start_at, end_at from core.interval_day order by 1")
        full = warehouse.sql("select days from out.comparison where period = '7 days'")
        newest = warehouse.query("last_full_day", meter="home")
        of_day = warehouse.query("proof_of_day", meter="home", local_date=changed)
        publish_pages(warehouse, settings)
        report = gather(warehouse, settings, "home")
    end_at = midnight_at(changed + timedelta(days=1), timezone)
    assert days.height == 2
    assert days.row(1) == (changed, midnight_at(changed, timezone), end_at)
    assert full["days"].item() == 2
    assert newest.row(0) == (changed, True)
    assert report.quality["missing"].to_list()[:2] == [0, 0]
    assert report.daily["hours"].to_list() == [24, hours]
    counts = [of_day.height, report.readings.height, report.last_day.height]
    assert counts == [4 * hours] * 3
    assert (settings.site / f"{changed:%Y-%m}.html").is_file()
