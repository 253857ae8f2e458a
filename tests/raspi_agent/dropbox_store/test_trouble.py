"""What a network does to the official SDK: nothing of it is said of the pictures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from raspi_agent.dropbox_store import DropboxStore
from raspi_agent.store import StoreUnavailable
from tests.raspi_agent.dropbox_store.conftest import KEY

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


SLOW_DOWN = b'{"error": {"reason": {".tag": "too_many_requests"}, "retry_after": 9}}'
LOGIN_PAGE = b"<html>Please accept our terms</html>"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("trouble", "retry_after_s", "says"),
    [
        ({"status": 429, "headers": {"Retry-After": "17", "Content-Type": "text/plain"}}, 17, "for 17 s"),
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
