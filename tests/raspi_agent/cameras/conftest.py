"""A camera in the network that answers whatever a test wants."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class LyingServer:
    """A real server whose answer is the test's; it remembers what it was asked."""

    url: str = ""
    answer: Answer | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[LyingServer]:
    liar = LyingServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            liar.asked.append((self.path, dict(self.headers)))
            assert liar.answer
            with contextlib.suppress(OSError):  # the agent hangs up on liars
                liar.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        liar.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield liar
        finally:
            liar.over.set()
            listening.shutdown()
            thread.join()


def gives(
    data: bytes, *, status: int = 200, length: int | None = None, kind: str = "image/jpeg", **headers: str
) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data) if length is None else length))
        request.end_headers()
        request.wfile.write(data)

    return answer


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "camera-password"
    path.parent.mkdir()
    path.write_text("gehe im\n")
    path.chmod(0o600)
    return path
