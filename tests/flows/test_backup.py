"""Backup and restore as flows on a real Prefect server, over a folder and over a Dropbox."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.backup import backup
from flows.restore import restore
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import synced_key
from tasks.backup import Outcome, free_batch, plan_backup
from tasks.custody import Fate
from tasks.fetch import fetch_batch, list_new_pictures, prepare_warehouse
from tasks.restore import Restored, list_absent, restore_batch
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from tests.flows.conftest import DrawnMeter

OLD_AT = datetime(2026, 9, 1, 10, tzinfo=UTC)


def fill(url: str, home: Path) -> dict[str, bytes]:
    """Four old pictures and one of today, none of which needs to be readable."""
    taken = [OLD_AT + timedelta(minutes=15 * number) for number in range(4)] + [datetime.now(UTC)]
    pictures = {synced_key("cellar", at, number): bytes([number]) * 900 for number, at in enumerate(taken)}
    for key, data in pictures.items():
        open_store(url, home).add(key, data)
    return pictures


def in_store(url: str, home: Path) -> set[str]:
    return {each.key for each in open_store(url, home).list().revisions}


@pytest.fixture(params=["file:store", "dropbox:/"])
def store_url(request: pytest.FixtureRequest, drawn_meter: "DrawnMeter") -> str:
    """A store that the settings name, empty."""
    url = str(request.param)
    if url.startswith("dropbox:"):
        emulator: DropboxEmulator = request.getfixturevalue("dropbox_emulator")
        emulator.link(drawn_meter.home)
        settings = drawn_meter.home / "smartmeter.toml"
        settings.write_text(settings.read_text().replace("[meters", f'[store]\nurl = "{url}"\n\n[meters', 1))
    return url


@pytest.mark.prefect
def test_what_is_archived_leaves_and_comes_back(
    drawn_meter: "DrawnMeter", store_url: str, prefect_server: str
) -> None:
    home = drawn_meter.home
    pictures = fill(store_url, home)
    new = max(pictures)
    seen = backup(dry_run=True)
    assert (seen["in_store"], seen["would_free"], seen["not_archived"]) == (5, 0, 5)
    first = backup()
    assert (first["freed"], first["in_grace"], first["newest"]) == (0, 4, 1)
    second = backup(grace_hours=0)
    assert (second["freed"], second["freed_bytes"], second["newest"]) == (4, 3600, 1)
    assert in_store(store_url, home) == {new}
    assert {key: (home / "archive" / key).read_bytes() for key in pictures} == pictures

    back = restore(OLD_AT.date(), OLD_AT.date())
    assert back["brought_back"] + back["uploaded"] == 4
    assert in_store(store_url, home) == set(pictures)
    store = open_store(store_url, home)
    assert {each.key: store.fetch(each) for each in store.list().revisions} == pictures
    kept = backup(grace_hours=0)
    assert (kept["freed"], kept["newest"]) == (0, 5)
    assert {key: (home / "archive" / key).read_bytes() for key in pictures} == pictures
    with open_warehouse(load_settings().warehouse, read_only=True) as warehouse:
        assert warehouse.sql("select count(*) from raw.pictures").item() == 5


def free_now(home: Path) -> Outcome:
    """What a backup does after its fetch, without a grace period."""
    settings = load_settings()
    plan = plan_backup.fn(settings, 14, 0)
    return free_batch.fn(settings, plan.of(Fate.FREE))


def archive_all(home: Path) -> dict[str, bytes]:
    settings = load_settings()
    pictures = fill("file:store", home)
    prepare_warehouse.fn(settings)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    return pictures


def test_a_damaged_or_lost_copy_is_mended_before_anything_goes(home: Path) -> None:
    pictures = archive_all(home)
    damaged, lost, *_ = sorted(pictures)
    (home / "archive" / damaged).write_bytes(b"rotten")
    (home / "archive" / lost).unlink()
    assert free_now(home) == Outcome(freed=2, mended=2, freed_bytes=1800)
    assert free_now(home) == Outcome(freed=2, freed_bytes=1800)
    assert {key: (home / "archive" / key).read_bytes() for key in pictures} == pictures


def test_pictures_that_nobody_has_any_more_are_told(home: Path) -> None:
    pictures = archive_all(home)
    assert free_now(home).freed == 4
    settings = load_settings()
    absent = list_absent.fn(settings, None, None)
    (home / "archive" / min(pictures)).unlink()
    assert restore_batch.fn(settings, absent) == Restored(uploaded=3, lost=1)
    assert restore_batch.fn(settings, absent[1:]) == Restored(uploaded=3)
