from pathlib import Path

import pytest

from raspi_agent.folder_store import FolderStore
from raspi_agent.mounted import check_still_mounted, lies_on_root
from raspi_agent.store import StoreUnavailable

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of its own


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A link that can be turned, as something else appears where a share is unmounted."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    (tmp_path / "below").mkdir()
    return tmp_path / "share"


def turn(share: Path, to: Path) -> None:
    share.unlink(missing_ok=True)
    share.symlink_to(to)


def test_a_share_that_is_gone_is_refused_until_it_is_back_or_somebody_says_so(
    share: Path, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    turn(share, MEMORY)
    check_still_mounted(share, note, tmp_path)
    turn(share, tmp_path / "below")
    with pytest.raises(StoreUnavailable, match=f"is not mounted: mount it; .* remove {note}"):
        check_still_mounted(share, note, tmp_path)
    check_still_mounted(tmp_path / "below", note, tmp_path)  # another store than the one it remembers
    turn(share, MEMORY)
    check_still_mounted(share, note, tmp_path)
    turn(share, tmp_path / "below")
    note.unlink()
    check_still_mounted(share, note, tmp_path)
    assert not note.exists()


def test_a_folder_that_is_still_to_be_made_lies_where_its_parent_does(share: Path, tmp_path: Path) -> None:
    note, folder = tmp_path / "note", share / "smartmeter-not-there" / "backups"
    turn(share, MEMORY)
    check_still_mounted(folder, note, tmp_path)
    turn(share, tmp_path / "below")
    with pytest.raises(StoreUnavailable, match="is not mounted"):
        check_still_mounted(folder, note, tmp_path)


def test_a_folder_that_never_was_a_share_is_never_refused(tmp_path: Path) -> None:
    for _ in range(2):
        check_still_mounted(tmp_path, tmp_path / "note", tmp_path)
    assert not (tmp_path / "note").exists()
    assert lies_on_root(Path("/"))


def test_nothing_is_written_below_an_empty_mount_point(tmp_path: Path) -> None:
    if not lies_on_root(tmp_path):
        pytest.skip("the temporary folder is no part of the root file system")
    note, root = tmp_path / "note", tmp_path / "mnt"
    root.mkdir()
    note.write_text(f"{root}\n")
    store = FolderStore(root, mount_note=note)
    for ask in (lambda: store.add("a.jpg", b"picture"), store.list, store.space):
        with pytest.raises(StoreUnavailable, match="is not mounted"):
            ask()
    assert list(root.iterdir()) == []
