"""A camera in a process of its own: what hangs or dies there never takes the agent along."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from raspi_agent.cameras.camera import CameraError, CameraStuck, Shot
from raspi_agent.cameras.messages import MessageReader, NonsenseError, write_message
from raspi_agent.cameras.worker import LIFELINE
from raspi_agent.process_group import ProcessStuck, Reap, end_group, start_group, wait_for

LONGEST_PAUSE_S = 30.0

_SHARE_TO_SHOOT = 0.25  # a camera whose opening has left less than this is not hurried, and not blamed
_SHARE_FOR_THE_WORKER = 0.8  # it may give up by itself first, and say why better than we could
_LEAVE_S = 2.0  # from hanging up to a camera that has been let go
_LAST_WORDS_S = 0.5
_LINES_PER_SHOT = 100

_log = logging.getLogger(__name__)


class IsolatedCamera:
    """A camera that another program holds; see `Camera`.

    The program starts with the first capture. When it hangs, dies or fails it is ended with all that it has
    started, and started anew by the next capture: at once after the first failure, with growing pauses after
    more of them.

    Args:
        command: the program, which runs `raspi_agent.cameras.worker.serve`.
        open_timeout_s: how long it may take until it has opened its camera; captures meanwhile fail.
        keep_open: hold the camera between captures.
        reap: waits for the program's end.
    """

    is_live = True

    def __init__(
        self,
        command: Sequence[str],
        *,
        open_timeout_s: float = 60,
        keep_open: bool = True,
        reap: Reap = wait_for,
    ) -> None:
        self._command = command
        self._open_timeout_s = open_timeout_s
        self._keep_open = keep_open
        self._reap = reap
        self._worker: _Worker | None = None
        self._failures = 0
        self._paused_until_s = 0.0

    def capture(self, timeout_s: float) -> Shot:
        """Take a picture; ending a process that hangs takes a moment more; see `Camera.capture`.

        Raises:
            CameraError: there is none this time.
            CameraStuck: the process cannot be ended.
        """
        ends_at_s = time.monotonic() + timeout_s
        try:
            if self._open(ends_at_s) and ends_at_s - time.monotonic() < timeout_s * _SHARE_TO_SHOOT:
                raise CameraError("the camera has only just been opened; the next picture is possible")
            shot = self._shoot(ends_at_s)
        except (OSError, EOFError, NonsenseError, _RefusedError) as error:
            raise CameraError(self._failed(error)) from error
        self._failures = 0
        if not self._keep_open and self._worker:
            self._worker.hang_up()
        return shot

    def keep(self, details: Mapping[str, Any]) -> None:
        """Every picture is a new one; see `Camera.keep`."""

    def close(self) -> None:
        """Let go of the camera, by force after two seconds; see `Camera.close`."""
        if self._worker is None:
            return
        self._worker.hang_up()
        self._worker.wait_until_gone(_LEAVE_S)
        with suppress(CameraStuck):  # logged; and there is nothing more that could be done here
            self._end_worker()

    def _open(self, ends_at_s: float) -> bool:
        """Have the program with its camera open; False when it was open before."""
        self._await_leaving(ends_at_s)
        if self._worker is None:
            pause_s = self._paused_until_s - time.monotonic()
            if pause_s > 0:
                message = f"the camera failed {self._failures} times; it is started anew in {pause_s:.0f} s"
                raise CameraError(message)
            self._worker = _Worker(self._command)
        worker = self._worker
        if worker.is_open:
            return False
        opens_until_s = worker.started_s + self._open_timeout_s
        try:
            head, _ = worker.read(min(opens_until_s, ends_at_s))
        except TimeoutError:
            if time.monotonic() < opens_until_s:
                raise CameraError(
                    "the camera is still being opened; the next picture may be possible"
                ) from None
            raise
        if "ready" not in head:
            raise _RefusedError(str(head.get("error", "it speaks another language")))
        worker.is_open = True
        return True

    def _await_leaving(self, ends_at_s: float) -> None:
        if self._worker and self._worker.is_leaving:
            self._worker.wait_until_gone(min(_LEAVE_S, ends_at_s - time.monotonic()))
            self._end_worker()

    def _shoot(self, ends_at_s: float) -> Shot:
        assert self._worker  # noqa: S101 - it has been opened
        self._worker.ask({"within_s": (ends_at_s - time.monotonic()) * _SHARE_FOR_THE_WORKER})
        head, data = self._worker.read(ends_at_s)
        if "error" in head:
            raise _RefusedError(str(head["error"]))
        try:
            taken_at = head["taken_at"] and datetime.fromisoformat(head["taken_at"])
            return Shot(data, taken_at=taken_at, details=dict(head["details"]))
        except (KeyError, TypeError, ValueError) as error:
            raise NonsenseError(str(error)) from error

    def _failed(self, error: Exception) -> str:
        """End the process and say why: after an error nobody knows the state that it is in."""
        worker = self._worker
        self._failures += 1
        pause_s = min(2.0 ** (self._failures - 1), LONGEST_PAUSE_S) if self._failures > 1 else 0.0
        self._paused_until_s = time.monotonic() + pause_s
        self._end_worker()
        said = f"; it last said: {worker.last_line}" if worker and worker.last_line else ""
        match error:
            case _RefusedError():
                return f"the camera gives no picture: {error}"
            case TimeoutError():
                return f"the camera has not answered in time, and was stopped{said}"
            case NonsenseError():
                return f"the camera's process talks nonsense, and was stopped: {error}"
            case EOFError() | BrokenPipeError():
                return f"the camera's process ended{worker.how_it_ended() if worker else ''}{said}"
            case _:
                return f"the camera's process cannot be started: {error}"

    def _end_worker(self) -> None:
        worker = self._worker
        if worker is None:
            return
        try:
            worker.end(self._reap)
        except ProcessStuck as error:
            _log.error("%s", error)
            message = f"the camera cannot be let go: {error}; this machine has to be started anew"
            raise CameraStuck(message) from error
        self._worker = None


class _RefusedError(Exception):
    """The program says why there is no picture."""


class _Worker:
    """The other program, from its start to its end."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started_s = time.monotonic()
        self.is_open = False
        self.is_leaving = False
        self.last_line = ""
        self._lines_left = _LINES_PER_SHOT
        theirs, self._lifeline = os.pipe()
        try:
            self._process = start_group(
                command, stdin=subprocess.PIPE, pass_fds=(theirs,), environment={LIFELINE: str(theirs)}
            )
        except OSError:
            os.close(self._lifeline)
            raise
        finally:
            os.close(theirs)
        assert self._process.stdout  # noqa: S101 - start_group makes pipes
        self._reader = MessageReader(self._process.stdout.fileno())
        self._log_thread = threading.Thread(target=self._log_complaints, name="camera-log", daemon=True)
        self._log_thread.start()

    def ask(self, head: Mapping[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101 - likewise
        self._lines_left = _LINES_PER_SHOT
        write_message(self._process.stdin.fileno(), head)

    def read(self, ends_at_s: float) -> tuple[dict[str, Any], bytes]:
        return self._reader.read(ends_at_s)

    def hang_up(self) -> None:
        """Tell it to go: its next request is the end of the pipe."""
        self.is_leaving = True
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()

    def wait_until_gone(self, timeout_s: float) -> None:
        """Give it a while to go; its pipe closes when it has."""
        with suppress(TimeoutError, EOFError, NonsenseError, OSError):
            self._reader.read(time.monotonic() + timeout_s)

    def end(self, reap: Reap) -> None:
        self.hang_up()
        end_group(self._process, reap=reap)
        os.close(self._lifeline)
        if self._process.stdout:
            self._process.stdout.close()
        self._log_thread.join(_LAST_WORDS_S)

    def how_it_ended(self) -> str:
        """` by SIGABRT` or ` with status 1`, where it ended before we did anything to it."""
        status = self._process.returncode
        if status is None or status == -signal.SIGKILL:
            return ""
        return f" by {signal.Signals(-status).name}" if status < 0 else f" with status {status}"

    def _log_complaints(self) -> None:
        assert self._process.stderr  # noqa: S101 - likewise
        has_crashed = False
        with self._process.stderr as complaints:
            for line in iter(lambda: complaints.readline(1000), b""):
                text = line.decode(errors="replace").strip()[:300]
                has_crashed |= text.startswith("Fatal Python error")  # long stacks follow, for the log alone
                self.last_line = self.last_line if has_crashed or not text else text
                self._lines_left -= 1
                if self._lines_left >= 0:
                    _log.info("camera: %s", text)
                elif self._lines_left == -1:
                    _log.info("camera: more lines of this picture are left out")
