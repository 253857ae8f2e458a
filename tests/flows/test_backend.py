import subprocess
import sys
from pathlib import Path

import pytest

from flows.backend import (
    BackendError,
    auth_environment,
    auth_file,
    export_environment,
    free_port,
    is_healthy,
    prefect_environment,
    stop,
)


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
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("SMARTMETER_HOME", "elsewhere")
    export_environment(tmp_path)
    import os

    assert os.environ["PREFECT_API_URL"] == "mine"
    assert os.environ["SMARTMETER_HOME"] == str(tmp_path)


def test_nothing_answers_on_a_free_port() -> None:
    assert not is_healthy(f"http://127.0.0.1:{free_port()}/api")


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
