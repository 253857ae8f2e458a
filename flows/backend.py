"""The Prefect server behind a command: the configured one, or that of the home's `up`, or a private one."""

import json
import logging
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.home_locks import my_start, running_up
from flows.prefect_api import (
    EVERYWHERE,
    LOOPBACK,
    LOOPBACKS,
    BackendError,
    api_address,
    checked_address,
    is_healthy,
    is_usable,
)

log = logging.getLogger(__name__)
PROJECT = Path(__file__).with_name("project.toml")  # a link to pyproject.toml, which a wheel would leave out
START_TIMEOUT_S = 180


def prefect_environment(home: Path) -> dict[str, str]:
    """The table [tool.prefect] of pyproject.toml as PREFECT_* variables, with Prefect's files under `home`.

    Prefect itself reads that table from the working directory only; commands and services run anywhere.
    """
    table = tomllib.loads(PROJECT.read_text())["tool"]["prefect"]
    variables = {f"PREFECT_{name}": text for name, text in _flatten(table)}
    folder = home.resolve() / "prefect"
    # Prefect writes its pages beside its code otherwise, which a service may not change.
    pages = {"PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui")}
    return {**variables, **pages, "PREFECT_HOME": str(folder), "DO_NOT_TRACK": "1"}


def _flatten(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}{key}".upper()
        if isinstance(value, dict):
            yield from _flatten(value, f"{name}_")
        else:
            yield name, value if isinstance(value, str) else json.dumps(value)


def auth_file(home: Path) -> Path:
    """Where the user and password of the Prefect API lie, as `user:password`, if it has any."""
    return home / "secrets" / "prefect-auth"


def auth_environment(home: Path) -> dict[str, str]:
    """What server and clients need to know of the user and password; empty without them.

    Raises:
        BackendError: The file holds something else, others may read it, or we may not.
    """
    path = auth_file(home)
    try:
        text = path.read_text().strip()
        others = path.stat().st_mode & 0o077
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BackendError(
            f"{path} can't be read: {error.strerror}. Run this as the user whose home folder it is."
        ) from error
    if others:
        remedy = f"chmod 600 {shlex.quote(str(path))}"
        raise BackendError(f"{path} can be read by others. Keep it to yourself: {remedy}")
    if not re.fullmatch(r"[^:\s]+:\S{12,}", text):
        raise BackendError(f"{path} must hold user:password, the password with 12 characters or more.")
    return {"PREFECT_API_AUTH_STRING": text, "PREFECT_SERVER_API_AUTH_STRING": text}


def export_environment(home: Path, *, host: str = LOOPBACK, quiet: bool = False) -> None:
    """Set what Prefect and its child processes need, leaving every variable that is set already.

    It must run before the first import of prefect, which reads its settings once. The API's address is that
    of the home's `smartmeter up`, if one runs.

    Args:
        home: The home folder.
        host: What the home's Prefect server listens on, of its settings.
        quiet: Show warnings only on the terminal; the UI has every line.

    Raises:
        BackendError: PREFECT_API_URL, or the file with the API's password, can't be used.
    """
    up = running_up(home)
    own = {"PREFECT_API_URL": (up and up.address) or api_address(host)}
    for name, value in {**prefect_environment(home), **own}.items():
        os.environ.setdefault(name, value)
    os.environ["SMARTMETER_HOME"] = str(home.resolve())
    if quiet:
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS", "flows.console.BriefConsole")
    os.environ["PREFECT_API_URL"] = checked_address(os.environ["PREFECT_API_URL"])
    for name, value in auth_environment(home).items():
        os.environ.setdefault(name, value)


def start_server(home: Path, port: int, *, ui: bool, host: str = LOOPBACK) -> "subprocess.Popen[bytes]":
    """A Prefect server process that ends with us, logging to `home/logs/prefect-server.log`.

    Args:
        home: The home folder.
        port: Where it answers.
        ui: With its pages.
        host: The address it listens on; any other than this machine's own needs a password.

    Raises:
        BackendError: The port is taken, other machines could use it without a password, it ended, it did not
            answer within three minutes, or the start of another one in this home does not end.
    """
    refuse_open(home, host)
    if is_taken(port, EVERYWHERE.get(host, host)):
        raise BackendError(
            f"Port {port} is taken by a program that is no Prefect server. End it, or choose another port: "
            f"PREFECT_API_URL=http://127.0.0.1:{port + 1}/api"
        )
    log = home / "logs" / "prefect-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    api_url = api_address(host, port)
    with my_start(home):
        process = _launch(host, port, log, ui=ui)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            if is_healthy(api_url):
                return process
            time.sleep(0.2)
        stop(process)
    raise BackendError(f"The Prefect server did not start. {log} says why.")


def _launch(host: str, port: int, log: Path, *, ui: bool) -> "subprocess.Popen[bytes]":
    """A Prefect server as a process that ends when we do, however we end."""
    api_url = api_address(host, port)
    # Browsers find the API beside the pages, under whatever name they came by.
    here = {"PREFECT_API_URL": api_url, "PREFECT_UI_API_URL": "/api"}
    command = [sys.executable, "-m", "flows.leash", "prefect", "server", "start"]
    command += ["--host", host, "--port", str(port)]
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own interpreter, fixed arguments)
            command if ui else [*command, "--no-ui"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**here, **os.environ, "PREFECT_API_URL": api_url},
        )


def refuse_open(home: Path, host: str) -> None:
    """Refuse to let other machines use a Prefect API that asks for no password.

    Raises:
        BackendError: It would.
    """
    if host in LOOPBACKS or os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        return
    folder, path = (shlex.quote(str(each)) for each in (auth_file(home).parent, auth_file(home)))
    raise BackendError(
        f"A Prefect server on {host} can be used by other machines, so it needs a password. Make one: "
        f'(umask 077; mkdir -p {folder}; echo "smartmeter:$(openssl rand -hex 24)" > {path}). '
        f"The same text goes into PREFECT_API_AUTH_STRING on each machine that uses it."
    )


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens on this port of this machine."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def stop(process: "subprocess.Popen[bytes]", patience_s: float = 15) -> None:
    """End a child process: ask, wait, then kill."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_backend(home: Path, *, private: bool = False) -> Iterator[str]:
    """The API address of a Prefect server for the time of one command.

    Args:
        home: The home folder; a private server keeps its database there, where `smartmeter up` finds it.
        private: Start one even if the configured server answers.

    Raises:
        BackendError: No server could be started, or the configured one asks for another password or does not
            answer.
        SettingsError: The settings can't be used.
    """
    from tasks.settings import load_settings  # the camera's computer has none of these

    os.environ["SMARTMETER_HOME"] = str(home.resolve())
    export_environment(home, host=load_settings().server.host, quiet=True)
    configured = os.environ["PREFECT_API_URL"]
    found = None if private else _find_server(home, configured)
    port = free_port()
    server = None if found else start_server(home, port, ui=False)
    os.environ["PREFECT_API_URL"] = found or api_address(port=port)
    try:
        yield os.environ["PREFECT_API_URL"]
        _hand_over()
    finally:
        os.environ["PREFECT_API_URL"] = configured
        if server is not None:
            stop(server)


def _find_server(home: Path, configured: str) -> str | None:
    """Where a Prefect server answers; one that a `smartmeter up` starts here is waited for."""
    if is_usable(configured):
        return configured
    is_told, deadline = False, time.monotonic() + START_TIMEOUT_S
    while up := running_up(home):
        address = up.address or configured
        if is_usable(address):
            return address
        if urlsplit(address).hostname not in LOOPBACKS:
            return None
        if not is_told:
            log.warning("Waiting for the Prefect server of `smartmeter up` (process %s).", up.process)
            is_told = True
        if time.monotonic() > deadline:
            raise BackendError(
                f"The Prefect server of `smartmeter up` (process {up.process}) does not answer at {address}. "
                f"{home / 'logs' / 'prefect-server.log'} says why. End `smartmeter up` and start it again."
            )
        time.sleep(0.5)
    return None


def _hand_over() -> None:
    """Send the logs and events that Prefect still holds; afterwards the server is gone."""
    if "prefect" in sys.modules:
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogHandler

        APILogHandler().flush()
        EventsWorker.drain_all(timeout=5)
