import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.folder_store import FolderStore
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.store import Store, StoreRefused, StoreUnavailable
from raspi_agent.tally import Tally
from raspi_agent.upload_loop import ACTIVITY, UploadLoop
from raspi_agent.watchdog import Watchdog

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

FACTS = CaptureFacts(camera="home", taken_at=datetime(2026, 3, 1, 12, tzinfo=UTC), clock_synchronised=True)


class Uploads:
    """An upload loop on a clock that is moved by hand."""

    def __init__(self, folder: Path, open_store: Callable[[], Store] | None = None) -> None:
        self.now_s = 0.0
        self.shelf = folder / "shelf"
        self.outbox = Outbox(folder / "outbox")
        self.watchdog = Watchdog({ACTIVITY: 60}, clock=lambda: self.now_s)
        self.kept_house = 0
        self.loop = UploadLoop(
            open_store or (lambda: FolderStore(self.shelf, settle_s=0)),
            self.outbox,
            tally=Tally(),
            watchdog=self.watchdog,
            housekeeping=self.keep_house,
            clock=lambda: self.now_s,
        )

    def keep_house(self) -> None:
        self.kept_house += 1

    def after(self, seconds: float) -> int:
        """How many pictures wait after a turn that much later."""
        self.now_s += seconds
        self.loop.turn()
        return len(self.outbox.waiting())


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def test_a_store_that_is_away_is_asked_ever_more_rarely_and_gets_everything(
    uploads: Uploads,
) -> None:
    uploads.outbox.add(b"a", FACTS)
    pauses = []
    for _ in range(8):
        before_s = uploads.now_s
        assert uploads.after(0) == 1
        while uploads.loop.seconds_left_alone > 0:
            uploads.now_s += uploads.loop.seconds_left_alone
        pauses.append(uploads.now_s - before_s)
    assert 7 < pauses[0] <= 15
    assert 450 <= pauses[-1] <= 900
    uploads.outbox.add(b"b", FACTS)
    uploads.shelf.mkdir()
    assert uploads.after(0) == 0
    assert len(FolderStore(uploads.shelf, settle_s=0).list().revisions) == 2
    uploads.outbox.add(b"c", FACTS)
    assert uploads.after(1) == 0


@pytest.mark.parametrize(
    ("error", "pause_s"), [(StoreUnavailable("busy", retry_after_s=77.0), 77.0), (StoreRefused("no"), 900.0)]
)
def test_it_waits_for_as_long_as_the_store_or_a_person_needs(
    tmp_path: Path, error: Exception, pause_s: float
) -> None:
    def refuse() -> Store:
        raise error

    uploads = Uploads(tmp_path, refuse)
    uploads.outbox.add(b"a", FACTS)
    assert uploads.after(0) == 1
    assert uploads.loop.seconds_left_alone == pause_s


def test_after_a_refusal_the_store_is_opened_anew_for_it_may_have_another_link(
    tmp_path: Path, dropbox_emulator: "DropboxEmulator"
) -> None:
    dropbox_emulator.link(tmp_path)
    uploads = Uploads(tmp_path, lambda: open_store("dropbox:/", tmp_path))
    uploads.outbox.add(b"a", FACTS)
    assert uploads.after(0) == 0
    dropbox_emulator.tokens.revoke_all()
    uploads.outbox.add(b"b", FACTS)
    assert uploads.after(0) == 1
    dropbox_emulator.link(tmp_path)
    assert uploads.after(uploads.loop.seconds_left_alone) == 0


def test_the_house_is_kept_and_the_watchdog_hears_whatever_happens(tmp_path: Path) -> None:
    def fail() -> Store:
        raise RuntimeError("nobody foresaw this")

    uploads = Uploads(tmp_path, fail)
    for _ in range(5):
        uploads.after(50)
    assert uploads.kept_house == 5
    assert uploads.watchdog.hangs() is None
    uploads.now_s += 61
    assert uploads.watchdog.hangs() == "the upload has hung for 61 s"


def test_a_house_that_cannot_be_kept_holds_up_no_picture(uploads: Uploads) -> None:
    def fail() -> None:
        raise RuntimeError("nobody foresaw this")

    broken = UploadLoop(
        lambda: FolderStore(uploads.shelf, settle_s=0),
        uploads.outbox,
        tally=Tally(),
        watchdog=uploads.watchdog,
        housekeeping=fail,
    )
    uploads.shelf.mkdir()
    uploads.outbox.add(b"a", FACTS)
    broken.turn()
    assert uploads.outbox.waiting() == ()


def test_it_sends_in_its_own_thread_as_soon_as_it_is_woken(uploads: Uploads) -> None:
    uploads.shelf.mkdir()
    uploads.loop.start()
    uploads.outbox.add(b"a", FACTS)
    uploads.loop.wake()
    deadline_s = time.monotonic() + 10
    while uploads.outbox.waiting() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    uploads.loop.stop(5)
    assert uploads.outbox.waiting() == ()
    uploads.outbox.add(b"b", FACTS)
    assert uploads.loop.drain(5) == 0
