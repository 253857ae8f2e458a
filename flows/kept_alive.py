"""The child processes of `smartmeter up`: started, looked after, and started again."""

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from flows.backend import start_server, stop
from flows.prefect_api import LOOPBACKS, PORT, BackendError, BusyError, is_healthy, is_usable
from tasks.settings import SettingsError

log = logging.getLogger(__name__)
# A server that lives but does not answer for this long is ended and started anew.
DEAF_AFTER_S = 120.0
# Who ends within this time of starting waits longer before the next start.
SHORT_S = 60.0
LONGEST_PAUSE_S = 300.0
WRONG_SETTINGS = 2
LOG_BYTES = 10_000_000


class Server:
    """The Prefect server at an address: one of our own, or whatever answers there already."""

    def __init__(self, home: Path, address: str, host: str) -> None:
        """Nothing is started yet.

        Args:
            home: The home folder; the server keeps its database there.
            address: The API's address.
            host: What a server of our own listens on.
        """
        self._home, self._address, self._host = home, address, host
        self._process: subprocess.Popen[bytes] | None = None
        self._answered_s = 0.0

    def start(self) -> None:
        """Start one, unless one answers.

        Raises:
            BackendError: It did not start, or the address is another machine's, which does not answer, or one
                that asks for another password, or one that is busy.
        """
        parts = urlsplit(self._address)
        is_here = parts.hostname in LOOPBACKS | {self._host}
        if self._is_usable(parts.port or PORT, is_here=is_here):
            log.warning(
                "A Prefect server answers at %s already; it is used. If it is another home's, end this and "
                "give this one a server of its own: PREFECT_API_URL=http://127.0.0.1:%d/api",
                self._address,
                (parts.port or PORT) + 1,
            )
        elif is_here:
            self._process = start_server(self._home, parts.port or PORT, ui=True, host=self._host)
        else:
            raise BackendError(f"No Prefect server answers at {self._address}. Start it there first.")
        self._answered_s = time.monotonic()

    def _is_usable(self, port: int, *, is_here: bool) -> bool:
        try:
            return is_usable(self._address)
        except BusyError as error:
            if not is_here:
                raise
            raise BackendError(
                f"Port {port} is taken by a Prefect server that is busy, or by another program: it does not "
                "answer. Try again in a few minutes; or end it, or give this home a server of its own: "
                f"PREFECT_API_URL=http://127.0.0.1:{port + 1}/api"
            ) from error

    def look(self) -> None:
        """Start it again if it has ended, or has been deaf for two minutes.

        Raises:
            BackendError: It does not start.
        """
        if is_healthy(self._address):
            self._answered_s = time.monotonic()
            return
        ended = self._process is None or self._process.poll() is not None
        if not ended and time.monotonic() - self._answered_s < DEAF_AFTER_S:
            return
        log.warning("the Prefect server %s; starting it again", "ended" if ended else "does not answer")
        self.stop()
        self.start()

    def stop(self) -> None:
        """End it, if it is ours."""
        if self._process is not None:
            stop(self._process)
            self._process = None


class Deployments:
    """The process that serves the catalogue; it ends with us, even if we are killed."""

    def __init__(self, home: Path) -> None:
        """Nothing is started yet."""
        self._command = [sys.executable, "-m", "deployments", "--home", str(home.resolve()), "--leashed"]
        self._log = home / "logs" / "deployments.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = self._again_s = self._pause_s = 0.0

    def start(self) -> None:
        """Start serving."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            # Its standard input ends when we do, however we end.
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter, fixed arguments)
                self._command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        self._started_s, self._again_s = time.monotonic(), 0.0

    def look(self) -> None:
        """Start it again if it has ended; it does some minutes after it has lost the server.

        Raises:
            SettingsError: It ended because it can't use the settings.
        """
        if self._process is None or self._process.poll() is None:
            return
        now_s = time.monotonic()
        if self._process.returncode == WRONG_SETTINGS:
            raise SettingsError(last_line(self._log))
        if not self._again_s:
            was_short = now_s - self._started_s < SHORT_S
            self._pause_s = min(max(2 * self._pause_s, 5.0), LONGEST_PAUSE_S) if was_short else 0.0
            self._again_s = now_s + self._pause_s
            log.warning(
                "the deployments ended with code %s (%s says why); starting them again in %.0f s",
                self._process.returncode,
                self._log,
                self._pause_s,
            )
        if now_s >= self._again_s:
            self.start()

    def stop(self) -> None:
        """End it; runs that go on are told to end too."""
        if self._process is not None:
            stop(self._process, patience_s=30)


def last_line(path: Path) -> str:
    """What a program said last."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{path} says nothing."


def cut_logs(folder: Path) -> None:
    """Cut every long log of a folder; one that can't be cut is told of, and hinders nothing else."""
    for path in sorted(folder.glob("*.log")):
        try:
            cut_log(path)
        except OSError as error:
            log.warning("%s can't be cut: %s", path, error)


def cut_log(path: Path, limit: int = LOG_BYTES) -> None:
    """Move a log that has grown long into `.1`; its writer, who appends, goes on in the emptied file.

    Where there is no room for a second copy, the old lines are given up: a full disk needs the room more.
    """
    if path.stat().st_size <= limit:
        return
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(path.read_bytes())
        draft.replace(path.with_name(f"{path.name}.1"))
    except OSError as error:
        log.warning("%s is emptied, its lines can't be kept: %s", path, error)
        draft.unlink(missing_ok=True)
    os.truncate(path, 0)
