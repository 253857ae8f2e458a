import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raspi_agent.content_hash import content_hash
from raspi_agent.folder_store import FolderStore
from raspi_agent.mail import Mailed, put, send_mail, waiting_keys
from raspi_agent.picture_key import twin_key
from raspi_agent.store import Added, Listing, Revision, Space, StoreFull, StoreRefused, StoreUnavailable

KEY = "health/cellar/20260301/20260301_120000Z.json"
LOG = "log/cellar/smartmeter-agent_20260301.log.gz"


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", create=True)


def in_store(store: FolderStore) -> dict[str, bytes]:
    return {each.key: store.fetch(each) for each in store.list().revisions}


def test_mail_reaches_the_store_and_leaves(outbox: Path, store: FolderStore) -> None:
    put(outbox, KEY, b"{}")
    put(outbox, LOG, b"log")
    assert waiting_keys(outbox) == (KEY, LOG)
    assert send_mail(outbox, store) == Mailed(sent=2)
    assert in_store(store) == {KEY: b"{}", LOG: b"log"}
    assert send_mail(outbox, store) == Mailed()


def test_without_any_mail_there_is_nothing_to_do(outbox: Path, store: FolderStore) -> None:
    assert send_mail(outbox, store) == Mailed()
    assert not outbox.exists()


def test_the_same_again_changes_nothing_and_other_bytes_get_a_twin(outbox: Path, store: FolderStore) -> None:
    for data in (b"one", b"one", b"two", b"two"):
        put(outbox, KEY, data)
    twin = twin_key(KEY, content_hash(b"two"))
    assert set(waiting_keys(outbox)) == {KEY, twin}
    assert send_mail(outbox, store).sent == 2
    put(outbox, KEY, b"one")
    put(outbox, KEY, b"three")
    assert send_mail(outbox, store).sent == 2
    assert in_store(store)[KEY] == b"one"
    assert set(in_store(store).values()) == {b"one", b"two", b"three"}
    assert waiting_keys(outbox) == ()


@pytest.mark.parametrize(
    "key",
    ["", ".", "/etc/x", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a+b", "a\\b", "a\0b", "x" * 201],
)
def test_only_plain_keys_are_taken(outbox: Path, key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        put(outbox, key, b"")
    assert waiting_keys(outbox) == ()


def test_beyond_its_limit_the_oldest_go(outbox: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        put(outbox, f"health/cellar/{number}.json", b"{}", most_files=3)
        os.utime(outbox / "mail" / f"health+cellar+{number}.json", (number, number))
    assert waiting_keys(outbox) == tuple(f"health/cellar/{number}.json" for number in (2, 3, 4))
    assert "the oldest 1 of its files had to go" in caplog.text


class Unwilling:
    """A folder store that raises for some keys."""

    def __init__(self, inner: FolderStore, refuses: dict[str, Exception]) -> None:
        self.inner, self.refuses, self.asked = inner, refuses, 0

    def add(self, key: str, data: bytes) -> Added:
        self.asked += 1
        for part, error in self.refuses.items():
            if part in key:
                raise error
        return self.inner.add(key, data)

    def list(self, cursor: str | None = None) -> Listing:
        return self.inner.list(cursor)

    def fetch(self, revision: Revision) -> bytes:
        return self.inner.fetch(revision)

    def delete(self, revision: Revision) -> bool:
        return self.inner.delete(revision)

    def space(self) -> Space:
        return self.inner.space()

    def deleted(self) -> tuple[Revision, ...]:
        return self.inner.deleted()

    def restore(self, revision: Revision) -> Added:
        return self.inner.restore(revision)


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreFull("full")])
def test_a_store_that_is_away_is_asked_once(outbox: Path, store: FolderStore, error: Exception) -> None:
    for number in range(5):
        put(outbox, f"log/{number}", b"x")
    unwilling = Unwilling(store, {"log/": error})
    result = send_mail(outbox, unwilling)
    assert (result.sent, result.waiting, result.stopped_by, unwilling.asked) == (0, 5, error, 1)


def test_a_file_that_is_refused_holds_up_no_other(outbox: Path, store: FolderStore) -> None:
    for number in range(5):
        put(outbox, f"log/{number}", b"x")
    unwilling = Unwilling(store, {"log/0": StoreRefused("no"), "log/1": StoreRefused("no")})
    assert send_mail(outbox, unwilling) == Mailed(sent=3, waiting=2)
    assert set(in_store(store)) == {"log/2", "log/3", "log/4"}


def test_a_link_that_is_refused_is_not_asked_for_each_file(outbox: Path, store: FolderStore) -> None:
    for number in range(50):
        put(outbox, f"log/{number}", b"x")
    unwilling = Unwilling(store, {"": StoreRefused("revoked")})
    assert send_mail(outbox, unwilling).waiting == 50
    assert unwilling.asked == 3


def test_what_somebody_put_there_by_hand_stays_and_harms_nothing(outbox: Path, store: FolderStore) -> None:
    put(outbox, KEY, b"{}")
    (outbox / "mail" / "..+..+x").write_bytes(b"x")
    (outbox / "mail" / "folder").mkdir()
    assert send_mail(outbox, store) == Mailed(sent=1, waiting=0)
    assert list(in_store(store)) == [KEY]


def test_a_file_that_cannot_be_read_waits(outbox: Path, store: FolderStore) -> None:
    put(outbox, KEY, b"{}")
    put(outbox, LOG, b"log")
    (outbox / "mail" / LOG.replace("/", "+")).unlink()
    (outbox / "mail" / LOG.replace("/", "+")).symlink_to("/proc/self/mem")
    assert send_mail(outbox, store).sent == 1
    assert list(in_store(store)) == [KEY]


def test_a_full_disk_leaves_nothing_behind(
    outbox: Path, with_no_space: Callable[[int, Callable[[], None]], None]
) -> None:
    put(outbox, KEY, b"{}")

    def write_too_much() -> None:
        with pytest.raises(OSError, match="File too large"):
            put(outbox, LOG, bytes(50_000))

    with_no_space(10_000, write_too_much)
    assert waiting_keys(outbox) == (KEY,)
    assert sorted(path.name for path in (outbox / "mail").iterdir()) == [".lock", KEY.replace("/", "+")]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_what_was_promised_arrives_once_whatever_is_killed(
    tmp_path_factory: pytest.TempPathFactory,
    killed_before_call: Callable[[int, Callable[[Callable[[str], None]], None]], tuple[list[str], bool]],
    kills: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    outbox, store = folder / "outbox", FolderStore(folder / "store", create=True)
    content = {f"log/{number}": b"%d" % number * 3000 for number in range(3)}
    promised: set[str] = set()

    def live(promise: Callable[[str], None]) -> None:
        for key, data in content.items():
            if key not in promised:
                put(outbox, key, data)
                promise(key)
        send_mail(outbox, store)

    for kill in kills:
        promised.update(killed_before_call(kill, live)[0])
    killed_before_call(10**6, live)
    assert in_store(store) == content
    assert waiting_keys(outbox) == ()
