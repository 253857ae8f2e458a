"""How another program on this machine asks the running agent for a picture: a Unix socket, no open port."""

import json
import logging
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raspi_agent.cameras.camera import CameraError
from raspi_agent.capture import Taken

SOCKET_NAME = "agent.sock"
_ONLY_OWNER = 0o177
_LONGEST_LINE = 4096
_READ_S = 5.0

_log = logging.getLogger(__name__)


class AgentAway(Exception):  # noqa: N818 - a state of the agent, named as one
    """No agent answers in this home folder; the message says so."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent says of a wish for a picture.

    Attributes:
        key: of the picture taken; None when the slot had one, or there was none to be had.
        error: why there was none to be had, for people.
    """

    key: str | None = None
    error: str | None = None


def ask_for_picture(home: Path, *, is_extra: bool, timeout_s: float) -> Reply:
    """Ask the agent of a home folder for the picture of the present slot, or for one besides the slots.

    Raises:
        AgentAway: none runs there, or it does not answer in time.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(timeout_s)
            channel.connect(_address(home))
            channel.sendall(json.dumps({"extra": is_extra}).encode() + b"\n")
            answer = json.loads(channel.makefile("rb").readline(_LONGEST_LINE))
        return Reply(key=answer["key"], error=answer["error"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"no agent answers in {home} ({error}); is smartmeter-agent.service running?"
        raise AgentAway(message) from error


def agent_answers(home: Path) -> bool:
    """Whether an agent runs in a home folder; it is not asked for anything."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(_READ_S)
            channel.connect(_address(home))
    except OSError:
        return False
    return True


class AskServer:
    """Hands wishes for pictures to the capture loop while the agent runs.

    Args:
        home: where the socket is made, for its owner alone; one that a killed agent left is replaced.
        ask: takes a wish; see `CaptureLoop.ask`.
        timeout_s: how long a picture may take.
    """

    def __init__(self, home: Path, ask: Callable[..., "Future[Taken | None]"], timeout_s: float) -> None:
        path = home / SOCKET_NAME
        path.unlink(missing_ok=True)
        before = os.umask(_ONLY_OWNER)
        try:
            self._server = _Server(_address(home), _handler(ask, timeout_s))
        finally:
            os.umask(before)
        self._path = path
        self._thread = threading.Thread(target=self._server.serve_forever, name="ask", daemon=True)

    def start(self) -> None:
        """Begin to answer, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler(
    ask: Callable[..., "Future[Taken | None]"], timeout_s: float
) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = _READ_S

        def handle(self) -> None:
            try:
                wish = json.loads(self.rfile.readline(_LONGEST_LINE))
                is_extra = wish["extra"] is True
            except (OSError, ValueError, KeyError, TypeError):
                return  # whoever that was did not ask for a picture
            self.wfile.write(json.dumps(_answer(ask(is_extra=is_extra), timeout_s)).encode() + b"\n")

    return Handler


def _answer(promised: "Future[Taken | None]", timeout_s: float) -> dict[str, Any]:
    try:
        taken = promised.result(timeout_s)
    except (CameraError, OSError) as error:  # TimeoutError is one
        return {"key": None, "error": str(error) or "the picture takes too long"}
    return {"key": taken.key if taken else None, "error": None}


def _address(home: Path) -> str:
    """The socket's path, by way of the shorter of its names: the kernel takes 107 bytes at most."""
    path = home.resolve() / SOCKET_NAME
    relative = os.path.relpath(path)
    return min(str(path), relative, key=len)
