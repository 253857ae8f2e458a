"""The emulator's HTTPS side: a proxy that is Dropbox itself and lets nobody through to anywhere else."""

import base64
import json
import os
import ssl
import tempfile
import threading
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import trustme

from flows.playground.dropbox_emulator.faults import Fault, Faults
from flows.playground.dropbox_emulator.file_tree import FileTree
from flows.playground.dropbox_emulator.routes import ROUTES, Account, Download, Route
from flows.playground.dropbox_emulator.tokens import SCOPES, Tokens
from flows.playground.dropbox_emulator.wire import BadRequest, Json, Refusal, summary
from raspi_agent.dropbox_token import DropboxToken, save_token

APP_KEY = "playground00key"
_HOSTS = ("api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com", "www.dropbox.com")
_SILENCE_S = 60.0


class DropboxEmulator:
    """A Dropbox of one account and one app, alive within a `with` block.

    Clients reach it through `environment()`: it is the proxy for every host, answers for Dropbox's own and
    refuses all others. They need no address of it and no change.

    Args:
        quota_bytes: how much the account holds.
    """

    def __init__(self, quota_bytes: int = 2 << 30) -> None:
        self.app_key = APP_KEY
        self.calls: Counter[str] = Counter()
        self.reset(quota_bytes)
        self._folder = tempfile.TemporaryDirectory(prefix="dropbox-emulator-")
        authority = trustme.CA()
        self._certificate = Path(self._folder.name, "authority.pem")
        authority.cert_pem.write_to_path(str(self._certificate))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*_HOSTS).configure_cert(self.tls)
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def reset(self, quota_bytes: int = 2 << 30) -> None:
        """An account without files, links, faults and calls."""
        self.files = FileTree(quota_bytes)
        self.account = Account(self.files)
        self.tokens = Tokens(self.app_key)
        self.faults = Faults()
        self.calls.clear()

    def environment(self) -> dict[str, str]:
        """The variables by which requests, curl and Go programs come here, in child processes too."""
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        certificate = str(self._certificate)
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": certificate,
            "CURL_CA_BUNDLE": certificate,
            "SSL_CERT_FILE": certificate,
            "SSL_CERT_DIR": os.devnull,
        }

    def link(self, home: Path, scopes: tuple[str, ...] = SCOPES) -> Path:
        """Link a home folder with this account, as `link-dropbox` does; return where that is written."""
        return save_token(home, DropboxToken(self.app_key, self.tokens.link(scopes)))

    def approve(self, url: str, scopes: tuple[str, ...] | None = None) -> str:
        """Press Allow on the page at that address; see `Tokens.approve`."""
        return self.tokens.approve(url, scopes)

    def fail(self, route: str, **trouble: Any) -> None:  # noqa: ANN401 - the fields of Fault
        """Let requests of a route meet trouble; see `Fault`."""
        self.faults.coming.append(Fault(route, **trouble))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, emulator: DropboxEmulator) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.emulator = emulator

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _SILENCE_S
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing; `calls` counts."""

    def do_CONNECT(self) -> None:
        host = self.path.removesuffix(":443")
        if host not in _HOSTS:
            self._reply(HTTPStatus.FORBIDDEN, b"the playground reaches nobody else")
            return
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.server.emulator.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", -1)
        self.close_connection = False

    def do_POST(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        name = path.removeprefix("/2/").removeprefix("/1/").removeprefix("/")
        self.server.emulator.calls[name] += 1
        fault = self.server.emulator.faults.take(name)
        if fault.before is not None:
            fault.before()
        if fault.status is not None:
            self._reply(fault.status, fault.body, headers=fault.headers)
        elif name == "oauth2/token":
            self._answer_token(body, fault)
        else:
            self._answer_route(name, body, fault)

    def finish(self) -> None:
        """Close the TLS connection as well, which the base class knows nothing of."""
        try:
            super().finish()
        finally:
            self.connection.close()

    def _answer_token(self, body: bytes, fault: Fault) -> None:
        tokens = self.server.emulator.tokens
        form = dict(parse_qsl(body.decode()))
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        if basic:  # rclone says there who it is
            form["client_id"] = base64.b64decode(basic).decode().partition(":")[0]
        try:
            answer, status = tokens.answer(form), HTTPStatus.OK.value
        except Refusal as refusal:
            answer, status = refusal.error, refusal.status
        self._send_json(status, answer, fault)

    def _answer_route(self, name: str, body: bytes, fault: Fault) -> None:
        route = ROUTES.get(name)
        if route is None:
            text = f'Error in call to API function "{name}": Unknown API function'
            self._reply(HTTPStatus.BAD_REQUEST, text.encode(), "text/plain")
            return
        try:
            answer = self._ask(route, body, fault)
        except Refusal as refusal:
            error = {"error_summary": summary(refusal.error), "error": refusal.error}
            self._send_json(refusal.status, error, fault)
        except (BadRequest, KeyError) as error:
            text = f'Error in call to API function "{name}": {error}'
            self._reply(HTTPStatus.BAD_REQUEST, text.encode(), "text/plain")
        else:
            if isinstance(answer, Download):
                self._send_file(answer, fault)
            else:
                self._send_json(HTTPStatus.OK, answer, fault)

    def _ask(self, route: Route, body: bytes, fault: Fault) -> Json | Download | None:
        if route.scope:
            self.server.emulator.tokens.check(self.headers.get("Authorization", ""), route.scope)
        in_header = self.headers.get("Dropbox-API-Arg")
        argument = json.loads(in_header or body or b"null") or {}
        account = self.server.emulator.account
        data = fault.bend(body) if route.takes_bytes else b""
        if not route.locked:
            return route.answer(account, argument, data)
        with account.files.changed:
            return route.answer(account, argument, data)

    def _send_file(self, answer: Download, fault: Fault) -> None:
        data, status, headers = (
            answer.data,
            HTTPStatus.OK,
            {"Dropbox-API-Result": json.dumps(answer.metadata)},
        )
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if wanted:
            first, last = _range(wanted, len(data))
            if first >= len(data):
                self._reply(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"")
                return
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data = data[first : last + 1]
        self._reply(status, fault.bend(data), "application/octet-stream", headers, fault)

    def _send_json(self, status: int, answer: Json | None, fault: Fault) -> None:
        self._reply(status, json.dumps(answer).encode(), fault=fault)

    def _reply(
        self,
        status: int,
        body: bytes,
        media_type: str = "application/json",
        headers: dict[str, str] | None = None,
        fault: Fault | None = None,
    ) -> None:
        if fault is not None and fault.lose_reply:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Type": media_type, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is not None and fault.cut_after is not None:
            self.wfile.write(body[: fault.cut_after])
            self.close_connection = True
            return
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


def _range(wanted: str, size: int) -> tuple[int, int]:
    """The first and the last byte that a Range header asks for."""
    first, _, last = wanted.partition("-")
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last or size), size - 1)
