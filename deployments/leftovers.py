"""What an earlier process left on the Prefect server: runs that nobody served, runs that nobody will end."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

# Tag of the run that serving asks for when it starts; a stale one is no person's wish.
AT_START = "at-start"
PAGE = 200
BEGUN = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
PROCESSES = Path("/proc")
log = logging.getLogger("deployments.leftovers")


def drop_missed(deployment: str, older_than: timedelta, message: str, *, keep_asked: bool = False) -> int:
    """Cancel runs that were due while nobody served them; Prefect would run every one on return.

    Args:
        deployment: As `flow/name`; one that does not exist has none.
        older_than: Runs due longer ago than this.
        message: What the run's page says.
        keep_asked: Leave runs alone that a person asked for.

    Returns:
        How many were cancelled.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    due = FlowRunFilterExpectedStartTime.model_validate({"before_": datetime.now(UTC) - older_than})
    missed = FlowRunFilter(state=_in([StateType.SCHEDULED]), expected_start_time=due)
    state: State[Any] = Cancelled(name="Missed", message=message)
    with get_client(sync_client=True) as client:
        stale = [
            run.id
            for run in _runs(client, deployment, missed)
            if run.auto_scheduled or AT_START in run.tags or not keep_asked
        ]
        for run_id in stale:
            client.set_flow_run_state(run_id, state, force=True)
    if stale:
        log.info("%s: %d runs that were due meanwhile are cancelled", deployment, len(stale))
    return len(stale)


def crash_dead(deployment: str) -> int:
    """End runs whose process died without a word, as in a power cut; how many.

    Such a run would show as Running for ever, and hold its deployment's only slot for five minutes. A run
    that goes on although whoever served it is gone has a process here, and is left alone.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    if not PROCESSES.is_dir():
        return 0
    state: State[Any] = Crashed(message="Its process is gone: a power cut, or it was killed.")
    with get_client(sync_client=True) as client:
        begun = list(_runs(client, deployment, FlowRunFilter(state=_in(BEGUN))))
        alive = processes() if begun else ""
        dead = [run.id for run in begun if str(run.id) not in alive]
        for run_id in dead:
            client.set_flow_run_state(run_id, state, force=True)
    if dead:
        log.warning("%s: %d runs whose process is gone are ended", deployment, len(dead))
    return len(dead)


def processes() -> str:
    """The environments of this user's processes: a flow run's process has the run's id there."""
    found = []
    for environment in PROCESSES.glob("[0-9]*/environ"):
        try:
            found.append(environment.read_bytes().decode(errors="replace"))
        except OSError:  # another user's, or it has just ended
            continue
    return "\n".join(found)


def _in(types: list[StateType]) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=types))


def _runs(client: SyncPrefectClient, deployment: str, only: FlowRunFilter) -> Iterator[FlowRun]:
    try:
        found = client.read_deployment_by_name(deployment)
    except ObjectNotFound:
        return
    here = DeploymentFilter(id=DeploymentFilterId(any_=[found.id]))
    offset = 0
    while page := client.read_flow_runs(
        deployment_filter=here, flow_run_filter=only, limit=PAGE, offset=offset
    ):
        yield from page
        offset += len(page)
