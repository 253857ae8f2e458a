"""Real faults, told once when they begin and once when they are over, at real receivers."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from typer.testing import CliRunner

from flows.cli import app
from flows.ingest import ingest
from flows.watch import watch
from models.rendering.meter import draw_frame, encode_jpeg
from raspi_agent.capture_facts import CaptureFacts, embed_facts
from raspi_agent.picture_key import synced_key
from tasks.fetch import fetch_batch, keep_cursor, list_new_pictures, prepare_warehouse
from tasks.settings import load_settings
from tasks.watch import deliver, give_sign_of_life, judge, look, try_channels
from tasks.watching.channels import SECRETS
from tests.flows.conftest import FACE
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from flows.playground.receivers import Received, Receivers
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect
PLACES = ("mail", "/sesame-topic", "/hook/sesame-hook")
REGISTER = "home/1-0:1.8.0"
MINUTE = timedelta(minutes=1)


@dataclass
class Watched:
    """An installation with three channels and a ping, whose pictures come every minute."""

    meter: "DrawnMeter"
    receivers: "Receivers"

    def __post_init__(self) -> None:
        self.now_at = datetime.now(UTC).replace(microsecond=0)
        self.units = 36109

    @property
    def home(self) -> Path:
        return self.meter.home

    def take(self, ago: range, *, dark: bool = False, synchronised: bool = True) -> None:
        """A picture of each minute so long ago, in the store."""
        for minute in ago:
            self.units += 1
            at = self.now_at - minute * MINUTE
            data = encode_jpeg(draw_frame(FACE, float(self.units), seed=self.units) // (40 if dark else 1))
            facts = CaptureFacts("cellar", at, clock_synchronised=synchronised)
            self.meter.put(synced_key("cellar", at, self.units), embed_facts(data, facts))

    def arrive(self) -> None:
        """What is in the store is fetched, as an ingest does it first."""
        settings = load_settings()
        prepare_warehouse.fn(settings)
        listing = list_new_pictures.fn(settings)
        fetch_batch.fn(settings, listing.revisions)
        keep_cursor.fn(settings, listing.cursor)

    def report(self, hours: int, **changes: object) -> None:
        """A report of the agent's health, so many hours from now."""
        at = self.now_at + timedelta(hours=hours)
        fields = {
            "camera": "cellar",
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "disk_free_bytes": 8_000,
            "disk_total_bytes": 16_000,
            "outbox": {"waiting": 0, "dropped": 0},
            "throttled": [],
            "temperature_c": 40.0,
            "clock_synchronised": True,
            "restarts": 3,
        }
        path = self.home / "health" / "cellar" / f"{at:%Y%m%d}" / f"{at:%Y%m%d_%H}0000Z.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fields | changes))

    def watch(self) -> None:
        """What the flow does, without a run of it."""
        settings = load_settings()
        judge.fn(settings, look.fn(settings))
        deliver.fn(settings)
        give_sign_of_life.fn(settings)

    def watch_later(self, hours: float, *, ingested: bool = True) -> None:
        """A watch in so many hours, up to which ingests went on or did not."""
        settings = load_settings()
        seen = look.fn(settings)
        later = seen.now_at + timedelta(hours=hours)
        if ingested:
            seen = replace(seen, store=replace(seen.store, listed_at=later), published_at=later)
            seen = replace(seen, cameras=tuple(replace(each, taken_at=()) for each in seen.cameras or ()))
        judge.fn(settings, replace(seen, now_at=later))
        deliver.fn(settings)

    def told(self) -> list[str]:
        """The subjects that the webhook got since the last question; every channel got the same."""
        subjects = [[each.subject for each in self.receivers.at(place)] for place in PLACES]
        assert subjects[0] == subjects[1] == subjects[2]
        assert max(Counter(subjects[0]).values(), default=1) == 1, "nothing is told twice"
        self.receivers.received = [each for each in self.receivers.received if each.at not in PLACES]
        return [subject.removeprefix("SmartMeter: ") for subject in subjects[0]]

    def last(self) -> "Received":
        return self.receivers.at("mail")[-1]


@pytest.fixture
def watched(
    drawn_meter: "DrawnMeter", receivers: "Receivers", prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> Watched:
    path = drawn_meter.home / SECRETS
    path.parent.mkdir()
    path.write_text(f"{receivers.mail}\n{receivers.ntfy}\n{receivers.webhook}")
    path.chmod(0o600)
    monkeypatch.setenv("SMARTMETER_ALERTS__PING_URL", f"http://127.0.0.1:{receivers.http_port}/ping")
    return Watched(drawn_meter, receivers)


def test_a_camera_falls_silent_comes_back_in_the_dark_with_a_wrong_clock_and_is_mended(
    watched: Watched,
) -> None:
    watched.take(range(60, 40, -1))
    ingest()
    watch()
    message = watched.last()
    assert "has sent no picture for 4" in message.text
    assert "smartmeter watch --silence silent:cellar" in message.text
    (name, picture), *_ = message.attachments
    assert name.endswith(".jpg")
    assert b"clock_synchronised" not in picture, "what leaves the house has no metadata"
    watched.watch()
    assert watched.told() == ["no picture from cellar"]

    watched.take(range(30, 14, -1), dark=True, synchronised=False)
    watched.take(range(3, 1, -1), dark=True, synchronised=False)
    ingest()
    watched.watch()
    assert watched.told() == [
        "the clock of cellar is off",
        "over: no picture from cellar",
        f"{REGISTER} cannot be read: pictures are dark",
    ]
    watched.watch()
    assert watched.told() == []

    watched.now_at += 9 * MINUTE  # within what a camera's clock may be ahead
    watched.take(range(9, 0, -1))
    ingest()
    watched.watch()
    assert watched.told() == [
        "over: the clock of cellar is off",
        f"over: {REGISTER} cannot be read: pictures are dark",
    ]
    assert [each.at for each in watched.receivers.received] == ["/ping"] * 5, "no fault of this machine"


def test_a_dropbox_is_unlinked_full_and_away(
    watched: Watched, dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_STORE__URL", "dropbox:/")
    dropbox_emulator.link(watched.home)
    watched.arrive()
    watched.watch()
    dropbox_emulator.tokens.revoke_all()
    watched.watch()
    assert "link-dropbox" in watched.last().text
    assert watched.told() == ["the store refuses"]
    assert watched.receivers.received[-1].at == "/ping/fail"
    dropbox_emulator.link(watched.home)
    watched.watch()
    assert watched.told() == ["over: the store refuses"]
    assert watched.receivers.received[-1].at == "/ping"

    dropbox_emulator.files.put("/other.bin", bytes(9_500))
    monkeypatch.setattr(dropbox_emulator.files, "quota_bytes", 10_000)
    watched.watch()
    assert watched.told() == ["the store is filling"]
    dropbox_emulator.files.quota_bytes = 100_000
    watched.watch()
    watched.watch_later(0.6)
    assert watched.told() == ["over: the store is filling"]

    dropbox_emulator.fail("users/get_space_usage", status=503, times=2)
    watched.watch_later(1)
    watched.watch_later(2.1)
    assert watched.told() == ["the store does not answer"]
    watched.watch_later(3)
    watched.watch_later(3.3)
    assert watched.told() == ["over: the store does not answer"]


def test_the_agent_reports_a_full_card_a_full_outbox_undervoltage_heat_and_restarts(watched: Watched) -> None:
    watched.take(range(10, 0, -1))
    watched.arrive()
    watched.report(-2)
    watched.report(-1)
    watched.watch()
    assert watched.told() == []
    watched.report(
        0,
        disk_free_bytes=900,
        outbox={"waiting": 140, "dropped": 0},
        throttled=["undervoltage"],
        temperature_c=84,
        restarts=9,
    )
    watched.watch()
    watched.watch()
    assert watched.told() == [
        "the disk of cellar is filling",
        "cellar is too hot",
        "pictures wait at cellar",
        "weak power supply at cellar",
        "the agent of cellar starts again and again",
    ]
    for hour in range(1, 27):
        watched.report(hour, restarts=9)
    watched.watch_later(26)
    assert watched.told() == [
        "over: weak power supply at cellar",
        "over: the agent of cellar starts again and again",
    ]
    watched.watch_later(28.5)
    assert watched.told() == [
        "over: the disk of cellar is filling",
        "over: cellar is too hot",
        "over: pictures wait at cellar",
    ]


def test_no_ingest_succeeds_and_a_run_fails(watched: Watched) -> None:
    from prefect import get_client
    from prefect.states import Completed, Failed

    from deployments.catalogue import catalogue
    from deployments.keeping import deployment

    watched.take(range(10, 0, -1))
    ingest()
    entry = next(each for each in catalogue(load_settings()) if each.flow.name == "backup")
    deployment_id = deployment(entry).apply()
    assert isinstance(deployment_id, UUID)
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment_id)
        client.set_flow_run_state(run.id, Failed(message="the disk refuses"), force=True)
    watched.watch()
    assert "the disk refuses" in watched.last().text
    assert watched.told() == ["backup/home fails"]
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment_id)
        client.set_flow_run_state(run.id, Completed(), force=True)
    watched.watch()
    assert watched.told() == ["over: backup/home fails"]
    watched.watch_later(2.5, ingested=False)
    watched.watch_later(2.6, ingested=False)
    assert watched.told() == ["no ingest succeeds"]
    ingest()
    watched.watch()
    assert watched.told() == ["over: no ingest succeeds"]


def test_the_warehouse_breaks_and_is_brought_back(watched: Watched) -> None:
    watched.take(range(10, 0, -1))
    watched.arrive()
    live = load_settings().warehouse
    good = live.read_bytes()
    live.write_bytes(b"no database" * 1000)
    watched.watch()
    watched.watch_later(0.1)
    assert watched.told() == ["the warehouse cannot be opened"]
    live.write_bytes(good)
    watched.watch()
    assert watched.told() == ["over: the warehouse cannot be opened"]


def test_the_base_load_jumps_and_becomes_usual(watched: Watched) -> None:
    watched.take(range(10, 0, -1))
    watched.arrive()

    def nights(*loads: float) -> None:
        today = date(2026, 11, 1)
        frame = pl.DataFrame(
            {
                "register_id": REGISTER,
                "local_date": [today + timedelta(days=number) for number in range(len(loads))],
                "base_load_w": [int(load) for load in loads],
            }
        )
        zeros = dict.fromkeys(
            ("energy_wh", "estimated_wh", "peak_w", "n_readings", "n_accepted", "n_repaired"), 0
        )
        instants = dict.fromkeys(("start_at", "end_at", "peak_at"), watched.now_at)
        with open_warehouse(load_settings().warehouse) as warehouse:
            warehouse.script("delete from core.interval_day")
            warehouse.merge(
                "core.interval_day",
                frame.with_columns(**{name: pl.lit(value) for name, value in (zeros | instants).items()}),
                keys=["register_id", "local_date"],
            )

    usual = [100.0 + number % 4 for number in range(28)]
    nights(*usual, 180, 175, 181)
    watched.watch()
    watched.watch()
    assert "78 W more than the usual 102 W" in watched.last().text
    assert watched.told() == [f"base load of {REGISTER} jumped"]
    nights(*usual, *[180] * 20)
    watched.watch()
    assert watched.told() == [f"over: base load of {REGISTER} jumped"]


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
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.watching.channels.FIRST_PAUSE_S", 0.01)
    watched.receivers.refused["mail"] = 3
    watched.take(range(60, 40, -1))
    watched.arrive()
    assert watch()["undelivered"] == 1
    assert [len(watched.receivers.at(place)) for place in PLACES] == [0, 1, 1]
    assert watch()["undelivered"] == 0
    assert watched.told() == ["no picture from cellar"]


def test_a_block_of_prefect_is_a_channel_too(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_people_list_silence_and_try(watched: Watched) -> None:
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
