from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.content_hash import content_hash
from raspi_agent.folder_store import FolderStore
from raspi_agent.outbox import Outbox
from raspi_agent.picture_key import twin_key
from raspi_agent.upload import Uploaded, upload_waiting

FACTS = CaptureFacts(camera="home", taken_at=datetime(2026, 3, 1, 12, tzinfo=UTC), clock_synchronised=True)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", create=True)


def everything(store: FolderStore) -> dict[str, bytes]:
    return {revision.key: store.fetch(revision) for revision in store.list().revisions}


def test_every_picture_arrives_once(outbox: Outbox, store: FolderStore) -> None:
    pictures = {outbox.add(data, FACTS): data for data in (b"one", b"two", b"three")}
    assert upload_waiting(outbox, store) == Uploaded(stored=3)
    assert upload_waiting(outbox, store) == Uploaded()
    assert everything(store) == pictures


def test_a_lost_reply_is_made_good(outbox: Outbox, store: FolderStore) -> None:
    key = outbox.add(b"one", FACTS)
    store.add(key, b"one")
    assert upload_waiting(outbox, store) == Uploaded(already_there=1)


def test_other_bytes_under_the_name_keep_it(outbox: Outbox, store: FolderStore) -> None:
    key = outbox.add(b"ours", FACTS)
    store.add(key, b"theirs")
    assert upload_waiting(outbox, store) == Uploaded(stored=1, renamed=1)
    assert everything(store) == {key: b"theirs", twin_key(key, content_hash(b"ours")): b"ours"}


def test_a_picture_whose_twin_is_taken_too_waits_and_stops_nobody(outbox: Outbox, store: FolderStore) -> None:
    key = outbox.add(b"ours", FACTS)
    outbox.add(b"next", FACTS)
    store.add(key, b"theirs")
    store.add(twin_key(key, content_hash(b"ours")), b"theirs too")
    assert upload_waiting(outbox, store) == Uploaded(stored=1, waiting=1)
    assert outbox.read(key) == b"ours"


def test_a_store_that_is_away_costs_nothing(outbox: Outbox, tmp_path: Path) -> None:
    key = outbox.add(b"one", FACTS)
    away = FolderStore(tmp_path / "not mounted")
    uploaded = upload_waiting(outbox, away)
    assert (uploaded.stored, uploaded.waiting) == (0, 1)
    assert "not mounted is not there" in str(uploaded.stopped_by)
    assert outbox.read(key) == b"one"


def test_a_kill_at_any_call_loses_and_doubles_nothing(
    outbox: Outbox, store: FolderStore, killed_before_call: Callable[..., tuple[list[str], bool]]
) -> None:
    promised: dict[str, bytes] = {}
    n, killed = 1, True

    def upload(_: Callable[[str], None]) -> None:
        upload_waiting(outbox, store)

    while killed:
        data = b"picture %d" % n
        promised[outbox.add(data, FACTS)] = data
        _, killed = killed_before_call(n, upload)
        in_outbox = {key: outbox.read(key) for key in outbox.waiting()}
        assert in_outbox | everything(store) == promised
        n += 1
    assert n > 20
    upload_waiting(outbox, store)
    assert everything(store) == promised
    assert outbox.waiting() == ()
