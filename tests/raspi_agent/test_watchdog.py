import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from raspi_agent.watchdog import Watchdog, notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def heard(systemd: socket.socket) -> list[bytes]:
    messages = []
    while True:
        try:
            messages.append(systemd.recv(4096))
        except BlockingIOError:
            return messages


def test_systemd_hears(systemd: socket.socket) -> None:
    assert notify("READY=1")
    assert heard(systemd) == [b"READY=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify("READY=1")


def test_it_is_fed_only_while_everything_gets_on(systemd: socket.socket) -> None:
    now_s = 0.0
    watchdog = Watchdog({"camera": 10, "upload": 100}, clock=lambda: now_s)
    assert watchdog.feed()
    now_s = 11
    assert not watchdog.feed()
    assert watchdog.hangs() == "camera has hung for 11 s"
    watchdog.progress("camera")
    assert watchdog.feed()
    now_s = 101
    watchdog.progress("camera")
    assert watchdog.hangs() == "upload has hung for 101 s"
    watchdog.progress("upload")
    watchdog.give_up("the camera is stuck")
    assert not watchdog.feed()
    assert heard(systemd) == [b"WATCHDOG=1"] * 2
