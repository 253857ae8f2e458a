import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.backend import free_port
from flows.prefect_api import BusyError, is_healthy, is_usable


class Other(BaseHTTPRequestHandler):
    """A program that answers to any address alike, as development servers do, which like port 4200 too."""

    status, body = 200, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def other() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'"3.8.8"', True),
        (200, b"<html>my application</html>", False),
        (200, b"", False),
        (200, b"\xff", False),
        (200, json.dumps({"version": "3.8.8"}).encode(), False),
        (200, b'"2.20.1"', False),
        (404, b'"3.8.8"', False),
        (500, b"", False),
    ],
)
def test_a_program_that_is_no_prefect_server_is_none(
    other: str, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, expected: bool
) -> None:
    monkeypatch.setattr(Other, "status", status)
    monkeypatch.setattr(Other, "body", body)
    assert is_usable(other) is expected


def test_what_takes_calls_and_never_answers_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(BusyError) as told:
            is_usable(f"http://127.0.0.1:{port}/api", busy_after_s=0.5)
    for words in (f"127.0.0.1:{port}", "or another program", "Try again", "ss -ltnp", f":{port + 1}/api"):
        assert words in str(told.value)


def test_nothing_answers_on_a_free_port() -> None:
    address = f"http://127.0.0.1:{free_port()}/api"
    assert not is_healthy(address)
    assert not is_usable(address)
