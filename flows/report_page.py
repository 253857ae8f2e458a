"""The report's folder as pages, for this machine only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from flows.prefect_api import LOOPBACK, LOOPBACKS, BackendError


class _Page(SimpleHTTPRequestHandler):
    """Files of a folder, for browsers that ask for this machine by its own name."""

    server_version, sys_version = "SmartMeter", ""

    def send_head(self):  # type: ignore[no-untyped-def]  # noqa: ANN202  (as the base class)
        """Refuse other names, with which a page from elsewhere could read the readings (DNS rebinding)."""
        if self.headers.get("Host", "").rpartition(":")[0] not in LOOPBACKS:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "Ask for 127.0.0.1")
            return None
        return super().send_head()

    def list_directory(self, path):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  (as the base class)
        """Show no folders, only what the page links to."""
        self.send_error(HTTPStatus.NOT_FOUND, f"No page {Path(path).name}; the next ingest publishes it")

    def end_headers(self) -> None:
        """Let browsers ask again each time, guess no types, and show it in nobody's frame."""
        for name, value in (
            ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def report_page(site: Path, port: int) -> Iterator[None]:
    """Shows a folder at a loopback port, in a thread.

    Raises:
        BackendError: The port is taken.
    """
    site.mkdir(parents=True, exist_ok=True)
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), partial(_Page, directory=str(site.resolve())))
    except OSError as error:
        raise BackendError(
            f"The report can't be shown at port {port} ({error.strerror}). Choose another one in "
            f'smartmeter.toml: [report] address = "http://127.0.0.1:{port + 1}"'
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
