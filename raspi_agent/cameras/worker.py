"""The life of a camera's own process: open the camera, take pictures on demand, end with the agent."""

import faulthandler
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from raspi_agent.cameras.camera import Shot
from raspi_agent.cameras.messages import MessageReader, write_message

LIFELINE = "SMARTMETER_CAMERA_LIFELINE"  # names the pipe that closes when the agent ends

_STDOUT, _STDERR = 1, 2


class Source(Protocol):
    """A camera as its own process sees it: what hangs or dies here costs one picture."""

    def shoot(self, within_s: float) -> Shot:
        """A picture of now; any error ends this process."""
        ...

    def close(self) -> None:
        """Let go of the camera."""
        ...


def serve(open_source: Callable[[], Source]) -> int:
    """Open the camera and answer the agent's requests until it hangs up; the process's exit status."""
    _die_with_the_agent()
    faulthandler.enable()  # where a driver's library crashes belongs into the log
    answers = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)  # nothing that a library prints may get between the messages
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        source = open_source()
    except Exception as error:  # noqa: BLE001 - whatever it is, the agent wants to know
        write_message(answers, {"error": _say(error)})
        return 1
    with suppress(BrokenPipeError):
        write_message(answers, {"ready": True, "pid": os.getpid()})
        _answer_requests(source, answers)
    source.close()
    return 0


def _answer_requests(source: Source, answers: int) -> None:
    requests = MessageReader(sys.stdin.fileno())
    while True:
        try:
            request, _ = requests.read()
        except EOFError:
            return
        started_s = time.monotonic()
        try:
            shot = source.shoot(float(request["within_s"]))
        except Exception as error:  # noqa: BLE001 - likewise
            write_message(answers, {"error": _say(error)})
            continue
        taken_at = shot.taken_at and shot.taken_at.isoformat()
        shot_s = round(time.monotonic() - started_s, 3)
        head = {"details": {**shot.details, "shot_s": shot_s}, "taken_at": taken_at}
        write_message(answers, head, shot.data)


def _die_with_the_agent() -> None:
    """Have the kernel kill this process group when the agent has gone, whatever hangs in here.

    A parent-death signal would not do: it comes when the thread ends that has started this process.
    """
    lifeline = os.environ.pop(LIFELINE, None)
    if lifeline is None:
        return
    descriptor = int(lifeline)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgid(0))
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        if not os.read(descriptor, 1):  # it has gone in the meantime
            os.kill(0, signal.SIGKILL)


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
