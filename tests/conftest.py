"""Fixtures that more than one room's tests use."""

import atexit
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from flows.playground.dropbox_emulator.server import DropboxEmulator
    from flows.playground.receivers import Receivers

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

# Before anything imports prefect, which reads its settings once.
os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
METER = """
timezone = "Europe/Berlin"

[meters.home]
camera = "cellar"
digits = 7
decimals = 1
"""


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End here: threads and caches hold DuckDB beyond the tests, whose bindings then print pages about it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if "duckdb" in sys.modules and reporter is not None:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(reporter._session.exitstatus))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder that every command and flow of the test uses, with one configured meter."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "smartmeter.toml").write_text(METER)
    monkeypatch.setenv("SMARTMETER_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real meter pictures with labels, which strangers don't have."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real meter pictures are not here: ../shared/data is missing")
    return SHARED_DATA


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A real Prefect server for flows that the tests call; the result is its API address."""
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_LOGGING_TO_API_ENABLED,
        temporary_settings,
    )
    from prefect.testing.utilities import prefect_test_harness

    # Without heartbeats a flow ends a second earlier.
    with (
        prefect_test_harness(server_startup_timeout=180),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_TO_API_ENABLED: False}),
    ):
        yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def dropbox_server() -> Iterator["DropboxEmulator"]:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

    with DropboxEmulator() as emulator:
        yield emulator


@pytest.fixture
def dropbox_emulator(dropbox_server: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch) -> "DropboxEmulator":
    """An empty Dropbox to which every client of this test and of its child processes is led."""
    dropbox_server.reset()
    for name, value in dropbox_server.environment().items():
        monkeypatch.setenv(name, value)
    return dropbox_server


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A small grey picture with noise on it, as sensors make it: a JPEG that any judge accepts."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 40).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def receivers() -> Iterator["Receivers"]:
    """A mail server, an ntfy, a webhook and a place for pings on this machine."""
    from flows.playground.receivers import receivers

    with receivers() as listening:
        yield listening


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's browser, without a window."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.skip("needs Debian's package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
