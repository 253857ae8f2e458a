"""The official SDK against the emulator, over TLS."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.content_hash import content_hash
from raspi_agent.dropbox_store import DropboxStore
from raspi_agent.store import (
    Added,
    Listing,
    Revision,
    RevisionGone,
    Space,
    StoreFull,
    StoreUnavailable,
)
from tests.raspi_agent.dropbox_store.conftest import KEY

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


def keys(listing: Listing) -> list[str]:
    return [revision.key for revision in listing.revisions]


def test_what_was_added_is_listed_and_fetched_whole(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    assert store.add(KEY, b"picture") is Added.STORED
    (revision,) = store.list().revisions
    assert (revision.key, revision.size, revision.content_hash) == (KEY, 7, content_hash(b"picture"))
    assert store.fetch(revision) == b"picture"
    (entry,) = dropbox_emulator.files.history.values()
    assert entry[0].client_modified == "2026-03-01T12:00:00Z"


def test_nothing_is_overwritten(store: DropboxStore) -> None:
    results = [store.add(KEY, data) for data in (b"first", b"first", b"other")]
    assert results == [Added.STORED, Added.ALREADY_THERE, Added.CONFLICT]
    assert store.fetch(store.list().revisions[0]) == b"first"


def test_a_lost_reply_is_made_good(store: DropboxStore, dropbox_emulator: "DropboxEmulator") -> None:
    dropbox_emulator.fail("files/upload", lose_reply=True)
    with pytest.raises(StoreUnavailable):
        store.add(KEY, b"picture")
    assert store.add(KEY, b"picture") is Added.ALREADY_THERE
    assert dropbox_emulator.files.paths() == [f"/{KEY}"]


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\\b", "a\0b", ".hidden", "x" * 250]
)
def test_keys_that_lead_elsewhere_are_refused(store: DropboxStore, key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        store.add(key, b"picture")
    with pytest.raises(ValueError, match="is no key"):
        store.delete(Revision(key=key, revision="", size=0, content_hash=""))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/images/home/a.jpg", "images/home/a.jpg"),
        ("/Images/Zähler/Foto 1.JPG", "images/zähler/Foto 1.JPG"),
        ("/a.jpg", "a.jpg"),
        ("/.hidden/a.jpg", None),
        ("/a.jpg.part", None),
        ("/back\\slash.jpg", None),
    ],
)
def test_what_others_put_there_is_listed_if_a_disk_can_keep_it(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", path: str, key: str | None
) -> None:
    dropbox_emulator.files.put(path, b"bytes")
    assert keys(store.list()) == ([key] if key else [])


def test_a_store_in_a_folder_sees_and_touches_only_that(
    dropbox_emulator: "DropboxEmulator", tmp_path: Path
) -> None:
    dropbox_emulator.link(tmp_path)
    dropbox_emulator.files.put("/Meter/a.jpg", b"ours")
    dropbox_emulator.files.put("/meter2/b.jpg", b"theirs")
    store = DropboxStore("/meter/", tmp_path)
    assert keys(store.list()) == ["a.jpg"]
    store.add("c.jpg", b"new")
    assert dropbox_emulator.files.paths() == ["/Meter/a.jpg", "/Meter/c.jpg", "/meter2/b.jpg"]


def test_the_cursor_tells_only_what_is_new_with_one_call(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.add("a.jpg", b"a")
    first = store.list()
    dropbox_emulator.calls.clear()
    assert store.list(first.cursor).revisions == ()
    assert dict(dropbox_emulator.calls) == {"files/list_folder/continue": 1}
    store.add("b.jpg", b"b")
    dropbox_emulator.files.remove("/a.jpg")
    assert keys(store.list(first.cursor)) == ["b.jpg"]


@pytest.mark.parametrize("spoil", ["reset", "garbage"])
def test_a_useless_cursor_tells_everything(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", spoil: str
) -> None:
    store.add("a.jpg", b"a")
    cursor = store.list().cursor if spoil == "reset" else "garbage"
    dropbox_emulator.files.reset_cursors()
    assert keys(store.list(cursor)) == ["a.jpg"]


def test_a_long_list_comes_in_pages_each_picture_once(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    for number in range(2001):
        dropbox_emulator.files.put(f"/{number:05d}.jpg", b"%d" % number)
    assert keys(store.list()) == [f"{number:05d}.jpg" for number in range(2001)]
    assert dropbox_emulator.calls["files/list_folder/continue"] == 1


def test_a_revision_that_changed_is_fetched_as_it_was_and_not_deleted(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.add("a.jpg", b"old")
    (old,) = store.list().revisions
    dropbox_emulator.files.put("/a.jpg", b"new")
    assert store.fetch(old) == b"old"
    assert store.delete(old) is False
    (new,) = store.list().revisions
    assert [store.delete(new), store.delete(new)] == [True, True]
    assert store.list().revisions == ()


def test_a_race_just_before_the_delete_is_lost_by_the_delete(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.add("a.jpg", b"old")
    (old,) = store.list().revisions
    dropbox_emulator.fail("files/delete_v2", before=lambda: dropbox_emulator.files.put("/a.jpg", b"new"))
    assert store.delete(old) is False
    assert dropbox_emulator.files.read("/a.jpg") == b"new"


def test_a_file_that_is_gone_for_good_is_gone(store: DropboxStore) -> None:
    with pytest.raises(RevisionGone, match="no longer in Dropbox"):
        store.fetch(Revision("a.jpg", "0123456789abcde", 1, content_hash(b"a")))


def test_what_was_deleted_comes_back_but_over_nothing(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    for data in (b"first", b"second"):
        dropbox_emulator.files.put("/deep/a.jpg", data)
    store.add("b.jpg", b"b")
    a, b = sorted(store.list().revisions, key=lambda revision: revision.key, reverse=True)
    a, b = (a, b) if a.key == "deep/a.jpg" else (b, a)
    assert store.deleted() == ()
    assert [store.delete(a), store.delete(b)] == [True, True]
    assert {revision.key for revision in store.deleted()} == {"deep/a.jpg", "b.jpg"}
    dropbox_emulator.files.put("/b.jpg", b"other")
    assert [store.restore(a), store.restore(a), store.restore(b)] == [
        Added.STORED,
        Added.ALREADY_THERE,
        Added.CONFLICT,
    ]
    assert dropbox_emulator.files.read("/deep/a.jpg") == b"second"
    assert dropbox_emulator.files.read("/b.jpg") == b"other"
    dropbox_emulator.files.remove("/deep")
    with pytest.raises(RevisionGone):
        store.restore(Revision("deep/a.jpg", "0123456789abcde", 1, content_hash(b"a")))


def test_space_is_what_the_account_says(store: DropboxStore) -> None:
    store.add("a.jpg", b"12345")
    assert store.space() == Space(5, 2 << 30)


def test_a_full_dropbox_takes_nothing_and_loses_nothing(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.add("a.jpg", b"12345")
    dropbox_emulator.files.quota_bytes = 8
    with pytest.raises(StoreFull, match="smartmeter backup"):
        store.add("b.jpg", b"12345")
    assert keys(store.list()) == ["a.jpg"]
