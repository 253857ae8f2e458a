"""The demo's Dropbox, without the meter and without Prefect."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.playground.dropbox_demo import (
    URL,
    camera_home,
    dropbox_playground,
    is_archived,
    upload_past_troubles,
)
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.store import StoreRefused
from tasks.backup import free_batch, plan_backup
from tasks.custody import Fate
from tasks.fetch import fetch_batch, list_new_pictures, prepare_warehouse
from tasks.settings import load_settings

TAKEN_AT = datetime(2026, 9, 1, 10, tzinfo=UTC)


def test_pictures_pass_troubles_are_archived_and_leave(home: Path) -> None:
    settings = home / "smartmeter.toml"
    settings.write_text(settings.read_text().replace("[meters", f'[store]\nurl = "{URL}"\n\n[meters', 1))
    outbox = Outbox(home / "outbox")
    for number in range(5):
        at = TAKEN_AT + timedelta(minutes=15 * number)
        facts = CaptureFacts(camera="cellar", taken_at=at, clock_synchronised=True, slot_at=at)
        outbox.add(b"picture %d" % number, facts)
    outside = dict(os.environ)
    with dropbox_playground(home) as emulator:
        assert upload_past_troubles(emulator, home, outbox) == 3
        assert len(emulator.files.paths()) == 5
        with pytest.raises(StoreRefused):
            open_store(URL, camera_home(home)).list()
        assert not is_archived(emulator, home / "archive")
        prepare_warehouse.fn(load_settings())
        fetch_batch.fn(load_settings(), list_new_pictures.fn(load_settings()).revisions)
        assert is_archived(emulator, home / "archive")
        plan = plan_backup.fn(load_settings(), 0, 0)
        assert free_batch.fn(load_settings(), plan.of(Fate.FREE)).freed == 5
        assert not emulator.files.paths()
    assert dict(os.environ) == outside
