"""Real faults, told once when they begin and once when they are over, at real receivers."""

from datetime import date, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
import pytest

from flows.ingest import ingest
from flows.watch import watch
from tasks.looking import look_around, newest_runs
from tasks.settings import load_settings
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from tests.flows.conftest import Watched

pytestmark = pytest.mark.prefect
REGISTER = "home/1-0:1.8.0"


def test_a_camera_falls_silent_comes_back_in_the_dark_with_a_wrong_clock_and_is_mended(
    watched: "Watched",
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

    watched.now_at += 9 * timedelta(minutes=1)  # within what a camera's clock may be ahead
    watched.take(range(9, 0, -1))
    ingest()
    watched.watch()
    assert watched.told() == [
        "over: the clock of cellar is off",
        f"over: {REGISTER} cannot be read: pictures are dark",
    ]
    assert [each.at for each in watched.receivers.received] == ["/ping"] * 5, "no fault of this machine"


def test_a_dropbox_is_unlinked_full_and_away(
    watched: "Watched", dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
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


def test_a_store_that_hangs_is_told_of_and_holds_up_no_watch(
    home: Path, dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_STORE__URL", "dropbox:/")
    dropbox_emulator.link(home)
    answering = Event()
    dropbox_emulator.fail("users/get_space_usage", before=answering.wait)
    assert look_around(load_settings(), None, patience_s=0.5).store.trouble == "no answer within 0 s"
    answering.set()
    assert look_around(load_settings(), None).store.trouble is None


def test_a_meters_first_register_is_told_from_its_further_ones(home: Path) -> None:
    text = (home / "smartmeter.toml").read_text(encoding="utf-8")
    further = '\nregisters = [{ obis_code = "1-0:2.8.0", window = [210, 260, 420, 310] }]\n'
    start = text.index("\n", text.index("[meters."))
    (home / "smartmeter.toml").write_text(text[:start] + further + text[start:], encoding="utf-8")
    with open_warehouse(home / "smartmeter.duckdb") as warehouse:
        migrate(warehouse)
    registers = look_around(load_settings(), None).registers
    assert [each.is_first for each in registers or ()] == [True, False]


def test_the_agent_reports_a_full_card_a_full_outbox_undervoltage_heat_and_restarts(
    watched: "Watched",
) -> None:
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


def test_no_ingest_succeeds_and_a_run_fails(watched: "Watched") -> None:
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


def test_what_fails_once_a_week_is_not_forgotten_for_what_runs_every_minutes(prefect_server: str) -> None:
    from prefect import get_client
    from prefect.states import Completed, Failed

    from deployments.catalogue import catalogue
    from deployments.keeping import deployment

    entries = {each.flow.name: each for each in catalogue(load_settings())}
    weekly, often, asked = (deployment(entries[name]).apply() for name in ("keep-home", "watch", "evaluate"))
    assert isinstance(weekly, UUID)
    assert isinstance(often, UUID)
    assert isinstance(asked, UUID)
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(weekly, state=Failed())
        for _ in range(200):
            client.create_flow_run_from_deployment(often, state=Completed())
        client.create_flow_run_from_deployment(asked, state=Completed())
        found = {run.deployment: (run.failures, run.is_repeated) for run in newest_runs() or ()}
        client.create_flow_run_from_deployment(weekly, state=Completed())  # other tests share the server
    assert found["keep-home/home"] == (1, True)
    assert found["evaluate/home"] == (0, False)


def test_the_warehouse_breaks_and_is_brought_back(watched: "Watched") -> None:
    watched.take(range(10, 0, -1))
    watched.arrive()
    live = load_settings().warehouse
    good = live.read_bytes()
    live.write_bytes(b"no database" * 1000)
    watched.watch()
    watched.watch_later(0.2)
    assert watched.told() == ["the warehouse cannot be opened"]
    live.write_bytes(good)
    watched.watch()
    assert watched.told() == ["over: the warehouse cannot be opened"]


def test_the_base_load_jumps_and_becomes_usual(watched: "Watched") -> None:
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
