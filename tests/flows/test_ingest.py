"""The flow on a real Prefect server, a real DuckDB file and the real reader."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.ingest import ingest
from raspi_agent.picture_key import synced_key
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect
DECIDED = "register_id, picture_key, read_at, value_wh, quality, reason, recognised_text, settled"


def answer(query: str) -> pl.DataFrame:
    with open_warehouse(load_settings().warehouse, read_only=True) as warehouse:
        return warehouse.sql(query)


def contents() -> dict[str, pl.DataFrame]:
    """Everything the warehouse has decided, without the times at which it was decided."""
    questions = {
        "pictures": "select picture_key, camera, taken_at, content_sha256, reason from raw.pictures",
        "candidates": "select picture_key, rank, text, value_units from raw.candidates",
        "readings": f"select {DECIDED} from core.register_readings",
        "quarter_hours": "select * from core.interval_15min",
        "days": "select * from core.interval_day",
    }
    return {name: answer(f"from ({query}) order by all") for name, query in questions.items()}


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


def test_pictures_become_readings_intervals_and_a_page(
    drawn_meter: "DrawnMeter", prefect_server: str
) -> None:
    drawn_meter.fill(range(32))
    summary = ingest()
    readings = answer("from core.register_readings order by read_at")
    assert readings.height == 32
    accepted = readings.filter(pl.col("value_wh").is_not_null())
    assert accepted.height >= 30
    expected = {drawn_meter.slot_at(number): drawn_meter.value_wh(number) for number in range(32)}
    assert all(
        abs(row["value_wh"] - expected[row["read_at"]]) <= 100 for row in accepted.iter_rows(named=True)
    )
    total = answer("select sum(energy_wh) from core.interval_15min").item()
    assert total == accepted["value_wh"][-1] - accepted["value_wh"][0]
    assert (drawn_meter.home / "site" / "index.html").is_file()
    assert (drawn_meter.home / "site" / "smartmeter.duckdb").is_file()
    assert summary["pictures"] == 32


def test_a_second_run_changes_nothing(drawn_meter: "DrawnMeter", prefect_server: str) -> None:
    drawn_meter.fill(range(12))
    ingest()
    before = contents()
    ingest()
    assert_same(contents(), before)


def test_what_comes_later_is_added(drawn_meter: "DrawnMeter", prefect_server: str) -> None:
    drawn_meter.fill(range(8))
    ingest()
    drawn_meter.fill(range(8, 16))
    ingest()
    piecewise = contents()
    shutil.rmtree(drawn_meter.home / "site")
    (drawn_meter.home / "smartmeter.duckdb").unlink()
    ingest()
    at_once = contents()
    assert piecewise["readings"].drop("settled").equals(at_once["readings"].drop("settled"))
    assert piecewise["quarter_hours"].equals(at_once["quarter_hours"])


def test_bad_files_become_rows_with_a_reason_and_nothing_else_is_lost(
    drawn_meter: "DrawnMeter", prefect_server: str
) -> None:
    drawn_meter.fill(range(12))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    good = drawn_meter.picture(5)
    bad = {
        drawn_meter.key(100): (b"", "empty"),
        drawn_meter.key(101): (b"<html>not found</html>", "not_a_picture"),
        drawn_meter.key(102): (good[: len(good) // 2], "truncated"),
        synced_key("cellar", tomorrow, 103): (good, "from_the_future"),
        "images/cellar/holiday.jpg": (good, "no_time"),
    }
    for key, (data, _) in bad.items():
        drawn_meter.put(key, data)
    drawn_meter.put(drawn_meter.key(5).replace("_000005", "_000200"), good)
    drawn_meter.put(drawn_meter.key(3, camera="attic"), good)
    ingest()
    reasons = dict(
        answer("select picture_key, reason from raw.pictures where reason is not null").iter_rows()
    )
    assert reasons == {key: reason for key, (_, reason) in bad.items()}
    shown = dict(answer("select picture_key, reason from out.pictures where reason is not null").iter_rows())
    assert shown[drawn_meter.key(3, camera="attic")] == "unknown_camera"
    twins = answer(
        f"select quality, reason from core.register_readings where read_at = '{drawn_meter.slot_at(5)}'"
    )
    assert sorted(twins["reason"].to_list(), key=str) == [None, "same_instant"]
    accepted = answer("select count(*) from core.register_readings where value_wh is not null").item()
    assert accepted == 12
    assert answer("select count(*) from raw.pictures").item() == 12 + len(bad) + 2


def test_a_picture_of_a_camera_configured_later_is_read_then(
    drawn_meter: "DrawnMeter", prefect_server: str
) -> None:
    settings = drawn_meter.home / "smartmeter.toml"
    text = settings.read_text()
    settings.write_text(text.replace('"cellar"', '"garage"'))
    drawn_meter.fill(range(6))
    ingest()
    assert answer("select count(*) from core.register_readings").item() == 0
    settings.write_text(text)
    ingest()
    assert answer("select count(*) from core.register_readings").item() == 6


def test_a_killed_ingest_run_again_gives_the_same_warehouse(
    drawn_meter: "DrawnMeter", prefect_server: str
) -> None:
    drawn_meter.fill(range(40))
    command = [sys.executable, "-m", "flows.cli", "ingest", "--home", str(drawn_meter.home)]
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "SMARTMETER_READER__BATCH_SIZE": "4"}
    for patience_s in (0.2, 1.0, 2.0, 3.5):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_for_first_work(drawn_meter.home, process)
        time.sleep(patience_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    interrupted = contents()
    (drawn_meter.home / "smartmeter.duckdb").unlink()
    shutil.rmtree(drawn_meter.home / "archive")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    uninterrupted = contents()
    assert_same(interrupted, uninterrupted)


def _wait_for_first_work(home: Path, process: "subprocess.Popen[bytes]") -> None:
    """Importing takes seconds; only what comes after it is worth killing."""
    log = home / "smartmeter.duckdb"
    before = log.stat().st_mtime if log.exists() else 0.0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if log.exists() and log.stat().st_mtime != before:
            return
        time.sleep(0.02)
