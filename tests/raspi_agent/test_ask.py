import socket
import stat
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from raspi_agent.ask import SOCKET_NAME, AgentAway, AskServer, Reply, ask_for_picture
from raspi_agent.cameras.camera import CameraError
from raspi_agent.capture import Taken
from raspi_agent.capture_facts import CaptureFacts


class Loop:
    """What answers in the agent's place."""

    def __init__(self) -> None:
        self.answers: list[Taken | Exception | None] = []
        self.asked: list[bool] = []

    def ask(self, *, is_extra: bool) -> "Future[Taken | None]":
        self.asked.append(is_extra)
        promised: Future[Taken | None] = Future()
        match self.answers.pop(0):
            case Exception() as error:
                promised.set_exception(error)
            case answer:
                promised.set_result(answer)
        return promised


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    loop = Loop()
    server = AskServer(tmp_path, loop.ask, timeout_s=5)
    server.start()
    yield loop
    server.stop()


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Taken("images/home/x.jpg", CaptureFacts(camera="home"), 1.0), Reply("images/home/x.jpg")),
        (None, Reply()),
        (CameraError("it hangs"), Reply(error="it hangs")),
        (TimeoutError(), Reply(error="the picture takes too long")),
    ],
)
def test_the_agent_answers(
    tmp_path: Path, loop: Loop, answer: Taken | Exception | None, reply: Reply
) -> None:
    loop.answers = [answer, answer]
    assert ask_for_picture(tmp_path, is_extra=True, timeout_s=5) == reply
    assert ask_for_picture(tmp_path, is_extra=False, timeout_s=5) == reply
    assert loop.asked == [True, False]


def test_nobody_else_may_ask_and_nonsense_is_no_wish(tmp_path: Path, loop: Loop) -> None:
    path = tmp_path / SOCKET_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for nonsense in (b"\n", b"[]\n", b'{"extra": ', b"x" * 10_000):
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(5)
            channel.connect(str(path))
            channel.sendall(nonsense)
            channel.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert channel.recv(100) == b""
    assert loop.asked == []


def test_a_socket_that_a_killed_agent_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).touch()
    server = AskServer(tmp_path, Loop().ask, timeout_s=5)
    server.start()
    server.stop()
    assert not (tmp_path / SOCKET_NAME).exists()


def test_an_agent_that_is_away_is_told_from_one_without_a_picture(tmp_path: Path) -> None:
    with pytest.raises(AgentAway, match=r"is smartmeter-agent.service running"):
        ask_for_picture(tmp_path, is_extra=False, timeout_s=1)
