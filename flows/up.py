"""`smartmeter up`: Prefect server, deployments and report page on this machine, kept alive."""

import logging
import os
import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flows.backend import export_environment, refuse_open
from flows.home_locks import only_one
from flows.kept_alive import Deployments, Server, cut_logs
from flows.prefect_api import BackendError, api_address
from flows.report_page import report_page
from tasks.settings import Settings

log = logging.getLogger(__name__)
PATROL_S = 5.0


def run_until_stopped(settings: Settings, announce: Callable[[str, Path], None]) -> None:
    """Start server, deployments and page, restart what dies, and end all of them on SIGTERM or Ctrl-C.

    Args:
        settings: Of the installation to run.
        announce: Called once with the UI's address and the folder of the logs.

    Raises:
        BackendError: The server did not start, a port is taken, or this home runs already.
        SettingsError: The deployments can't use the settings.
    """
    export_environment(settings.home, host=settings.server.host)
    refuse_open(settings.home, settings.server.host)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logs = settings.home / "logs"
    address = os.environ["PREFECT_API_URL"]
    with (
        only_one(settings.home, address),
        report_page(settings.site, urlsplit(settings.report.address).port or 80),
    ):
        server = Server(settings.home, address, settings.server.host)
        deployments = Deployments(settings.home)
        try:
            if not stopping.is_set():
                server.start()
                deployments.start()
                announce(address.removesuffix("/api"), logs)
            while not stopping.wait(PATROL_S):
                patrol(server, deployments)
                cut_logs(logs)
        finally:
            deployments.stop()
            server.stop()


def ingest_command(settings: Settings, address: str) -> str:
    """What to type into any shell of this machine for an ingest beside the server with that UI."""
    command = f"smartmeter ingest --home {shlex.quote(str(settings.home.resolve()))}"
    told = f"{address}/api"
    return command if told == api_address(settings.server.host) else f"PREFECT_API_URL={told} {command}"


def patrol(server: Server, deployments: Deployments) -> None:
    """Start again what has ended; what can't be started now is tried again by the next patrol.

    Raises:
        SettingsError: The deployments can't use the settings.
    """
    try:
        server.look()
        deployments.look()
    except (BackendError, OSError) as error:
        log.warning("%s", error)
