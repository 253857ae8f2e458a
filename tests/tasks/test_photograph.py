"""Showing a picture, against a real Prefect server behind a door that is stuck once."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from raspi_agent.ask import Reply

STUCK_S = 2


class StuckOnce(ThreadingHTTPServer):
    """Hands requests on to a Prefect server, but never answers the first that brings an artifact."""

    daemon_threads = True

    def __init__(self, api: str) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.behind = api.removesuffix("/api")
        self.brought = 0
        self.over = threading.Event()


class Door(BaseHTTPRequestHandler):
    """One request on its way to the server and back."""

    server: StuckOnce
    protocol_version = "HTTP/1.1"

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/artifacts/":
            self.server.brought += 1
            if self.server.brought == 1:
                self.server.over.wait()
                return
        kind = {"Content-Type": self.headers.get("Content-Type", "application/json")}
        answer = httpx.request(self.command, f"{self.server.behind}{self.path}", content=body, headers=kind)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _hand_on  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def door(prefect_server: str) -> Iterator[StuckOnce]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with StuckOnce(prefect_server) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{door.server_port}/api"}):
            yield door
        door.over.set()
        door.shutdown()


@pytest.mark.prefect
def test_a_server_that_does_not_answer_at_once_is_shown_the_picture_later(
    door: StuckOnce, tmp_path: Path
) -> None:
    from prefect import flow

    from tasks.photograph import show_picture

    @flow
    def shows() -> dict[str, Any]:
        impatient = show_picture.with_options(timeout_seconds=STUCK_S, retry_delay_seconds=0)
        return impatient(tmp_path, "cellar", Reply())

    assert shows() == {"picture": None, "how": "no picture was due, or the agent had taken it already"}
    assert door.brought == 2
