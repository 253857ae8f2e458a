"""What agents send besides pictures arrives once, leaves the store when it is safe, and disturbs nobody."""

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from prefect import flow

from flows.backup import backup
from flows.ingest import fetch_everything
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import synced_key
from tasks.fetch import list_new_pictures, prepare_warehouse
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect
REPORT_KEY = "health/cellar/20261118/20261118_230000Z.json"
LOG_KEY = "log/cellar/smartmeter-agent_20261118.log.gz"
GOOD = {
    REPORT_KEY: json.dumps({"camera": "cellar", "temperature_c": 47.2}).encode(),
    LOG_KEY: gzip.compress(b"2026-11-18T23:00:00.000Z ERROR x: no picture\n"),
}
BAD = {
    "health/cellar/20261118/20261118_220000Z.json": b"{malformed",
    "health/cellar/strange.json": b"{}",
    "log/cellar/smartmeter-agent_20261117.log.gz": bytes(30_000_000),
    "log/photo.jpg": b"\xff\xd8\xff\xd9",
}


@pytest.fixture(params=["file:store", "dropbox:/"])
def store_url(request: pytest.FixtureRequest, drawn_meter: "DrawnMeter") -> str:
    """A store that the settings name, with two pictures, good and bad reports and logs."""
    url, home = str(request.param), drawn_meter.home
    if url.startswith("dropbox:"):
        emulator: DropboxEmulator = request.getfixturevalue("dropbox_emulator")
        emulator.link(home)
        settings = home / "smartmeter.toml"
        settings.write_text(settings.read_text().replace("[meters", f'[store]\nurl = "{url}"\n\n[meters', 1))
    store = open_store(url, home)
    for number in range(2):
        store.add(synced_key("cellar", drawn_meter.slot_at(number), number), bytes([number]) * 900)
    for key, data in (GOOD | BAD).items():
        store.add(key, data)
    return url


@flow
def fetch() -> None:
    settings = load_settings()
    prepare_warehouse(settings)
    fetch_everything(settings)


def of_agents(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for folder in ("health", "log")
        for path in (home / folder).rglob("*")
        if path.is_file()
    }


def rows() -> pl.DataFrame:
    with open_warehouse(load_settings().warehouse, read_only=True) as warehouse:
        return warehouse.sql("select * from raw.pictures order by picture_key")


def in_store(url: str, home: Path) -> set[str]:
    return {each.key for each in open_store(url, home).list().revisions}


def test_reports_and_logs_arrive_once_and_leave_the_store_when_they_are_safe(
    drawn_meter: "DrawnMeter", store_url: str, prefect_server: str, request: pytest.FixtureRequest
) -> None:
    home = drawn_meter.home
    fetch()
    assert of_agents(home) == GOOD
    pictures = rows()
    assert [key.split("/")[0] for key in pictures["picture_key"]] == ["images"] * 2
    if store_url.startswith("dropbox:"):
        emulator: DropboxEmulator = request.getfixturevalue("dropbox_emulator")
        emulator.calls.clear()
        fetch()
        assert emulator.calls["files/download"] == 0
        assert list_new_pictures.fn(load_settings()).agent_files == ()
    (home / REPORT_KEY).unlink()
    with open_warehouse(load_settings().warehouse) as warehouse:
        warehouse.script("delete from raw.store_cursors")
    fetch()
    assert of_agents(home) == GOOD
    assert rows().equals(pictures)

    assert backup()["in_store"] == 2
    assert set(GOOD) < in_store(store_url, home)
    (home / LOG_KEY).write_bytes(b"damaged")
    summary = backup(grace_hours=0)
    assert (summary["in_store"], summary["foreign"]) == (2, 0)
    left = in_store(store_url, home)
    assert REPORT_KEY not in left
    assert {LOG_KEY, *BAD} < left  # not proved, or never wanted
    assert rows().equals(pictures)
