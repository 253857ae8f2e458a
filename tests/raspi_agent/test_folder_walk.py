"""What lies in a store's folder that this user may not read."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raspi_agent.folder_store import FolderStore
from raspi_agent.store import Listing, StoreUnavailable

NOBODY = 65534


def keys(listing: Listing) -> list[str]:
    return [revision.key for revision in listing.revisions]


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may read everything; tests of what may not be read run as somebody else."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def forbid(path: Path) -> Path:
    path.chmod(0)
    return path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may use: pytest's own is for one user alone."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "store"
        for folder in ("#recycle", "images/cellar/20261101", "images/cellar/20261102"):
            for file in ("a.jpg", "b.jpg", "c.jpg"):
                path = root / folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"picture")
                os.utime(path, (time.time() - 60,) * 2)
        if not os.geteuid():
            for each in (root.parent, root, *root.rglob("*")):
                os.chown(each, NOBODY, NOBODY)
        yield root
        root.chmod(0o700)


@pytest.mark.parametrize("name", ["#recycle", "images/cellar/20261102", "images/cellar/20261101/b.jpg"])
def test_what_may_not_be_read_is_passed_over_and_never_counts_as_known_or_gone(
    open_folder: Path, as_nobody: None, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    store = FolderStore(open_folder)
    forbidden = store.root / name
    mode = forbidden.stat().st_mode
    key = name if forbidden.is_file() else f"{name}/c.jpg"
    forbid(forbidden)
    listing = store.list()
    assert key not in keys(listing)
    assert "images/cellar/20261101/a.jpg" in keys(listing)
    assert (listing.hidden, listing.may_hide(key), listing.may_hide("images/x.jpg")) == ((name,), True, False)
    assert "1 files or folders" in caplog.text
    assert store.list(listing.cursor).revisions == ()
    assert store.space().used_bytes >= 1
    forbidden.chmod(mode)
    assert key in keys(store.list(listing.cursor))


def test_only_a_root_that_may_not_be_read_is_a_store_that_is_away(open_folder: Path, as_nobody: None) -> None:
    forbid(open_folder)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        FolderStore(open_folder).list()
