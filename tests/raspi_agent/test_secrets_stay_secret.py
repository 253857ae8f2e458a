"""Whatever camera and store answer, no secret shows up in what the agent writes, sends or says."""

import base64
import io
import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from raspi_agent.__main__ import main
from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.open_camera import open_camera
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import read_clock
from raspi_agent.doctor import run_doctor
from raspi_agent.dropbox_token import DropboxToken, save_token
from raspi_agent.log_segments import set_up_logging
from raspi_agent.mail import put, send_mail
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.reporting import METRICS, Reporter
from raspi_agent.settings import load_settings
from raspi_agent.store import StoreError
from raspi_agent.tally import Tally

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

# no letter that JSON, a shell or base64 would write otherwise, and long enough not to appear by chance
SECRET = st.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", min_size=16, max_size=40)
_log = logging.getLogger("raspi_agent.test")


class _Refusing(BaseHTTPRequestHandler):
    """A camera that refuses, in one of many ways, and repeats what it was told."""

    status = 401

    def do_GET(self) -> None:
        told = f"{self.headers}".encode()
        if self.status == 302:
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/elsewhere")
            self.end_headers()
            return
        self.send_response(self.status, f"no {self.headers['Authorization']}")
        self.send_header("WWW-Authenticate", f'Basic realm="{self.headers["Authorization"]}"')
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture(scope="module")
def refusing_camera() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def quiet_root() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def trouble_of(emulator: "DropboxEmulator", home: Path, token: str, trouble: str) -> str:
    """Make trouble, and return the refresh token in use."""
    emulator.reset()
    save_token(home, DropboxToken(emulator.app_key, token))
    echo = json.dumps({"error": "invalid_grant", "error_summary": token, "error_description": token}).encode()
    match trouble:
        case "revoked":
            return token
        case "echo":
            emulator.fail(
                "*", status=400, body=f"Error: refresh_token {token} is malformed".encode(), times=9
            )
            return token
        case "echo json":
            emulator.fail("oauth2/token", status=400, body=echo, times=9)
            return token
    emulator.link(home)
    emulator.fail("files/upload", status={"broken": 500, "garbage": 409}[trouble], body=b"{no", times=9)
    return str(json.loads((home / "secrets" / "dropbox.json").read_text())["refresh_token"])


@pytest.mark.parametrize(
    ("trouble", "status"),
    [("revoked", 401), ("echo", 403), ("echo json", 500), ("broken", 200), ("garbage", 302)],
)
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    token=SECRET,
    password=SECRET,
)
def test_no_secret_is_ever_shown(  # noqa: PLR0917 - fixtures and examples
    tmp_path_factory: pytest.TempPathFactory,
    refusing_camera: HTTPServer,
    dropbox_emulator: "DropboxEmulator",
    quiet_root: None,
    token: str,
    password: str,
    status: int,
    trouble: str,
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "agent.toml").write_text(
        f'camera = "cellar"\ncamera_url = "http://127.0.0.1:{refusing_camera.server_port}/x"\n'
        'store_url = "dropbox:/"\ncamera_timeout_s = 2\n[http]\nuser = "owner"\n'
    )
    _Refusing.status = status
    token = trouble_of(dropbox_emulator, home, token, trouble)
    (home / "secrets" / "camera-password").write_text(f"{password}\n")
    (home / "secrets" / "camera-password").chmod(0o600)
    secrets = [token, password, base64.b64encode(f"owner:{password}".encode()).decode()]
    raised: list[BaseException] = []
    said, before = io.StringIO(), (sys.stderr, sys.stdout)
    sys.stderr = sys.stdout = said
    try:
        _live(home, raised, said)
    finally:
        sys.stderr, sys.stdout = before
    assert len(raised) == 2
    shown = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    shown = {name: data for name, data in shown.items() if "/secrets/" not in name}
    assert any("agent.log" in name for name in shown)
    assert any("mail/health" in name for name in shown)
    for secret in secrets:
        assert [name for name, data in shown.items() if secret.encode() in data] == []
        assert secret not in said.getvalue()
        if not trouble.startswith("echo"):  # what a server repeats to us is masked where it is written
            assert secret not in "".join("".join(traceback.format_exception(each)) for each in raised)


def _live(home: Path, raised: list[BaseException], said: io.StringIO) -> None:
    """An hour of an agent whose camera and store refuse, and all the ways to ask it how it is."""
    agent, outbox, tally = load_settings(home), Outbox(home / "outbox"), Tally()
    set_up_logging(home, "cellar", outbox.folder)
    outbox.add(b"picture", CaptureFacts(camera="cellar", taken_at=datetime.now(UTC), clock_synchronised=True))
    camera = open_camera(agent, home)
    try:
        camera.capture(2)
    except CameraError as error:
        raised.append(error)
        _log.exception("no picture: %s", error)
        tally.camera_failed()
    finally:
        camera.close()
    store = open_store("dropbox:/", home)
    try:
        store.add("images/x.jpg", b"picture")
    except StoreError as error:
        raised.append(error)
        _log.exception("no upload: %s; %r", error, store)
        tally.upload_failed()
    put(outbox.folder, "log/x", b"x")
    send_mail(outbox.folder, store)
    Reporter(home, agent, outbox, tally, lambda: read_clock(trusted=True)).keep_up()
    assert (home / METRICS).exists()
    main(["--home", str(home), "status", "--json"])
    main(["--home", str(home), "upload"])
    run_doctor(home, say=lambda text: print(text, file=said))
