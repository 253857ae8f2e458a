import re
from pathlib import Path

import pytest

from raspi_agent.folder_store import FolderStore
from raspi_agent.open_store import open_store, store_parts


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("file:store", "HOME/store"),
        ("file:a/b", "HOME/a/b"),
        ("file:/mnt/x", "/mnt/x"),
        ("file:///mnt/x", "/mnt/x"),
        ("file:~/x", "USER/x"),
    ],
)
def test_a_url_names_a_folder(tmp_path: Path, url: str, root: str) -> None:
    store = open_store(url, tmp_path)
    assert isinstance(store, FolderStore)
    assert str(store.root) == root.replace("HOME", str(tmp_path)).replace("USER", str(Path.home()))
    assert list(tmp_path.iterdir()) == []


def test_a_store_within_home_is_made_and_empty(tmp_path: Path) -> None:
    assert open_store("file:store", tmp_path / "home").list().revisions == ()
    assert (tmp_path / "home" / "store").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store",
        "file:",
        "file:/",
        "file://host/x",
        "file://[host/x",
        "http://x/y",
        "dropbox:x",
        "dropbox://x/y",
    ],
)
def test_other_urls_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="is no store: use file:"):
        open_store(url, tmp_path)


def test_a_user_who_does_not_exist_has_no_store() -> None:
    with pytest.raises(ValueError, match="there is no such user; write the whole path"):
        store_parts("file:~no-such-user/pictures")


@pytest.mark.parametrize(("url", "sign"), [("file:a#b", "#"), ("file:/mnt/a?", "?"), ("dropbox:/a#", "#")])
def test_a_sign_that_no_store_may_have_is_named(tmp_path: Path, url: str, sign: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"is no store: {sign} can't be part of it")):
        open_store(url, tmp_path)
