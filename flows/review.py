"""`smartmeter review`: a page on this machine for looking at doubtful pictures and saying what they show."""

import json
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from flows.review_desk import Desk
from tasks.reports.review_page import build_review_page
from tasks.settings import SettingsError
from warehouse.errors import NothingToUndo, WarehouseError

LOCAL = "127.0.0.1"
HOSTS = {LOCAL, "localhost"}
LONGEST_BODY = 10_000
IDLE_S = 3.0  # a browser opens connections that it may never use
HTML, JSON, JPEG, TEXT = "text/html; charset=utf-8", "application/json", "image/jpeg", "text/plain"


class ReviewServer:
    """The page on loopback, alive within a `with` block; only who has its address with the token gets in.

    Args:
        desk: what it shows.
        port: 0 is any free one.
    """

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        self._server = _Server(desk, port)
        self._follower = threading.Thread(target=desk.follow_until_closed)

    @property
    def address(self) -> str:
        """Where the page is, token included."""
        return f"http://{LOCAL}:{self._server.server_address[1]}/?token={self.desk.token}"

    def __enter__(self) -> Self:
        self._follower.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.desk.close()
        self._follower.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for what is being said

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        super().__init__((LOCAL, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has gone on to the next picture hangs up; everything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """Pages, pictures and what is said; everything else is refused."""

    server: _Server
    timeout = IDLE_S

    def do_GET(self) -> None:
        """Answer the page, its queue or a picture."""
        self._answer(
            {"/": self._page, "/queue": self._queue, "/state": self._state, "/picture": self._picture}
        )

    def do_POST(self) -> None:
        """Keep a reading, or take it back."""
        self._answer({"/set": self._set, "/undo": self._undo})

    def _answer(self, rooms: dict[str, Any]) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not self._may(query):
            self._send(b"Forbidden", TEXT, HTTPStatus.FORBIDDEN)
            return
        room = rooms.get(parts.path)
        if room is None:
            self._send(b"Not found", TEXT, HTTPStatus.NOT_FOUND)
            return
        try:
            room(query)
        except (SettingsError, NothingToUndo, ValueError) as error:
            self._tell({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except WarehouseError as error:
            self._tell({"error": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)

    def _may(self, query: dict[str, str]) -> bool:
        # Another site's page may send requests here, but knows no token; the host it asks for betrays it too.
        host = (self.headers.get("Host") or "").partition(":")[0]
        token = self.headers.get("X-Token") or query.get("token", "")
        return host in HOSTS and secrets.compare_digest(token.encode(), self.server.desk.token.encode())

    def _page(self, _: dict[str, str]) -> None:
        desk = self.server.desk
        self._send(build_review_page(desk.token, desk.settings.report.language).encode(), HTML)

    def _queue(self, _: dict[str, str]) -> None:
        self._tell({"items": self.server.desk.queue()})

    def _state(self, _: dict[str, str]) -> None:
        self._tell({"followed": self.server.desk.followed, "waiting": len(self.server.desk.said)})

    def _picture(self, query: dict[str, str]) -> None:
        data = self.server.desk.picture(query.get("name", ""), query.get("part", "frame"))
        if data is None:
            self._send(b"Not found", TEXT, HTTPStatus.NOT_FOUND)
        else:
            self._send(data, JPEG)

    def _set(self, _: dict[str, str]) -> None:
        body = self._body()
        self._tell({"reading": self.server.desk.set_reading(body.get("name", ""), body.get("reading", ""))})

    def _undo(self, _: dict[str, str]) -> None:
        self.server.desk.take_back(self._body().get("name", ""))
        self._tell({"reading": None})

    def _body(self) -> dict[str, str]:
        """What was sent; json's error is a ValueError."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            raise ValueError("That is too long for a reading.")
        told = json.loads(self.rfile.read(length) or b"{}")
        return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}

    def _tell(self, answer: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(answer).encode(), JSON, status)

    def _send(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Keep the terminal quiet; tokens do not belong into logs."""
