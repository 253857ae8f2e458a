"""`smartmeter up`: Prefect server, deployments and report page on this machine, kept alive."""

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
from tasks.settings import Settings

log = logging.getLogger(__name__)
PATROL_S = 5.0


def run_until_stopped(settings: Settings, announce: Callable[[str, Path], None]) -> None:
    """Start server, deployments and page, restart what dies, and end all of them on SIGTERM or Ctrl-C.

    Args:
        settings: Of the installation to run.
        announce: Called once with the UI's address and the folder of the logs.

    Raises:
        BackendError: The server did not start.
    """
    export_environment(settings.home)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = _server(settings)
    services = {name: start(settings) for name, start in SERVICES.items()}
    announce(os.environ["PREFECT_API_URL"].removesuffix("/api"), settings.home / "logs")
    try:
        while not stopping.wait(PATROL_S):
            if server is not None and server.poll() is not None:
                log.warning("the Prefect server ended with code %s; starting it again", server.returncode)
                server = _server(settings)
            # The deployments end by themselves some minutes after they lose the server.
            for name, process in services.items():
                if process.poll() is not None:
                    log.warning("%s ended with code %s; starting it again", name, process.returncode)
                    services[name] = SERVICES[name](settings)
    finally:
        for process in filter(None, (*services.values(), server)):
            stop(process)


def _server(settings: Settings) -> "subprocess.Popen[bytes] | None":
    """A server of our own, or None where one answers already."""
    address = os.environ["PREFECT_API_URL"]
    if is_healthy(address):
        return None
    return start_server(settings.home, urlsplit(address).port or 4200, ui=True)


def _deployments(settings: Settings) -> "subprocess.Popen[bytes]":
    return _child(settings, "deployments", ["deployments", "--home", str(settings.home.resolve())])


def _page(settings: Settings) -> "subprocess.Popen[bytes]":
    settings.site.mkdir(parents=True, exist_ok=True)
    port = str(urlsplit(settings.report.address).port)
    folder = str(settings.site.resolve())
    return _child(settings, "page", ["http.server", port, "--bind", "127.0.0.1", "--directory", folder])


def _child(settings: Settings, name: str, module: list[str]) -> "subprocess.Popen[bytes]":
    log_file = settings.home / "logs" / f"{name}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own interpreter, fixed arguments)
            [sys.executable, "-m", *module], stdout=output, stderr=subprocess.STDOUT
        )


SERVICES = {"deployments": _deployments, "page": _page}
