"""`python -m deployments.capture`: serve `capture/<camera>` on the Pi, for as long as it takes."""

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.old_results import remove_daily
from flows.backend import export_environment
from flows.prefect_api import BackendError
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
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each poll would wear out the card
    try:
        export_environment(home)
        settings = load_settings(home)
    except (SettingsError, BackendError) as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
        return 2
    remove_daily(home)
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
    from deployments.leftovers import crash_dead, drop_missed

    entry = deployed(settings)
    crash_dead(entry.full_name)
    drop_missed(entry.full_name, settings.schedule.window, "Too late; the agent took its slot.")
    serve(deployment_keeping_pauses(entry), limit=1, pause_on_shutdown=False, print_starting_message=False)


def deployed(settings: AgentSettings) -> "Deployed":
    """The camera's entry; without an interval it is run on demand, and the agent keeps the daily times."""
    from prefect.schedules import Schedule

    from deployments.keeping import SLUG, Deployed
    from flows.capture import capture

    minutes = timedelta(minutes=settings.interval_minutes)
    schedule = Schedule(interval=minutes, anchor_date=EPOCH, slug=SLUG) if minutes else None
    return Deployed(capture, settings.camera, schedule, ("smartmeter", "pi"))


def _brief(error: BaseException) -> str:
    """The innermost reason on one line: Prefect wraps its own in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"the Prefect server at {os.environ['PREFECT_API_URL']} cannot be used ({type(error).__name__})"


if __name__ == "__main__":
    sys.exit(main())
