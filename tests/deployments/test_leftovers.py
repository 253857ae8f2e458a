"""What serving finds when it comes back: a real server, real runs, real processes."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.prefect
HOUR = timedelta(hours=1)


@pytest.fixture
def report_id(prefect_server: str, home: Path) -> Iterator[UUID]:
    """A deployment that admits one run at a time; gone afterwards, its runs with it."""
    from prefect import get_client

    from deployments.keeping import Deployed, deployment
    from flows.report import report

    deployed = deployment(Deployed(report, "leftovers", None)).apply()
    assert isinstance(deployed, UUID)
    yield deployed
    with get_client(sync_client=True) as client:
        client.delete_deployment(deployed)


def run_due(deployment_id: UUID, due_at: datetime, *tags: str) -> UUID:
    from prefect import get_client
    from prefect.client.schemas.objects import State
    from prefect.states import Scheduled

    with get_client(sync_client=True) as client:
        state: State[Any] = Scheduled(scheduled_time=due_at)
        run = client.create_flow_run_from_deployment(deployment_id, state=state, tags=tags)
    return run.id


def begin(run_id: UUID) -> str:
    """What becomes of a run that is claimed and started: its state's name."""
    from prefect import get_client
    from prefect.states import Pending, Running

    with get_client(sync_client=True) as client:
        if client.set_flow_run_state(run_id, Pending()).status.value == "ACCEPT":
            client.set_flow_run_state(run_id, Running())
    return state_of(run_id)


def state_of(run_id: UUID) -> str:
    from prefect import get_client

    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(run_id).state_name)


def test_what_nobody_served_is_dropped_but_a_persons_wish_stays(report_id: UUID) -> None:
    from deployments.leftovers import AT_START, drop_missed

    now_at = datetime.now(UTC)
    wish = run_due(report_id, now_at - HOUR)
    of_a_start = run_due(report_id, now_at - HOUR, AT_START)
    to_come = run_due(report_id, now_at + HOUR, AT_START)
    assert drop_missed("report/leftovers", HOUR / 2, "Missed.", keep_asked=True) == 1
    assert [state_of(each) for each in (wish, of_a_start, to_come)] == ["Scheduled", "Missed", "Scheduled"]
    assert drop_missed("report/leftovers", HOUR / 2, "Missed.") == 1
    assert drop_missed("report/nowhere", HOUR, "Missed.") == 0


def test_a_run_without_a_process_is_ended_and_its_slot_is_free_at_once(report_id: UUID) -> None:
    from deployments.leftovers import crash_dead

    now_at = datetime.now(UTC)
    dead = run_due(report_id, now_at)
    assert begin(dead) == "Running"
    assert begin(run_due(report_id, now_at)) == "Cancelled"
    assert crash_dead("report/leftovers") == 1
    assert state_of(dead) == "Crashed"
    assert begin(run_due(report_id, now_at)) == "Running"


def test_a_run_that_lives_on_without_its_server_is_left_alone(report_id: UUID) -> None:
    from deployments.leftovers import crash_dead

    alive = run_due(report_id, datetime.now(UTC))
    assert begin(alive) == "Running"
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(
        waiting, env={"PREFECT__FLOW_RUN_ID": str(alive)}, stdin=subprocess.PIPE
    ) as process:
        assert crash_dead("report/leftovers") == 0
        process.kill()
    assert crash_dead("report/leftovers") == 1
