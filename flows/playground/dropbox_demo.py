"""The demo's Dropbox: an account of its own on this machine, linked and used as a real one is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.playground.dropbox_emulator.server import DropboxEmulator
from raspi_agent.dropbox_link import CAMERA_SCOPES, SERVER_SCOPES, link_dropbox
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.upload import upload_waiting

URL = "dropbox:/"
MOST_ATTEMPTS = 10


@contextmanager
def dropbox_playground(home: Path) -> Iterator[DropboxEmulator]:
    """A Dropbox in this process that the real SDK reaches over TLS, linked with the home and its camera."""
    with DropboxEmulator() as emulator:
        before = {name: os.environ.get(name) for name in emulator.environment()}
        os.environ.update(emulator.environment())
        try:
            link_dropbox(home, emulator.app_key, SERVER_SCOPES, emulator.approve)
            link_dropbox(camera_home(home), emulator.app_key, CAMERA_SCOPES, emulator.approve)
            yield emulator
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def camera_home(home: Path) -> Path:
    """The home folder of the demo's camera, whose link may only add pictures."""
    return home / "camera"


def upload_past_troubles(emulator: DropboxEmulator, home: Path, outbox: Outbox) -> int:
    """Upload everything past a lost reply, a refusal and a flipped bit; return how often it began anew."""
    emulator.fail("files/upload", lose_reply=True)
    emulator.fail("files/upload", status=503)
    emulator.fail("files/upload", flip_bit=True)
    store = open_store(URL, camera_home(home))
    attempts = 1
    while upload_waiting(outbox, store).waiting and attempts < MOST_ATTEMPTS:
        attempts += 1
    return attempts - 1


def is_archived(emulator: DropboxEmulator, archive: Path) -> bool:
    """Whether the archive has every file of the Dropbox, byte for byte."""
    return all(
        (archive / path.lstrip("/")).is_file()
        and (archive / path.lstrip("/")).read_bytes() == emulator.files.read(path)
        for path in emulator.files.paths()
    )
