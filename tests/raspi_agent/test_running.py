"""The agent as systemd runs it: a process of its own with a camera in the network."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from raspi_agent.ask import AgentAway, ask_for_picture
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.folder_store import FolderStore
from raspi_agent.outbox import Outbox

PATIENCE_S = 30.0
Agent = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def home(tmp_path: Path, photo: bytes) -> Iterator[Path]:
    """The home of an agent whose camera answers."""

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(photo)))
            self.end_headers()
            self.wfile.write(photo)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = f"""
camera = "cellar"
camera_url = "http://127.0.0.1:{server.server_address[1]}/capture"
interval_minutes = 60
free_mb = 0
[http]
discard = 0
frozen_after = 0
[power]
request_folder = "{tmp_path}"
maintenance = []
"""
    (tmp_path / "agent.toml").write_text(settings)
    yield tmp_path
    server.shutdown()


@pytest.fixture
def agent(home: Path) -> Iterator[Agent]:
    """A function that starts an agent in the home; its output is read when it has ended."""
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "raspi_agent", "--home", str(home), "run"],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for(is_so: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline_s, "it never came"
        time.sleep(0.02)


def stored(home: Path) -> int:
    """How many pictures are in the store."""
    store = home / "store"
    revisions = FolderStore(store, settle_s=0).list().revisions if store.exists() else ()
    return sum(revision.key.startswith("images/") for revision in revisions)


def answers(home: Path) -> bool:
    try:
        return ask_for_picture(home, is_extra=False, timeout_s=5).error is None
    except AgentAway:
        return False


def end(process: "subprocess.Popen[str]") -> str:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    return said


def test_it_takes_uploads_tells_systemd_and_listens_on_no_port(home: Path, agent: Agent) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(home / "notify"))
        systemd.settimeout(PATIENCE_S)
        process = agent(NOTIFY_SOCKET=str(home / "notify"))
        heard: set[bytes] = set()
        while not heard >= {b"READY=1", b"WATCHDOG=1"}:  # its threads tell how it stands in between
            heard.add(systemd.recv(100))
        wait_for(partial(answers, home))
        wait_for(lambda: stored(home))
        assert listening_ports(process.pid) == []
        said = end(process)
        assert "taken: images/cellar/" in said
        systemd.setblocking(False)
        assert b"STOPPING=1" in iter(partial(systemd.recv, 100), b"")
    assert stored(home) == 1
    assert not (home / "agent.sock").exists()
    assert "taken: images/cellar/" in (home / "logs" / "agent.log").read_text()


def test_after_a_kill_the_next_one_goes_on_and_two_at_once_are_refused(home: Path, agent: Agent) -> None:
    killed = agent()
    wait_for(partial(answers, home))
    killed.kill()
    killed.wait()
    follower = agent()
    wait_for(partial(answers, home))
    second = agent()
    _, said = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1
    assert "another agent runs in" in said
    assert ask_for_picture(home, is_extra=True, timeout_s=10).key
    wait_for(lambda: stored(home) == 2)
    end(follower)


def test_an_address_that_is_no_store_is_told_in_a_sentence_and_pictures_wait(
    home: Path, agent: Agent
) -> None:
    process = agent(SMARTMETER_AGENT_STORE_URL="file://mnt/share")
    wait_for(partial(answers, home))
    wait_for(lambda: Outbox(home / "outbox").waiting())
    said = end(process)
    assert "'file://mnt/share' is no store" in said
    assert "correct store_url in agent.toml and start the agent anew; " in said
    assert "next attempt in 900 s" in said
    assert "Traceback" not in said


def test_a_power_cycle_ends_with_everything_sent_and_the_power_off(home: Path, agent: Agent) -> None:
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    minutes = max(1, int(boot_s // 60))  # over by now, or in a moment
    process = agent(
        SMARTMETER_AGENT_POWER__CYCLE="true",
        SMARTMETER_AGENT_POWER__ON_MINUTES=str(minutes),
        SMARTMETER_AGENT_STORE_URL=f"file:{home}/store",  # which is not mounted yet
    )
    time.sleep(3)
    assert not (home / "poweroff").exists()
    (home / "store").mkdir()
    wait_for((home / "poweroff").exists)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    outbox = home / "outbox"
    assert Outbox(outbox).waiting() == ()
    keys = [each.key for each in FolderStore(home / "store", settle_s=0).list().revisions]
    assert {key.split("/")[0] for key in keys} == {"health", "images", "log"}


def listening_ports(pid: int) -> list[str]:
    """The TCP ports on which a process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(descriptor.readlink().name.removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:
            continue
    listens = "0A"
    ports = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == listens and fields[9] in inodes:
                ports.append(fields[1])
    return ports


def test_pictures_left_in_an_earlier_outbox_are_told_at_the_start(home: Path, agent: Agent) -> None:
    Outbox(home / "outbox").add(b"x", CaptureFacts(camera="cellar"))
    process = agent(SMARTMETER_AGENT_OUTBOX="usb")
    wait_for(lambda: answers(home))
    assert f"1 unsent pictures wait in {home / 'outbox'}, an earlier outbox" in end(process)
    assert (home / "usb" / "last").exists()
