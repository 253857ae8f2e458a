"""The image and the compose file, as far as they can be judged without a Docker engine."""

import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.server_libraries import TRAINING, server_libraries

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deployments"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
LASTING = [name for name, service in COMPOSE["services"].items() if "profiles" not in service]


@pytest.mark.parametrize("name", LASTING)
def test_a_service_comes_back_is_watched_and_keeps_its_secrets_in_files(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    told = {key: value for key, value in service.get("environment", {}).items() if not key.endswith("_FILE")}
    assert not re.search(r"password|auth|secret|token", f"{told}", flags=re.IGNORECASE)
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert "privileged" not in service


def test_what_runs_our_code_may_write_into_its_home_alone() -> None:
    for name in ("server", "worker"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["secrets"][-1] == "prefect_auth"
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["services"]["database"]["networks"] == ["inside"]


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="docker compose is not here",
)
def test_compose_itself_accepts_it(tmp_path: Path) -> None:
    subprocess.run(
        ["docker", "compose", "--file", str(FOLDER / "compose.yaml"), "config", "--quiet"], check=True
    )


def test_the_image_runs_as_nobody_special_and_is_told_what_not_to_take() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    stages = re.findall(r"^FROM \S+(?: AS (\S+))?$", text, flags=re.MULTILINE)
    assert stages == ["base", "build", "run", "smeter-dev", ""]
    run = text[text.index("AS run") : text.index("AS smeter-dev")]
    assert "USER 1000:1000" in run
    assert "torch" not in run
    for path in re.findall(r"^COPY (?!--from)(.+) \./$", text, flags=re.MULTILINE)[0].split():
        assert (ROOT / path).is_file()
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {"**/secrets", "**/var"} <= set(ignored)


def test_the_server_is_installed_without_what_only_training_needs() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    wanted = server_libraries(pyproject)
    named = {re.split(r"[\[<>=!~ ]", each)[0] for each in wanted}
    all_named = tomllib.loads(pyproject)["project"]["optional-dependencies"]["server"]
    assert not TRAINING & named
    assert len(wanted) == len(all_named) + 2 - len(TRAINING)
    assert {"prefect", "onnxruntime", "pydantic"} <= named


def test_secrets_in_files_become_what_prefect_reads(tmp_path: Path) -> None:
    (tmp_path / "prefect_auth").write_text("smartmeter:0123456789abcdef\n")
    (tmp_path / "database_password").write_text("s3cret\n")
    answer = subprocess.run(
        ["/bin/sh", str(FOLDER / "container.sh"), "env"],
        env={"SECRETS": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(line.split("=", 1) for line in answer.stdout.splitlines())
    assert told["PREFECT_API_AUTH_STRING"] == told["PREFECT_SERVER_API_AUTH_STRING"]
    assert told["PREFECT_API_AUTH_STRING"] == "smartmeter:0123456789abcdef"
    assert told["PREFECT_API_DATABASE_CONNECTION_URL"].endswith(":s3cret@database:5432/prefect")


class _Guarded(BaseHTTPRequestHandler):
    """A Prefect server that asks for a password, and whose ingest somebody serves."""

    def do_GET(self) -> None:
        is_let_in = self.path == "/api/health" or self.headers.get("Authorization") is not None
        self.send_response(200 if is_let_in else 401)
        self.end_headers()
        self.wfile.write(b'"3.8.8"' if self.path == "/api/admin/version" else b'{"status": "READY"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded_api() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


def test_the_check_of_the_worker_is_let_in_by_the_server(guarded_api: str, home: Path) -> None:
    (home / "prefect_auth").write_text("smartmeter:0123456789abcdef\n")
    check = COMPOSE["services"]["worker"]["healthcheck"]["test"][1:]
    assert check[-3:] == ["-m", "deployments", "check"]
    script = "/opt/smartmeter/deployments/container.sh"
    here = {"python": sys.executable, script: str(FOLDER / "container.sh")}
    answer = subprocess.run(
        [here.get(word, word) for word in check],
        env={
            "SECRETS": str(home),
            "PREFECT_API_URL": guarded_api,
            "SMARTMETER_HOME": str(home),
            "PATH": os.environ["PATH"],
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
