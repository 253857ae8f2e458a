"""`smartmeter doctor`: sound installations pass, and each fault is found with its remedy."""

import json
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelled, Scheduled
from typer.testing import Result

from deployments.catalogue import catalogue
from deployments.keeping import deployment, deployment_keeping_pauses
from tasks.examine_prefect import examine_prefect
from tasks.fetch import fetch_batch, keep_cursor, list_new_pictures, prepare_warehouse
from tasks.looking import look_around
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect


Commands = Callable[..., Result]


def findings(commands: Commands) -> dict[str, tuple[str, str]]:
    """Each check's verdict and its sentence with the remedy."""
    found = json.loads(commands("doctor", "--json").stdout)
    return {each["name"]: (each["verdict"], f"{each['sentence']} -> {each['remedy']}") for each in found}


@pytest.fixture
def sound(
    drawn_meter: "DrawnMeter", commands: Commands, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An installation with pictures of the last hour, a page, a channel, and its deployments."""
    secret = drawn_meter.home / "secrets" / "alerts"
    secret.parent.mkdir()
    secret.write_text("ntfys://ntfy.sh/sesame")
    secret.chmod(0o600)
    monkeypatch.setattr("tests.flows.conftest.STARTED_AT", datetime.now(UTC) - timedelta(minutes=150))
    for number in range(10):
        drawn_meter.put(drawn_meter.key(number), photo)
    settings = load_settings()
    prepare_warehouse.fn(settings)
    listing = list_new_pictures.fn(settings)
    fetch_batch.fn(settings, listing.revisions)
    keep_cursor.fn(settings, listing.cursor)
    settings.site.mkdir()
    settings.page.write_text("report")
    entry = catalogue(settings)[0]
    deployment_id = deployment(entry).apply()
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs():
            if run.deployment_id == deployment_id:
                client.set_flow_run_state(run.id, Cancelled(), force=True)
        due_at = datetime.now(UTC) + timedelta(minutes=5)
        client.create_flow_run_from_deployment(deployment_id, state=Scheduled(scheduled_time=due_at))  # type: ignore[arg-type]
    return drawn_meter.home


def test_a_sound_installation_passes_and_fits_the_terminal(sound: Path, commands: Commands) -> None:
    found = findings(commands)
    assert {name for name, (verdict, _) in found.items() if verdict == "fault"} == set()
    assert set(found) == {
        *("settings", "secrets", "alerts", "disk", "clock", "store", "warehouse", "camera", "reader"),
        *("prefect", "report", "backups", "watch"),
    }
    answer = commands("doctor")
    assert answer.exit_code == 0
    assert max(map(len, answer.stdout.splitlines())) <= 80
    assert "sesame" not in answer.stdout


def break_settings(home: Path) -> None:
    (home / "smartmeter.toml").write_text("colour = 'red'")


def show_secrets(home: Path) -> None:
    (home / "secrets" / "alerts").chmod(0o644)


def mistype_an_address(home: Path) -> None:
    with (home / "secrets" / "alerts").open("a") as file:
        file.write("\nmailto://\n")


def hide(path: Path) -> None:
    """Let a file be one that can't be read, whoever reads it."""
    path.unlink(missing_ok=True)
    path.symlink_to(path)


def hide_alerts(home: Path) -> None:
    hide(home / "secrets" / "alerts")


def hide_password(home: Path) -> None:
    hide(home / "secrets" / "prefect-auth")


def lose_store(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.write_text(path.read_text().replace("[meters", '[store]\nurl = "file:/nowhere"\n\n[meters', 1))


def break_warehouse(home: Path) -> None:
    (home / "smartmeter.duckdb").write_bytes(b"no database" * 1000)


def come_from_the_future(home: Path) -> None:
    with open_warehouse(home / "smartmeter.duckdb") as warehouse:
        warehouse.script("insert into schema_migrations values ('9999_later.sql', 'x', now())")


def fall_silent(home: Path) -> None:
    with open_warehouse(home / "smartmeter.duckdb") as warehouse:
        warehouse.script("update raw.pictures set taken_at = taken_at - interval 5 hour")


def let_the_page_grow_old(home: Path) -> None:
    import os

    long_ago = (datetime.now(UTC) - timedelta(hours=5)).timestamp()
    os.utime(home / "site" / "index.html", (long_ago, long_ago))


def lose_the_model(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.write_text(path.read_text().replace("[meters", '[reader]\nmodel = "/nowhere"\n\n[meters', 1))


def mistype_a_schedule(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.write_text(path.read_text().replace("[meters", '[schedule]\nbackup = "61 3 * * *"\n\n[meters', 1))


@pytest.mark.parametrize(
    ("harm", "name", "says"),
    [
        (break_settings, "settings", "colour"),
        (mistype_a_schedule, "schedule", "'61 3 * * *' in the table [schedule] is no cron"),
        (show_secrets, "secrets", "chmod 600"),
        (show_secrets, "alerts", "chmod 600"),
        (hide_alerts, "alerts", "as the user"),
        (mistype_an_address, "alerts", "Line 2 of secrets/alerts"),
        (hide_password, "api", "prefect-auth can't be read"),
        (lose_store, "store", "/nowhere"),
        (break_warehouse, "warehouse", "restore-home"),
        (come_from_the_future, "warehouse", "newer version"),
        (fall_silent, "camera", "has sent no picture for"),
        (let_the_page_grow_old, "report", "5 h old"),
        (lose_the_model, "reader", "/nowhere"),
    ],
)
def test_each_fault_is_found_with_its_remedy(
    sound: Path, commands: Commands, harm: Callable[[Path], None], name: str, says: str
) -> None:
    harm(sound)
    verdict, text = findings(commands)[name]
    assert verdict == "fault"
    assert says in text
    assert commands("doctor").exit_code == 1


def test_between_an_update_and_the_next_ingest_doctor_and_watch_wait(sound: Path, commands: Commands) -> None:
    with open_warehouse(sound / "smartmeter.duckdb") as warehouse:
        warehouse.script(
            "delete from schema_migrations where name = 'views/core.sql'; drop view core.cameras"
        )
    found = findings(commands)
    assert found["warehouse"][0] == "warning"
    assert "The next ingest" in found["warehouse"][1]
    assert "camera" not in found
    seen = look_around(load_settings(), None)
    assert (seen.cameras, seen.registers, seen.warehouse_trouble) == (None, None, None)
    assert seen.store.listed_at is not None


def test_the_watch_tells_of_a_warehouse_that_a_newer_version_has_written(sound: Path) -> None:
    come_from_the_future(sound)
    assert "newer version" in (look_around(load_settings(), None).warehouse_trouble or "")


def cancel_waiting(client: SyncPrefectClient, deployment_id: UUID) -> None:
    waiting = client.read_flow_runs(
        deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [deployment_id]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.SCHEDULED]}}}),
    )
    for run in waiting:
        client.set_flow_run_state(run.id, Cancelled(), force=True)


def test_a_server_that_is_away_or_knows_no_deployment_is_a_fault(
    sound: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name("ingest/home")
        cancel_waiting(client, found.id)
        assert "no run of ingest/home is scheduled" in findings(commands)["prefect"][1]
        client.delete_deployment(found.id)
    assert "begun, wait a minute. Start everything with: smartmeter up" in findings(commands)["prefect"][1]
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert findings(commands)["prefect"][0] == "fault"


@pytest.mark.parametrize(
    ("schedule", "cron", "is_told"),
    [("INGEST", "7 3 * * *", True), ("INGEST", "", True), ("KEEP_HOME", "7 3 * * *", True), ("", "", False)],
)
def test_times_that_count_only_once_it_is_started_again_are_told(
    sound: Path, monkeypatch: pytest.MonkeyPatch, schedule: str, cron: str, is_told: bool
) -> None:
    deployment_id = deployment(catalogue(load_settings())[3]).apply()  # keep-home
    assert isinstance(deployment_id, UUID)
    if schedule:
        monkeypatch.setenv(f"SMARTMETER_SCHEDULE__{schedule}", cron)
    found = examine_prefect(load_settings())
    with get_client(sync_client=True) as client:
        client.delete_deployment(deployment_id)
    name = f"{schedule.lower().replace('_', '-')}/home"
    assert found.sentence.endswith(f"other times for {name}") is is_told
    assert ("start it again" in found.remedy) is is_told


def test_an_ingest_on_demand_is_neither_paused_nor_late(
    sound: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_SCHEDULE__INGEST", "")
    let_the_page_grow_old(sound)
    deployment_id = deployment_keeping_pauses(catalogue(load_settings())[0]).apply()
    assert isinstance(deployment_id, UUID)
    with get_client(sync_client=True) as client:
        cancel_waiting(client, deployment_id)
    found = findings(commands)
    assert {name: found[name][0] for name in ("prefect", "report")} == {"prefect": "ok", "report": "ok"}
    assert "runs on demand" in found["prefect"][1]
    with get_client(sync_client=True) as client:
        client.pause_deployment(deployment_id)
        assert "is paused -> Resume it" in findings(commands)["prefect"][1]
        client.delete_deployment(deployment_id)


def test_an_empty_home_is_told_where_to_begin(home: Path, commands: Commands) -> None:
    shutil.rmtree(home)
    home.mkdir()
    answer = commands("doctor")
    assert answer.exit_code == 1
    assert "smartmeter init" in answer.stdout


def test_what_takes_calls_and_never_answers_is_not_to_be_started_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{mute.getsockname()[1]}/api")
        found = examine_prefect(load_settings(), patience_s=0.5)
    assert "ss -ltnp" in found.remedy
