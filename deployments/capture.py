"""`python -m deployments.capture`: serve `capture/<camera>` on the Pi, for as long as it takes."""

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.backend import export_environment
from raspi_agent.settings import AgentSettings, SettingsError, load_settings

if TYPE_CHECKING:
    from deployments.keeping import Deployed

AGAIN_S = 15.0
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # slots are counted from midnight UTC
log = logging.getLogger("deployments.capture")


def main() -> int:
    """Serve the capture flow until SIGTERM; a Prefect server that is away is waited for."""
    parser = argparse.ArgumentParser(prog="python -m deployments.capture", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("SMARTMETER_HOME", "var")))
    home: Path = parser.parse_args().home
    export_environment(home)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each poll would wear out the card
    try:
        settings = load_settings(home)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
        return 2
    stopping = threading.Event()
    while not stopping.is_set():
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())  # serving has a handler of its own
        try:
            _serve(settings)
        except Exception as error:  # noqa: BLE001  (whatever ended it, the agent goes on without us)
            log.warning("%s: next attempt in %.0f s; the agent takes the pictures", _brief(error), AGAIN_S)
            signal.signal(signal.SIGTERM, lambda *_: stopping.set())
            stopping.wait(AGAIN_S)
        else:
            return 0
    return 0


def _serve(settings: AgentSettings) -> None:
    from prefect import serve

    from deployments.keeping import deployment_keeping_pauses

    entry = deployed(settings)
    drop_missed(f"{entry.flow.name}/{entry.name}", settings.schedule.window)
    serve(deployment_keeping_pauses(entry), limit=1, pause_on_shutdown=False, print_starting_message=False)


def deployed(settings: AgentSettings) -> "Deployed":
    """The camera's entry; without an interval it is run on demand, and the agent keeps the daily times."""
    from prefect.schedules import Schedule

    from deployments.keeping import SLUG, Deployed
    from flows.capture import capture

    minutes = timedelta(minutes=settings.interval_minutes)
    schedule = Schedule(interval=minutes, anchor_date=EPOCH, slug=SLUG) if minutes else None
    return Deployed(capture, settings.camera, schedule, ("smartmeter", "pi"))


def drop_missed(deployment: str, older_than: timedelta) -> int:
    """Cancel runs that were due while nobody served them; the agent has taken their slots. How many."""
    from prefect import get_client
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import State, StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Cancelled

    due = FlowRunFilterExpectedStartTime.model_validate({"before_": datetime.now(UTC) - older_than})
    missed = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=due,
    )
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except ObjectNotFound:
            return 0
        only = DeploymentFilter(id=DeploymentFilterId(any_=[found.id]))
        dropped = 0
        while runs := client.read_flow_runs(deployment_filter=only, flow_run_filter=missed, limit=200):
            for run in runs:
                state: State[Any] = Cancelled(name="Missed", message="Too late; the agent took its slot.")
                client.set_flow_run_state(run.id, state, force=True)
            dropped += len(runs)
        if dropped:
            log.info("%d runs that were due meanwhile are cancelled", dropped)
        return dropped


def _brief(error: BaseException) -> str:
    """The innermost reason on one line: Prefect wraps its own in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"the Prefect server at {os.environ['PREFECT_API_URL']} cannot be used ({type(error).__name__})"


if __name__ == "__main__":
    sys.exit(main())
