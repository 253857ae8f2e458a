"""Receivers of alerts on this machine: a mail server, and one for ntfy, webhooks and pings."""

import base64
import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

Attached = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A message that arrived.

    Attributes:
        at: Where: `mail`, or the path of the request.
        subject: Its title; empty where it has none.
        text: What it says.
        attachments: Names and bytes of what came with it.
    """

    at: str
    subject: str
    text: str
    attachments: Attached = ()


@dataclass
class Receivers:
    """What arrived, and how the receivers answer.

    Attributes:
        smtp_port: Of the mail server.
        http_port: Of ntfy, webhook and ping.
        received: All that arrived, in order.
        refused: Places that answer with an error, and how many more times.
        moved: Places that redirect, and where to.
    """

    smtp_port: int = 0
    http_port: int = 0
    received: list[Received] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def mail(self) -> str:
        """The Apprise address of the mailbox."""
        return (
            f"mailto://meter:sesame-mail@127.0.0.1:{self.smtp_port}?from=meter@example.org&to=me@example.org"
        )

    @property
    def ntfy(self) -> str:
        """The Apprise address of a topic."""
        return f"ntfy://127.0.0.1:{self.http_port}/sesame-topic"

    @property
    def webhook(self) -> str:
        """The Apprise address of a webhook."""
        return f"json://127.0.0.1:{self.http_port}/hook/sesame-hook"

    def refuses(self, place: str) -> bool:
        """Whether a place has trouble now; each question uses one up."""
        left = self.refused.get(place, 0)
        self.refused[place] = max(left - 1, 0)
        return left > 0

    def at(self, place: str) -> list[Received]:
        """What arrived at a place."""
        return [each for each in self.received if each.at == place]


@contextmanager
def receivers() -> Iterator[Receivers]:
    """Receivers that listen on loopback until the end."""
    state = Receivers()
    mail = _MailServer(("127.0.0.1", 0), _handler(_MailHandler, state))
    web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_WebHandler, state))
    state.smtp_port, state.http_port = int(mail.server_address[1]), int(web.server_address[1])
    servers = (mail, web)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield state
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs who has a message; every password is right."""

    state: Receivers

    def handle(self) -> None:
        self._say("220 meter.example ready")
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line.upper().split(" ")[0].split(":")[0]
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb in {"EHLO", "HELO"}:
                self._say("250-meter.example", "250-AUTH PLAIN LOGIN", "250 8BITMIME")
            elif verb == "AUTH":
                self._say("235 welcome")
            elif verb == "MAIL" and self.state.refuses("mail"):
                self._say("451 try again later")
            elif verb == "DATA":
                self._say("354 go on")
                self.state.received.append(_mail_of(self._data()))
                self._say("250 taken")
            else:
                self._say("250 fine")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


class _WebHandler(BaseHTTPRequestHandler):
    """Takes whatever is sent, and remembers it."""

    state: Receivers

    def do_GET(self) -> None:
        self._take(b"")

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_PUT = do_POST  # noqa: N815 - named as the standard library wants it

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _take(self, body: bytes) -> None:
        request = _request_of(self.path, body)
        if target := self.state.moved.get(request.at):
            self._answer(302, location=target)
        elif self.state.refuses(request.at):
            self._answer(503)
        else:
            self.state.received.append(request)
            self._answer(200)

    def _answer(self, code: int, location: str | None = None) -> None:
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def _handler(kind: type, state: Receivers) -> type:
    return type(kind.__name__, (kind,), {"state": state})


def _mail_of(data: bytes) -> Received:
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    attached: Attached = tuple(
        (str(each.get_filename()), bytes(each.get_content())) for each in message.iter_attachments()
    )
    return Received("mail", str(message["subject"]), body.get_content() if body else "", attached)


def _request_of(path: str, body: bytes) -> Received:
    """A request as Apprise writes it: the message in JSON, or, beside an attachment, in the query."""
    parts = urlsplit(path)
    query = dict(parse_qsl(parts.query))
    if "title" in query:
        return Received(parts.path, query["title"], query["message"], ((query.get("filename", ""), body),))
    try:
        fields = json.loads(body)
    except ValueError:
        return Received(parts.path, "", body.decode(errors="replace"))
    place = f"/{fields['topic']}" if "topic" in fields else parts.path
    attached: Attached = tuple(
        (each["filename"], base64.b64decode(each["base64"])) for each in fields.get("attachments", ())
    )
    return Received(place, fields.get("title", ""), fields.get("message", ""), attached)
