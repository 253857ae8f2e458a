"""Memory and start-up of the agent, with and without Prefect, and how soon a picture is in the store.

python -P benchmarks/agent.py --pictures 50
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image
from rich.console import Console

from flows.backend import export_environment, free_port, start_server, stop
from raspi_agent.ask import AgentAway, ask_for_picture

PATIENCE_S = 180.0
RUN_S = 40.0  # a run is picked up within ten seconds
LIBRARIES = "import pydantic_settings, PIL.Image, ssl, http.client, zoneinfo"
SETTINGS = """\
camera = "cellar"
camera_url = "http://127.0.0.1:{port}/capture"
interval_minutes = 1440
[http]
discard = 0
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    console = Console(width=100)
    bare, libraries = _memory_of("pass"), _memory_of(LIBRARIES)
    console.print(f"Python alone: {bare:.0f} MB; with the agent's libraries: {libraries:.0f} MB")
    with tempfile.TemporaryDirectory() as folder, _camera() as port:
        home = Path(folder)
        (home / "agent.toml").write_text(SETTINGS.format(port=port))
        starts = [_start_and_stop(home) for _ in range(options.starts)]
        console.print(f"start to first answer: median {statistics.median(starts):.2f} s of {len(starts)}")
        with _agent(home) as agent:
            _wait_for_answer(home)
            latencies = sorted(_latency(home) for _ in range(options.pictures))
            median_ms, late_ms = statistics.median(latencies) * 1e3, latencies[-len(latencies) // 20] * 1e3
            console.print(
                f"asked to stored, {len(latencies)} times: median {median_ms:.0f} ms, 95 % {late_ms:.0f} ms"
            )
            console.print(f"the agent after them: {_resident_mb(agent.pid):.0f} MB resident")
            _with_prefect(home, console)


def _with_prefect(home: Path, console: Console) -> None:
    export_environment(home, quiet=True)
    port = free_port()
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    server = start_server(home, port, ui=False)
    serving = subprocess.Popen([sys.executable, "-m", "deployments.capture", "--home", str(home)])
    try:
        run = [sys.executable, "-m", "prefect", "deployment", "run", "capture/cellar"]
        started_s = time.monotonic()
        while subprocess.run(run, capture_output=True, check=False).returncode:
            if time.monotonic() - started_s > PATIENCE_S:
                raise SystemExit("nobody serves the capture flow")
        alone, until_s, most = _resident_mb(serving.pid), time.monotonic() + RUN_S, 0.0
        while time.monotonic() < until_s:
            most = max(most, sum(_resident_mb(pid) for pid in _descendants(serving.pid)))
            time.sleep(0.1)
        console.print(f"serving Prefect's flow: {alone:.0f} MB, while a run is under way {most:.0f} MB more")
    finally:
        stop(serving)
        stop(server)


def _memory_of(program: str) -> float:
    """Resident megabytes of a Python that has run a program."""
    code = f"{program}\nprint(open('/proc/self/status').read())"
    status = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return _megabytes(status)


def _resident_mb(pid: int) -> float:
    try:
        return _megabytes(Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _megabytes(status: str) -> float:
    found = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def _descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            children = [int(child) for child in thread.read_text().split()]
            found += [each for child in children for each in (child, *_descendants(child))]
    return found


@contextmanager
def _agent(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    agent = subprocess.Popen(
        [sys.executable, "-m", "raspi_agent", "--home", str(home), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield agent
    finally:
        stop(agent)


def _start_and_stop(home: Path) -> float:
    started_s = time.monotonic()
    with _agent(home):
        _wait_for_answer(home)
        return time.monotonic() - started_s


def _wait_for_answer(home: Path) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            ask_for_picture(home, is_extra=False, timeout_s=30)
        except AgentAway:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.01)
        else:
            return


def _latency(home: Path) -> float:
    started_s = time.monotonic()
    reply = ask_for_picture(home, is_extra=True, timeout_s=30)
    if reply.key is None:
        raise SystemExit(reply.error)
    stored = home / "store" / reply.key
    while not stored.exists():
        time.sleep(0.002)
    return time.monotonic() - started_s


@contextmanager
def _camera() -> Iterator[int]:
    """A camera in the network, 1640 x 1232 and something new each time; its port."""
    pictures = [_picture() for _ in range(3)]
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal asked
            asked += 1
            body = pictures[asked % len(pictures)]
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def _picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((1640, 1232), 8).convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()


if __name__ == "__main__":
    main()
