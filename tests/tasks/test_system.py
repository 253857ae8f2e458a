"""The page about cameras, from what agents told; damaged files are left out, missing ones make no page."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import made_up_home
from tasks.health_files import cameras_of, keep_store_space, store_space, system_data
from tasks.publish import publish_pages
from tasks.reports.language import language
from tasks.reports.system_data import StoreSpace
from tasks.settings import Settings
from tasks.settings_tables import ReportSettings
from warehouse.connection import open_warehouse

BERLIN = "Europe/Berlin"
FIRST_AT = datetime(2026, 11, 19, 23, tzinfo=UTC)


def told(at: datetime, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever an agent writes
    return {
        "camera": "cellar",
        "at": at.isoformat().replace("+00:00", "Z"),
        "version": "0.1.0",
        "temperature_c": 48.5,
        "throttled": [],
        "disk_free_bytes": 20_000_000_000,
        "disk_total_bytes": 31_000_000_000,
        "outbox": {"waiting": 2, "waiting_bytes": 80_000, "sent": 9, "sent_bytes": 1, "dropped": 0},
        "last_capture_at": None,
        "last_upload_at": None,
        "clock_synchronised": True,
        "boot_id": "b",
        "boot_s": 3600.0,
        "restarts": 1,
        "slots": {"due": 4, "taken": 3, "missed": 1},
        "camera_errors": 0,
        "light_errors": None,
        "upload_errors": 1,
        "capture_s": [1.9, 2.1, 2.0],
        "upload_s": [0.4],
    } | changes


def write(home: Path, at: datetime, content: bytes) -> None:
    path = home / "health" / "cellar" / f"{at:%Y%m%d}" / f"{at:%Y%m%d_%H}0000Z.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Thirty hours of a camera, one of them damaged, one with nothing known; and a day's log."""
    for hour in range(30):
        at = FIRST_AT + timedelta(hours=hour)
        content = json.dumps(told(at)).encode()
        if hour == 7:
            content = b'{"camera": "cel'
        if hour == 8:
            content = json.dumps(dict.fromkeys(told(at)) | {"at": told(at)["at"]}).encode()
        write(tmp_path, at, content)
    log = tmp_path / "log" / "cellar" / "smartmeter-agent_20261120.log.gz"
    log.parent.mkdir(parents=True)
    log.write_bytes(gzip.compress(b"a INFO taken\nb WARNING slow\nc ERROR no network\nd WARNING slow\n"))
    (log.parent / "smartmeter-agent_20261121.log.gz").write_bytes(gzip.compress(b"x")[:9])
    return tmp_path


def test_what_agents_told_becomes_rows_in_local_time(home: Path) -> None:
    data = system_data(home, "cellar", BERLIN)
    assert data.health.height == 29
    assert data.health["at_local"][0] == datetime(2026, 11, 20)  # noqa: DTZ001 - local wall time
    assert data.health["due"].sum() == 28 * 4
    assert data.health["taken"].sum() == 28 * 3
    assert data.durations.height == 28 * 4
    assert dict(data.levels.select("level", "lines").iter_rows()) == {"info": 1, "warning": 2, "error": 1}
    assert data.newest["at"] == "2026-11-21T04:00:00Z"


def test_the_page_shows_what_is_known_and_links_both_ways(home: Path, tmp_path: Path) -> None:
    settings = made_up_home(tmp_path / "made-up", 2)
    for name in ("health", "log"):
        (home / name).rename(settings.home / name)
    keep_store_space(settings.home, StoreSpace(1_500_000_000, 2_000_000_000))
    publish(settings)
    page = (settings.site / "system.html").read_text().replace("\u00a0", " ")
    assert "75.0 % of the pictures due were taken" in page
    assert "a picture usually takes 2.0 s" in page
    assert "3 warnings and errors in the log" in page
    assert "75.0 % of 2 GB" in page
    assert 'href="index.html"' in page
    assert 'href="system.html"' in (settings.site / "index.html").read_text()

    missed = language("de").catalogue.missed
    missed.clear()
    publish(settings.model_copy(update={"report": ReportSettings(language="de")}))
    assert missed == set()


@pytest.mark.parametrize("told", [None, b"", b"[]", b'{"used_bytes": "much"}'])
def test_a_store_that_nobody_told_of_is_unknown(tmp_path: Path, told: bytes | None) -> None:
    keep_store_space(tmp_path, StoreSpace(5, None))
    assert store_space(tmp_path) == StoreSpace(5, None)
    (tmp_path / "health" / "store.json").unlink()
    if told is not None:
        (tmp_path / "health" / "store.json").write_bytes(told)
    assert store_space(tmp_path) is None
    assert cameras_of(tmp_path) == []


def test_without_agents_there_is_no_page(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path, 1)
    publish(settings)
    assert cameras_of(settings.home) == []
    assert not (settings.site / "system.html").exists()
    assert "system.html" not in (settings.site / "index.html").read_text()


def test_before_the_first_readings_the_page_has_its_chart_library(home: Path, tmp_path: Path) -> None:
    made = made_up_home(tmp_path / "made-up", 0)
    for name in ("health", "log"):
        (home / name).rename(made.home / name)
    web = ReportSettings(web_root="web", web_pictures=True)
    publish(made.model_copy(update={"report": web}))
    for folder in (made.site, made.home / "web"):
        asked = re.findall(r'<script src="([^"]+)"', (folder / "system.html").read_text())
        assert asked == ["charts.js"]
        assert (folder / "charts.js").is_file()


def publish(settings: Settings) -> None:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings)
