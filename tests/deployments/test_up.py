"""`smartmeter up` for real: a server, the catalogue, and a schedule that plans."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Failed

from deployments.leftovers import AT_START
from flows.backend import free_port

PATIENCE_S = 240
YEARLY = "0 0 1 1 *"


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    """The API of an installation that `smartmeter up` runs."""
    address = f"http://127.0.0.1:{free_port()}/api"
    environment = {**os.environ, "PREFECT_API_URL": address}
    environment["SMARTMETER_REPORT__ADDRESS"] = f"http://127.0.0.1:{free_port()}"
    environment["SMARTMETER_HOME"] = str(home)
    # A slot that comes first would do the work of the run at the start, which is then cancelled.
    environment |= {"SMARTMETER_SCHEDULE__INGEST": YEARLY, "SMARTMETER_SCHEDULE__WATCH": YEARLY}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "up", "--home", str(home)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield address
    process.send_signal(signal.SIGTERM)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert address.removesuffix("/api") in shown


def runs(address: str, **only: object) -> list[dict[str, object]]:
    try:
        answer = httpx.post(f"{address}/flow_runs/filter", json={"flow_runs": only}, timeout=10)
    except httpx.HTTPError:
        return []
    return list(answer.json()) if answer.status_code == httpx.codes.OK else []


def wait_for(address: str, **only: object) -> dict[str, object]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := runs(address, **only):
            return found[0]
        time.sleep(1)
    pytest.fail(f"no flow run {only} within {PATIENCE_S} s")


def test_the_first_ingest_comes_at_once_and_the_schedule_plans_the_next(home: Path, address: str) -> None:
    at_start = wait_for(address, tags={"all_": [AT_START]}, state={"type": {"any_": ["COMPLETED"]}})
    assert at_start["auto_scheduled"] is False
    assert (home / "site" / "index.html").is_file()
    again = subprocess.run(
        [sys.executable, "-m", "flows.cli", "up", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert "runs already" in again.stderr
    # A server that is healthy and plans nothing is how a wrong version of one library shows itself.
    assert wait_for(address, tags={"all_": ["auto-scheduled"]})["auto_scheduled"] is True
    asked = subprocess.run(
        [sys.executable, "-m", "prefect", "deployment", "run", "ingest/home", "--param", "meter=home"],
        env={**os.environ, "PREFECT_API_URL": address},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ingest" in asked.stdout
    assert_a_failed_run_is_looked_at(address)


def assert_a_failed_run_is_looked_at(address: str) -> None:
    """The server's automation starts a watch, whose schedule is years away, as soon as a run fails."""
    names = {each["name"] for each in httpx.post(f"{address}/automations/filter", json={}, timeout=10).json()}
    assert names == {
        f"smartmeter: {name}" for name in ("look when a run fails", "end zombies", "drop late runs")
    }
    # Prefect's own client asks again where the database is busy.
    with SyncPrefectClient(address) as client:
        backup = client.read_deployment_by_name("backup/home")
        run = client.create_flow_run_from_deployment(backup.id)
        client.set_flow_run_state(run.id, Failed(message="the disk refuses"), force=True)
    watch = wait_for(address, name={"like_": "watch-"}, state={"type": {"any_": ["COMPLETED"]}})
    assert watch["parameters"] == {"because": "a run failed or crashed"}
