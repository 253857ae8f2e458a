"""What `smartmeter up` refuses, and what it does when something ends."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.backend import free_port
from flows.kept_alive import LOG_BYTES, Deployments, Server, cut_log, last_line
from flows.prefect_api import BackendError, api_address
from flows.up import ingest_command
from tasks.settings import SettingsError, load_settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def up(home: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "up", "--home", str(home)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def look_until(deployments: Deployments, is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_done() and time.monotonic() < deadline:
        deployments.look()
        time.sleep(0.1)


def test_a_taken_port_is_named_with_the_way_out(home: Path, taken_port: int) -> None:
    page = {"SMARTMETER_REPORT__ADDRESS": f"http://127.0.0.1:{free_port()}"}
    refused = up(home, PREFECT_API_URL=f"http://127.0.0.1:{taken_port}/api", **page)
    assert refused.returncode == 1
    assert f"Port {taken_port} is taken" in refused.stderr
    assert f"PREFECT_API_URL=http://127.0.0.1:{taken_port + 1}/api" in refused.stderr
    refused = up(home, SMARTMETER_REPORT__ADDRESS=f"http://127.0.0.1:{taken_port}")
    assert refused.returncode == 1
    assert "[report] address" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_other_machines_are_let_in_with_a_password_only(home: Path) -> None:
    refused = up(home, SMARTMETER_SERVER__HOST="0.0.0.0")  # noqa: S104  (it is refused)
    assert refused.returncode == 1
    assert "needs a password" in refused.stderr
    assert "umask 077" in refused.stderr


@pytest.mark.parametrize(
    ("host", "address", "variable"),
    [
        ("127.0.0.1", "http://127.0.0.1:4200", ""),
        ("0.0.0.0", "http://127.0.0.1:4200", ""),  # noqa: S104  (nothing listens)
        ("192.0.2.2", "http://192.0.2.2:4200", ""),
        ("127.0.0.1", "http://127.0.0.1:4201", "PREFECT_API_URL=http://127.0.0.1:4201/api "),
    ],
)
def test_the_command_that_up_names_finds_its_server(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str, address: str, variable: str
) -> None:
    monkeypatch.setenv("SMARTMETER_SERVER__HOST", host)
    command = ingest_command(load_settings(), address)
    assert command == f"{variable}smartmeter ingest --home {home}"


def test_a_server_elsewhere_is_not_replaced_by_one_of_our_own(home: Path) -> None:
    with pytest.raises(BackendError, match="Start it there first"):
        Server(home, "http://192.0.2.1:4200/api", "127.0.0.1").start()


@pytest.mark.parametrize(
    ("host", "password"), [("LOCALHOST", ""), ("Localhost.LocalDomain", "smartmeter:0123456789abcdef")]
)
def test_a_host_in_capitals_is_this_machine_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, host: str, password: str
) -> None:
    monkeypatch.setenv("SMARTMETER_SERVER__HOST", host)
    (home / "logs").write_text("a file, for which no server is started")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", password)
    named = load_settings().server.host
    with pytest.raises(FileExistsError):
        Server(home, api_address(host, free_port()), named).start()


def test_wrong_settings_end_it_instead_of_being_tried_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_TIMEZONE", "Mars/Olympus")
    deployments = Deployments(home)
    deployments.start()
    with pytest.raises(SettingsError, match="is no time zone"):
        look_until(deployments, lambda: False)


def test_what_ends_at_once_is_started_again_later_each_time(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    deployments = Deployments(home)
    deployments.start()
    look_until(deployments, lambda: "starting them again in 5 s" in caplog.text)
    assert "ended with code 1" in caplog.text
    assert "smartmeter up" in last_line(home / "logs" / "deployments.log")


def test_a_long_log_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "deployments.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 10)
        cut_log(path, limit=40)
        assert path.stat().st_size == 40
        cut_log(path, limit=39)
        writer.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    assert path.with_name("deployments.log.1").read_bytes() == b"old\n" * 10


def test_a_full_disk_empties_long_logs_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to("nowhere")
    path = tmp_path / "b.log"
    path.write_bytes(b"x" * (LOG_BYTES + 1))
    # No file can grow beyond a megabyte: a full disk without a disk.
    code = (
        "import resource as r, sys; from pathlib import Path; from flows.kept_alive import cut_logs; "
        "r.setrlimit(r.RLIMIT_FSIZE, (1_000_000, r.RLIM_INFINITY)); cut_logs(Path(sys.argv[1]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert all(each in answer.stderr for each in ("a.log can't be cut", "b.log is emptied"))
    assert path.stat().st_size == 0
    assert {each.name for each in tmp_path.iterdir()} == {"a.log", "b.log"}


def test_the_server_listens_on_this_machine_unless_told(home: Path) -> None:
    assert load_settings().server.host == "127.0.0.1"
