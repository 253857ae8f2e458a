"""How people are told: dead channels, a block of Prefect, a full disk, lists and silence."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from typer.testing import CliRunner

from flows.cli import app
from flows.watch import watch
from tasks.settings import SettingsError, load_settings
from tasks.watch import deliver, judge, look, try_channels
from tasks.watching.book import Book
from tasks.watching.book_file import change_book

if TYPE_CHECKING:
    from flows.playground.receivers import Receivers
    from tests.flows.conftest import Watched

pytestmark = pytest.mark.prefect
PLACES = ("mail", "/sesame-topic", "/hook/sesame-hook")


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A disk of 64 MB on which the home folder lies."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(home)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a disk can't be mounted here: that takes root")
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=False)


def test_the_disk_of_this_machine_fills(
    small_disk: Path, receivers: "Receivers", prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_disk / "smartmeter.toml").write_text('[meters.home]\ncamera = "cellar"\ndigits = 7\n')
    monkeypatch.setenv("SMARTMETER_ALERT_URLS", receivers.webhook)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(63_000_000))
    watch()
    filler.unlink()
    watch()
    settings = load_settings()
    seen = look.fn(settings)
    judge.fn(settings, replace(seen, now_at=seen.now_at + timedelta(minutes=11)))
    deliver.fn(settings)
    assert [each.subject for each in receivers.received] == [
        "SmartMeter: the disk of this machine is filling",
        "SmartMeter: over: the disk of this machine is filling",
    ]


def test_a_dead_channel_holds_up_nobody_and_gets_its_messages_later(
    watched: "Watched", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.watching.channels.FIRST_PAUSE_S", 0.01)
    watched.receivers.refused["mail"] = 3
    watched.take(range(60, 40, -1))
    watched.arrive()
    assert watch()["undelivered"] == 1
    assert [len(watched.receivers.at(place)) for place in PLACES] == [0, 1, 1]
    assert watch()["undelivered"] == 0
    assert watched.told() == ["no picture from cellar"]


def test_a_block_of_prefect_is_a_channel_too(watched: "Watched", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.watching.channels.FIRST_PAUSE_S", 0.01)
    block = CustomWebhookNotificationBlock.model_validate(
        {
            "name": "home",
            "url": f"http://127.0.0.1:{watched.receivers.http_port}/block",
            "json_data": {"title": "{{subject}}", "message": "{{body}}"},
        }
    )
    block.save("alerts", overwrite=True)
    monkeypatch.setenv("SMARTMETER_ALERTS__PREFECT_BLOCK", "custom-webhook/alerts")
    watched.receivers.refused["/block"] = 1
    watched.take(range(60, 40, -1))
    watched.arrive()
    watched.watch()
    watched.watch()
    assert watched.told() == ["no picture from cellar"]
    assert [each.subject for each in watched.receivers.at("/block")] == ["SmartMeter: no picture from cellar"]
    monkeypatch.setenv("SMARTMETER_ALERTS__PREFECT_BLOCK", "custom-webhook/nobody")
    assert "did not take" in str(try_channels(load_settings())["custom-webhook/nobody"])


def test_settings_that_an_edit_has_spoilt_are_told_and_so_is_their_mending(watched: "Watched") -> None:
    settings = watched.home / "smartmeter.toml"
    good = settings.read_text()
    watched.take(range(60, 40, -1))
    watched.arrive()
    watched.watch()
    assert watched.told() == ["no picture from cellar"]
    settings.write_text(good.replace("digits = 7", "digits = 70"))
    with pytest.raises(SettingsError):
        watch()
    assert watched.told() == [], "somebody is editing them, perhaps"

    change_book(watched.home, five_minutes_older)
    for _ in range(2):
        with pytest.raises(SettingsError):
            watch()
    assert "meters.home.digits" in watched.last().text
    assert watched.told() == ["the settings can't be used"]
    settings.write_text(good)
    watched.watch_later(3, ingested=False)
    assert watched.told() == ["over: the settings can't be used"], (
        "and not that meanwhile no ingest succeeded"
    )
    watched.watch_later(6, ingested=False)
    assert watched.told() == ["no ingest succeeds"]


def five_minutes_older(book: Book) -> Book:
    seen = book.incidents["settings"]
    older = replace(seen, seen_at=seen.seen_at - timedelta(minutes=5))
    return replace(book, incidents={**book.incidents, "settings": older})


def test_people_list_silence_and_try(watched: "Watched") -> None:
    run = CliRunner().invoke
    assert "Nothing is wrong." in run(app, ["watch", "--list"]).stdout
    watched.take(range(60, 40, -1))
    watched.arrive()
    watched.watch()
    watched.told()
    shown = run(app, ["watch", "--list"]).stdout
    assert "silent:cellar" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert json.loads(run(app, ["watch", "--list", "--json"]).stdout)[0]["id"] == "silent:cellar"
    assert run(app, ["watch", "--silence", "silent:cellar"]).exit_code == 0
    assert "silenced" in run(app, ["watch", "--list"]).stdout
    watched.take(range(3, 0, -1))
    watched.arrive()
    watched.watch()
    assert watched.told() == []
    tried = run(app, ["watch", "--test"])
    assert tried.exit_code == 0
    assert tried.stdout.count("sent") == 3
    assert watched.told() == ["test message"]
    shutil.rmtree(watched.home / "secrets")
    assert "no channel" in str(run(app, ["watch", "--test"]).exception)
    assert "no open incident" in str(run(app, ["watch", "--silence", "nonsense"]).exception)
