"""What a link to Dropbox permits, and what is said where it does not."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.dropbox_store import DropboxStore
from raspi_agent.store import Added, StoreRefused
from tests.raspi_agent.dropbox_store.conftest import KEY

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


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
