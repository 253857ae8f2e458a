"""The flow and the command on a Dropbox: what arrives, and what happens when somebody must act."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from prefect import flow

from flows.ingest import fetch_everything, ingest
from raspi_agent.store import StoreError
from tasks.fetch import prepare_warehouse
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect
PICTURES = 4


@pytest.fixture
def installation(drawn_meter: "DrawnMeter", dropbox_emulator: "DropboxEmulator") -> "DrawnMeter":
    """The drawn meter's installation, its pictures in a linked Dropbox."""
    settings = drawn_meter.home / "smartmeter.toml"
    text = settings.read_text()
    settings.write_text(text.replace("[meters.home]", '[store]\nurl = "dropbox:/"\n\n[meters.home]'))
    dropbox_emulator.link(drawn_meter.home)
    for number in range(PICTURES):
        dropbox_emulator.files.put(f"/{drawn_meter.key(number)}", drawn_meter.picture(number))
    return drawn_meter


@flow
def fetch() -> None:
    """The part of an ingest that deals with the store."""
    settings = load_settings()
    prepare_warehouse(settings)
    fetch_everything(settings)


def answer(query: str) -> pl.DataFrame:
    with open_warehouse(load_settings().warehouse, read_only=True) as warehouse:
        return warehouse.sql(query)


def test_pictures_arrive_once_and_an_idle_run_asks_one_question(
    installation: "DrawnMeter", dropbox_emulator: "DropboxEmulator", prefect_server: str
) -> None:
    ingest()
    readings = answer("select count(*) from core.register_readings where value_wh is not null")
    assert readings.item() == PICTURES
    archive = installation.home / "archive"
    found = {
        str(path.relative_to(archive)): path.read_bytes() for path in archive.rglob("*") if path.is_file()
    }
    assert found == {installation.key(number): installation.picture(number) for number in range(PICTURES)}
    dropbox_emulator.calls.clear()
    ingest()
    assert dict(dropbox_emulator.calls) == {"oauth2/token": 1, "files/list_folder/continue": 1}


def test_a_picture_that_never_comes_holds_up_nobody_and_is_asked_for_again(
    installation: "DrawnMeter", dropbox_emulator: "DropboxEmulator", prefect_server: str
) -> None:
    files = dropbox_emulator.files
    bad, other = (files.file(f"/{installation.key(number)}") for number in (1, 2))
    files.by_revision[bad.rev] = other
    fetch()
    assert answer("select count(*) from raw.pictures").item() == PICTURES - 1
    assert answer("select count(*) from raw.store_cursors").item() == 0
    files.by_revision[bad.rev] = bad
    fetch()
    assert answer("select count(*) from raw.pictures").item() == PICTURES
    assert answer("select count(*) from raw.store_cursors").item() == 1


@pytest.mark.parametrize("trouble", ["revoked", "unlinked", "scope", "folder", "download scope"])
def test_what_only_a_person_can_mend_fails_at_once_and_touches_nothing(
    installation: "DrawnMeter", dropbox_emulator: "DropboxEmulator", prefect_server: str, trouble: str
) -> None:
    home, settings = installation.home, installation.home / "smartmeter.toml"
    match trouble:
        case "revoked":
            dropbox_emulator.tokens.revoke_all()
        case "unlinked":
            (home / "secrets" / "dropbox.json").unlink()
        case "scope":
            dropbox_emulator.link(home, ("files.content.write",))
        case "download scope":
            dropbox_emulator.link(home, ("files.metadata.read",))
        case "folder":
            settings.write_text(settings.read_text().replace("dropbox:/", "dropbox:/nowhere"))
    says = {
        "revoked": "no longer accepts the link",
        "unlinked": "no Dropbox is linked",
        "scope": "files.metadata.read",
        "folder": "/nowhere is no folder",
        "download scope": "files.content.read",
    }
    before = dropbox_emulator.files.paths()
    dropbox_emulator.calls.clear()
    state = ingest(return_state=True)
    assert state.is_failed()
    with pytest.raises(StoreError, match=says[trouble]):
        state.result()
    assert dropbox_emulator.calls["oauth2/token"] <= 2  # listing and fetching
    assert max(dropbox_emulator.calls.values(), default=0) <= load_settings().store.downloads_at_once
    assert dropbox_emulator.files.paths() == before
    assert not list((home / "archive").rglob("*.jpg")) if (home / "archive").exists() else True


def test_the_command_says_what_to_do_in_one_sentence(
    installation: "DrawnMeter", dropbox_emulator: "DropboxEmulator", prefect_server: str
) -> None:
    dropbox_emulator.tokens.revoke_all()
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "ingest", "--home", str(installation.home)],
        env={**os.environ, "PREFECT_API_URL": prefect_server},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.split("\n", 1)[0] == (
        "Dropbox no longer accepts the link (invalid_access_token): run `link-dropbox` again"
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
