import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.backend import (
    auth_environment,
    auth_file,
    export_environment,
    free_port,
    prefect_backend,
    prefect_environment,
    start_server,
    stop,
)
from flows.home_locks import my_start, only_one
from flows.kept_alive import Server
from flows.prefect_api import PORT, BackendError, is_healthy

PASSWORD = "smartmeter:0123456789abcdef"  # noqa: S105  (of nothing)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_API_URL", "http://127.0.0.1:4200/api"),
        ("PREFECT_SERVER_EPHEMERAL_ENABLED", "false"),
        (
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
            "prefect.server.concurrency.lease_storage.filesystem",
        ),
        ("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", '["events", "flow_runs"]'),
        ("PREFECT_SERVER_ANALYTICS_ENABLED", "false"),
    ],
)
def test_the_projects_table_becomes_variables(tmp_path: Path, name: str, value: str) -> None:
    assert prefect_environment(tmp_path)[name] == value


def test_prefect_understands_every_variable(tmp_path: Path) -> None:
    code = (
        "from prefect.settings import get_current_settings as now; s = now(); "
        "print(s.server.concurrency.lease_storage, s.server.ephemeral.enabled, s.results.default_serializer, "
        "s.home)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**prefect_environment(tmp_path), "PATH": "/usr/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == [
        "prefect.server.concurrency.lease_storage.filesystem",
        "False",
        "json",
        str(tmp_path / "prefect"),
    ]


def test_a_variable_that_is_set_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in prefect_environment(tmp_path):
        monkeypatch.setenv(name, "http://mine/api")
    monkeypatch.setenv("SMARTMETER_HOME", "elsewhere")
    export_environment(tmp_path)
    assert os.environ["PREFECT_API_URL"] == "http://mine/api"
    assert os.environ["SMARTMETER_HOME"] == str(tmp_path)


@pytest.fixture
def untold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in a process that knows nothing of Prefect; what it exports is taken back."""
    monkeypatch.setattr(os, "environ", {**os.environ, "SMARTMETER_HOME": str(tmp_path)})
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    return tmp_path


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:4200/api"),
        ("0.0.0.0", "http://127.0.0.1:4200/api"),  # noqa: S104  (nothing listens)
        ("::", "http://[::1]:4200/api"),
        ("192.0.2.2", "http://192.0.2.2:4200/api"),
        ("server.lan", "http://server.lan:4200/api"),
    ],
)
def test_the_api_is_sought_where_the_settings_let_it_listen(untold: Path, host: str, address: str) -> None:
    export_environment(untold, host=host)
    assert os.environ["PREFECT_API_URL"] == address


@pytest.mark.parametrize("address", ["http://a:4201/api/", " http://a:4201/api", "http://a:4201/api//"])
def test_an_address_is_taken_without_what_surrounds_it(untold: Path, address: str) -> None:
    os.environ["PREFECT_API_URL"] = address
    export_environment(untold)
    assert os.environ["PREFECT_API_URL"] == "http://a:4201/api"


@pytest.mark.parametrize(
    "address", ["http://a:4201", "a:4201/api", "http://a:99999/api", "", "http://a/apis"]
)
def test_what_is_no_address_of_an_api_is_refused(untold: Path, address: str) -> None:
    os.environ["PREFECT_API_URL"] = address
    with pytest.raises(BackendError, match=r"Write it like http://127.0.0.1:4200/api"):
        export_environment(untold)


class Guarded(BaseHTTPRequestHandler):
    """A Prefect API with a password, as far as a command asks it first; its health it tells anybody."""

    def do_GET(self) -> None:
        told = self.headers.get("Authorization") == f"Basic {b64encode(PASSWORD.encode()).decode()}"
        self.send_response(200 if told or self.path == "/api/health" else 401)
        self.end_headers()
        self.wfile.write(b'"3.8.8"')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_a_server_that_asks_for_another_password_is_told_and_not_replaced(untold: Path, guarded: str) -> None:
    os.environ["PREFECT_API_URL"] = guarded
    for told in ({}, {"PREFECT_API_AUTH_STRING": "smartmeter:another"}):
        os.environ.update(told)
        with pytest.raises(BackendError, match="PREFECT_API_AUTH_STRING"), prefect_backend(untold):
            pass
        with pytest.raises(BackendError, match="PREFECT_API_AUTH_STRING"):
            Server(untold, guarded, "127.0.0.1").start()
    os.environ["PREFECT_API_AUTH_STRING"] = PASSWORD
    with prefect_backend(untold) as address:
        assert address == guarded


class Late(Guarded):
    """Likewise, but tells its health too late for the patience of a look at that alone."""

    def do_GET(self) -> None:
        time.sleep(4 if self.path == "/api/health" else 0)
        super().do_GET()


def test_a_server_that_answers_late_is_used_and_not_doubled(untold: Path) -> None:
    os.environ |= {"PREFECT_API_AUTH_STRING": PASSWORD}
    with ThreadingHTTPServer(("127.0.0.1", 0), Late) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{server.server_port}/api"
        with prefect_backend(untold) as address:
            assert address == f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_a_command_seeks_the_server_on_the_host_of_the_settings(untold: Path) -> None:
    (untold / "smartmeter.toml").write_text('[server]\nhost = "127.0.0.2"\n')
    os.environ["PREFECT_API_AUTH_STRING"] = PASSWORD
    with ThreadingHTTPServer(("127.0.0.2", PORT), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with prefect_backend(untold) as address:
            assert address == f"http://127.0.0.2:{PORT}/api"
        server.shutdown()


def test_a_command_takes_the_server_that_up_names(untold: Path, guarded: str) -> None:
    os.environ["PREFECT_API_AUTH_STRING"] = PASSWORD
    with only_one(untold, guarded), prefect_backend(untold) as address:
        assert address == guarded


def test_a_server_elsewhere_that_is_away_is_not_waited_for(untold: Path) -> None:
    elsewhere = f"http://127.0.0.2:{free_port()}/api"
    os.environ["PREFECT_API_URL"] = elsewhere
    with only_one(untold, elsewhere), prefect_backend(untold) as address:
        assert address.startswith("http://127.0.0.1:")
    assert (untold / "logs").exists(), "a private server did the work"


def test_a_command_waits_for_the_server_that_up_is_starting(
    untold: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    coming = f"http://127.0.0.1:{port}/api"
    os.environ |= {
        "PREFECT_API_AUTH_STRING": PASSWORD,
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
    }

    def serve() -> None:
        time.sleep(1)
        with ThreadingHTTPServer(("127.0.0.1", port), Guarded) as server:
            servers.append(server)
            server.serve_forever()

    servers: list[ThreadingHTTPServer] = []
    threading.Thread(target=serve, daemon=True).start()
    with only_one(untold, coming), prefect_backend(untold) as address:
        assert address == coming
    assert not (untold / "logs").exists(), "no private server was started"
    assert caplog.messages == [f"Waiting for the Prefect server of `smartmeter up` (process {os.getpid()})."]
    servers[0].shutdown()


def test_one_server_starts_at_a_time(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "prefect-server.log").mkdir()
    ended: list[Exception] = []

    def start() -> None:
        try:
            start_server(home, free_port(), ui=False)
        except IsADirectoryError as error:  # the log is a folder: it got as far as that
            ended.append(error)

    with my_start(home):
        starting = threading.Thread(target=start)
        starting.start()
        starting.join(timeout=0.5)
        assert not ended
    starting.join(timeout=30)
    assert ended


@pytest.mark.prefect
def test_a_private_server_ends_with_a_command_that_is_killed(untold: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from flows.backend import prefect_backend
with prefect_backend(Path(sys.argv[1]), private=True) as address:
    print(address, flush=True)
    time.sleep(300)
"""
    command = [sys.executable, "-c", code, str(untold)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert is_healthy(address)
        process.kill()
    deadline = time.monotonic() + 60
    while is_healthy(address) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not is_healthy(address)


@pytest.mark.parametrize("deaf", [False, True])
def test_a_child_is_ended_even_if_it_does_not_listen(deaf: bool) -> None:
    answer = "SIG_IGN" if deaf else "SIG_DFL"
    code = f"import signal, time\nsignal.signal(15, signal.{answer})\nprint(1, flush=True)\ntime.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    stop(child, patience_s=0.5)
    assert child.returncode == (-9 if deaf else -15)


def test_the_apis_password_comes_from_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    assert auth_environment(tmp_path) == {}
    path = auth_file(tmp_path)
    path.parent.mkdir()
    path.write_text("smartmeter:0123456789abcdef\n")
    path.chmod(0o644)
    with pytest.raises(BackendError, match="chmod 600"):
        auth_environment(tmp_path)
    path.chmod(0o600)
    assert set(auth_environment(tmp_path).values()) == {"smartmeter:0123456789abcdef"}


@pytest.mark.parametrize("text", ["", "password", "smartmeter:short", "a b:0123456789abcdef"])
def test_what_is_no_user_and_password_is_refused(tmp_path: Path, text: str) -> None:
    path = auth_file(tmp_path)
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BackendError, match="user:password"):
        auth_environment(tmp_path)
