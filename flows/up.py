"""`smartmeter up`: the Prefect server and the deployments on this machine, kept alive."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flows.backend import export_environment, is_healthy, start_server, stop

log = logging.getLogger(__name__)
PATROL_S = 5.0


def run_until_stopped(home: Path, announce: Callable[[str, Path], None]) -> None:
    """Start server and deployments, restart what dies, and end both on SIGTERM or Ctrl-C.

    Args:
        home: The home folder.
        announce: Called once with the UI's address and the folder of the logs.

    Raises:
        BackendError: The server did not start.
    """
    export_environment(home)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = _server(home)
    catalogue = _catalogue(home)
    announce(os.environ["PREFECT_API_URL"].removesuffix("/api"), home / "logs")
    try:
        while not stopping.wait(PATROL_S):
            if server is not None and server.poll() is not None:
                log.warning("the Prefect server ended with code %s; starting it again", server.returncode)
                server = _server(home)
            # The deployments end by themselves some minutes after they lose the server.
            if catalogue.poll() is not None:
                log.warning("the deployments ended with code %s; starting them again", catalogue.returncode)
                catalogue = _catalogue(home)
    finally:
        stop(catalogue)
        if server is not None:
            stop(server)


def _server(home: Path) -> "subprocess.Popen[bytes] | None":
    """A server of our own, or None where one answers already."""
    address = os.environ["PREFECT_API_URL"]
    if is_healthy(address):
        return None
    return start_server(home, urlsplit(address).port or 4200, ui=True)


def _catalogue(home: Path) -> "subprocess.Popen[bytes]":
    log_file = home / "logs" / "deployments.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own interpreter, fixed arguments)
            [sys.executable, "-m", "deployments", "--home", str(home.resolve())],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
