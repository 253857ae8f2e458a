"""What the emulator answers, asked by the SDK itself and by an independent client."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import dropbox
import pytest
import requests
from dropbox import files
from dropbox.exceptions import ApiError
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.playground.dropbox_emulator.file_tree import FileTree
from flows.playground.dropbox_emulator.listing import begin_listing, continue_listing
from flows.playground.dropbox_emulator.wire import Refusal

if TYPE_CHECKING:
    from flows.playground.dropbox_emulator.server import DropboxEmulator


@pytest.fixture
def client(dropbox_emulator: "DropboxEmulator") -> dropbox.Dropbox:
    return dropbox.Dropbox(
        oauth2_refresh_token=dropbox_emulator.tokens.link(),
        app_key=dropbox_emulator.app_key,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )


def test_nobody_else_can_be_reached(dropbox_emulator: "DropboxEmulator") -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        requests.get("https://example.org", timeout=10)


def test_who_and_how_much(client: dropbox.Dropbox) -> None:
    client.files_upload(b"12345", "/a.jpg")
    assert client.users_get_current_account().email == "meter@example.org"
    assert client.users_get_space_usage().used == 5


def test_a_large_file_comes_in_parts(client: dropbox.Dropbox, dropbox_emulator: "DropboxEmulator") -> None:
    session = client.files_upload_session_start(b"one").session_id
    client.files_upload_session_append_v2(b"two", files.UploadSessionCursor(session, 3))
    with pytest.raises(ApiError, match="incorrect_offset"):
        client.files_upload_session_append_v2(b"two", files.UploadSessionCursor(session, 3))
    client.files_upload_session_finish(
        b"three", files.UploadSessionCursor(session, 6), files.CommitInfo("/a.bin")
    )
    assert dropbox_emulator.files.read("/a.bin") == b"onetwothree"


@pytest.mark.parametrize(
    ("mode", "strict", "data", "outcome"),
    [
        (files.WriteMode.add, False, b"same", "kept"),
        (files.WriteMode.add, True, b"same", "conflict"),
        (files.WriteMode.add, False, b"other", "conflict"),
        (files.WriteMode.overwrite, False, b"other", "written"),
        (files.WriteMode.update("0123456789"), False, b"other", "conflict"),
    ],
)
def test_a_name_that_is_taken(
    client: dropbox.Dropbox, mode: files.WriteMode, strict: bool, data: bytes, outcome: str
) -> None:
    before = client.files_upload(b"same", "/a.jpg")
    if outcome == "conflict":
        with pytest.raises(ApiError, match="conflict"):
            client.files_upload(data, "/a.jpg", mode=mode, strict_conflict=strict)
    else:
        after = client.files_upload(data, "/a.jpg", mode=mode, strict_conflict=strict)
        assert (after.rev == before.rev) is (outcome == "kept")


def test_folders_are_made_moved_into_and_deleted_with_all_in_them(client: dropbox.Dropbox) -> None:
    client.files_create_folder_v2("/Deep")
    client.files_upload(b"a", "/a.jpg")
    client.files_move_v2("/a.jpg", "/deep/b.jpg")
    (folder, moved) = client.files_list_folder("", recursive=True).entries
    assert (folder.name, moved.path_lower) == ("Deep", "/deep/b.jpg")
    client.files_delete_v2("/DEEP")
    assert client.files_list_folder("", recursive=True).entries == []
    with pytest.raises(ApiError, match="not_found"):
        client.files_get_metadata("/deep/b.jpg")


def test_the_latest_cursor_hears_of_what_comes_after_it(client: dropbox.Dropbox) -> None:
    client.files_upload(b"a", "/a.jpg")
    cursor = client.files_list_folder_get_latest_cursor("", recursive=True).cursor
    client.files_upload(b"b", "/b.jpg")
    assert client.files_list_folder_longpoll(cursor, timeout=30).changes
    (entry,) = client.files_list_folder_continue(cursor).entries
    assert entry.name == "b.jpg"


def flow_of(emulator: "DropboxEmulator") -> dropbox.DropboxOAuth2FlowNoRedirect:
    how = {"use_pkce": True, "token_access_type": "offline"}
    return dropbox.DropboxOAuth2FlowNoRedirect(emulator.app_key, **how)


def test_a_link_is_made_by_a_code_once(dropbox_emulator: "DropboxEmulator") -> None:
    flow = flow_of(dropbox_emulator)
    code = dropbox_emulator.approve(flow.start())
    assert flow.finish(code).refresh_token in dropbox_emulator.tokens.refresh
    with pytest.raises(requests.exceptions.HTTPError, match="400"):
        flow.finish(code)


def test_a_code_is_no_use_to_who_has_not_asked_for_it(dropbox_emulator: "DropboxEmulator") -> None:
    asked, thief = flow_of(dropbox_emulator), flow_of(dropbox_emulator)
    thief.start()
    code = dropbox_emulator.approve(asked.start())
    with pytest.raises(requests.exceptions.HTTPError, match="400"):
        thief.finish(code)


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(["put", "remove", "list"]), st.sampled_from("abcd"), st.integers(0, 2)),
        max_size=30,
    )
)
@settings(deadline=None)
def test_whoever_follows_the_cursor_knows_what_is_there(changes: list[tuple[str, str, int]]) -> None:
    tree, known = FileTree(), dict[str, str]()
    page = begin_listing(tree, {"path": "", "recursive": True, "limit": 1})

    def follow() -> None:
        nonlocal page
        while True:
            for entry in page["entries"]:
                if entry[".tag"] == "file":
                    known[entry["path_lower"]] = entry["rev"]
                else:
                    known.pop(entry["path_lower"], None)
            more = page["has_more"]
            page = continue_listing(tree, {"cursor": page["cursor"]})
            if not more and not page["entries"]:
                return

    for change, name, number in changes:
        if change == "put":
            tree.put(f"/{name}.jpg", b"%d" % number)
        elif change == "remove" and f"/{name}.jpg" in tree.nodes:
            tree.remove(f"/{name}.jpg")
        else:
            follow()
    follow()
    assert known == {path: tree.file(path).rev for path in tree.paths()}


def test_a_full_account_takes_no_more_and_counts_what_is_gone() -> None:
    tree = FileTree(quota_bytes=10)
    tree.put("/a", b"123456")
    with pytest.raises(Refusal, match="insufficient_space"):
        tree.put("/b", b"12345")
    tree.put("/a", b"1234567890")
    tree.remove("/a")
    tree.put("/b", b"12345")
    assert tree.used_bytes == 5


@pytest.fixture
def rclone(dropbox_emulator: "DropboxEmulator", tmp_path: Path) -> Callable[..., str]:
    program = shutil.which("rclone")
    if program is None:
        pytest.skip("rclone is not installed: apt install rclone")
    link = dropbox_emulator.tokens.link()
    token = f'{{"access_token":"none","refresh_token":"{link}","expiry":"2020-01-01T00:00:00Z"}}'
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[box]\ntype = dropbox\nclient_id = {dropbox_emulator.app_key}\nbatch_mode = off\ntoken = {token}\n"
    )

    def run(*arguments: str) -> str:
        command = [program, *arguments, "--config", str(config), "--retries=1", "--low-level-retries=1"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_rclone_finds_a_dropbox(
    rclone: Callable[..., str], dropbox_emulator: "DropboxEmulator", tmp_path: Path
) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "deep/c.jpg"):
        (source / name).write_bytes(os.urandom(5000))
    rclone("copy", str(source), "box:images")
    assert dropbox_emulator.files.paths() == ["/images/a.jpg", "/images/b.jpg", "/images/deep/c.jpg"]
    rclone("check", str(source), "box:images")  # by content hash
    rclone("moveto", "box:images/a.jpg", "box:images/z.jpg")
    rclone("deletefile", "box:images/b.jpg")
    assert sorted(rclone("lsf", "-R", "box:images").split()) == ["deep/", "deep/c.jpg", "z.jpg"]
    rclone("copy", "box:images", str(tmp_path / "back"))
    assert (tmp_path / "back" / "z.jpg").read_bytes() == (source / "a.jpg").read_bytes()
    assert "Total:" in rclone("about", "box:")
