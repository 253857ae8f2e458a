"""The official SDK against the emulator, over TLS."""

from collections.abc import Callable
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
    StoreRefused,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator

KEY = "images/home/20260301/20260301_120000Z_000001.jpg"


@pytest.fixture
def store(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> DropboxStore:
    dropbox_emulator.link(tmp_path)
    return DropboxStore("/", tmp_path)


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


SLOW_DOWN = b'{"error": {"reason": {".tag": "too_many_requests"}, "retry_after": 9}}'
LOGIN_PAGE = b"<html>Please accept our terms</html>"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("trouble", "retry_after_s", "says"),
    [
        ({"status": 429, "headers": {"Retry-After": "17", "Content-Type": "text/plain"}}, 17, "for 17 s"),
        (
            {
                "status": 429,
                "body": b'{"error": {"reason": {".tag": "too_many_requests"}, "retry_after": 9}}',
            },
            9,
            "alone for 9 s",
        ),
        ({"status": 429, "body": SLOW_DOWN}, 9, "alone for 9 s"),
        (
            {"status": 429, "headers": {"Retry-After": "Sun, 06 Nov 2026 08:49:37 GMT", **HTML}},
            None,
            "login page",
        ),
        ({"status": 500}, None, "trouble of its own"),
        ({"status": 503, "body": LOGIN_PAGE, "headers": HTML}, None, "trouble of its own"),
        ({"status": 200, "body": LOGIN_PAGE, "headers": HTML}, None, "login page"),
        ({"status": 200, "body": b"{half"}, None, "login page"),
        ({"status": 200, "body": b"[]"}, None, "login page"),
        ({"status": 403, "body": LOGIN_PAGE, "headers": HTML}, None, "login page"),
        ({"status": 404, "body": LOGIN_PAGE, "headers": HTML}, None, "login page"),
        ({"status": 409, "body": LOGIN_PAGE, "headers": HTML}, None, "login page"),
        ({"lose_reply": True}, None, "is the network up"),
        ({"cut_after": 3}, None, "is the network up"),
    ],
)
def test_trouble_on_the_way_says_nothing_about_the_pictures(
    store: DropboxStore,
    dropbox_emulator: "DropboxEmulator",
    trouble: dict[str, object],
    retry_after_s: float | None,
    says: str,
) -> None:
    store.add(KEY, b"picture")
    (revision,) = store.list().revisions
    calls: list[Callable[[], object]] = [
        store.list,
        lambda: store.fetch(revision),
        lambda: store.add("b.jpg", b"b"),
        lambda: store.delete(revision),
        store.space,
        store.deleted,
        lambda: store.restore(revision),
    ]
    for call in calls:
        if trouble.get("cut_after") and call is calls[1]:
            continue  # of a picture that is another matter, see below
        dropbox_emulator.fail("*", **trouble)
        with pytest.raises(StoreUnavailable, match=says) as unavailable:
            call()
        assert unavailable.value.retry_after_s == retry_after_s


@pytest.mark.parametrize("trouble", [{"flip_bit": True}, {"cut_after": 3}])
def test_a_picture_damaged_on_its_way_is_not_taken(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", trouble: dict[str, object]
) -> None:
    store.add(KEY, b"picture")
    (revision,) = store.list().revisions
    dropbox_emulator.fail("files/download", **trouble)
    with pytest.raises(StoreUnavailable):
        store.fetch(revision)
    assert store.fetch(revision) == b"picture"


def test_a_picture_damaged_on_its_way_up_is_not_stored(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    dropbox_emulator.fail("files/upload", flip_bit=True)
    with pytest.raises(StoreUnavailable, match="damaged on its way"):
        store.add(KEY, b"picture")
    assert dropbox_emulator.files.paths() == []


def test_a_connection_that_is_not_dropbox_is_trouble_too(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match="is the network up"):
        store.list()


def test_a_certificate_that_does_not_hold_asks_for_the_clock(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
) -> None:
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with pytest.raises(StoreUnavailable, match="the clock says 20"):
        store.list()


def test_an_expired_access_token_is_renewed_unseen(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.list()
    dropbox_emulator.tokens.expire_all()
    assert store.list().revisions == ()


def test_without_a_link_somebody_must_act(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="run `link-dropbox`"):
        DropboxStore("/", tmp_path).list()


def test_a_revoked_link_asks_for_another(store: DropboxStore, dropbox_emulator: "DropboxEmulator") -> None:
    dropbox_emulator.tokens.revoke_all()
    with pytest.raises(StoreRefused, match="no longer accepts the link"):
        store.list()


def test_a_link_revoked_in_the_middle_asks_for_another(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.list()
    dropbox_emulator.tokens.revoke_all()
    with pytest.raises(StoreRefused, match="no longer accepts the link"):
        store.list()


def test_a_camera_needs_no_more_than_to_write(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> None:
    dropbox_emulator.link(tmp_path, ("files.content.write",))
    store = DropboxStore("/", tmp_path)
    results = [store.add(KEY, data) for data in (b"first", b"first", b"other")]
    assert results == [Added.STORED, Added.ALREADY_THERE, Added.CONFLICT]
    with pytest.raises(StoreRefused, match=r"lacks the permission files\.metadata\.read"):
        store.list()


def test_another_app_is_refused_with_what_dropbox_says(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator", monkeypatch: pytest.MonkeyPatch
) -> None:
    dropbox_emulator.tokens.app_key = "another"
    with pytest.raises(StoreRefused, match="Invalid client_id"):
        store.list()


def test_a_folder_that_is_not_there_is_not_an_empty_one(
    dropbox_emulator: "DropboxEmulator", tmp_path: Path
) -> None:
    dropbox_emulator.link(tmp_path)
    with pytest.raises(StoreRefused, match="/meter is no folder of this Dropbox"):
        DropboxStore("/meter", tmp_path).list()


def test_a_full_dropbox_takes_nothing_and_loses_nothing(
    store: DropboxStore, dropbox_emulator: "DropboxEmulator"
) -> None:
    store.add("a.jpg", b"12345")
    dropbox_emulator.files.quota_bytes = 8
    with pytest.raises(StoreFull, match="smartmeter backup"):
        store.add("b.jpg", b"12345")
    assert keys(store.list()) == ["a.jpg"]
