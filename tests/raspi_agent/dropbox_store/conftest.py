from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.dropbox_store import DropboxStore

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

KEY = "images/home/20260301/20260301_120000Z_000001.jpg"


@pytest.fixture
def store(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> DropboxStore:
    dropbox_emulator.link(tmp_path)
    return DropboxStore("/", tmp_path)
