"""The mirror of pictures beside the archives: it grows, and nothing in it changes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.home_mirror import Mirrored, mirror
from tasks.settings import SettingsError

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of its own
NOBODY = 65534


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("link", [False, True])
def test_a_mirror_grows_and_changes_nothing(home: Path, tmp_path: Path, link: bool) -> None:
    for name in (
        "archive/images/cellar/a.jpg",
        "archive/.drafts/half",
        "health/cellar/a.json",
        "log/cellar/a.log.gz",
        "secrets/alerts",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    target = tmp_path / "mirror"
    expected = {"archive/images/cellar/a.jpg", "health/cellar/a.json", "log/cellar/a.log.gz"}
    assert mirror(home, target, link=link) == Mirrored(3)
    assert files_of(target) == expected
    picture = home / "archive" / "images" / "cellar" / "a.jpg"
    assert picture.samefile(target / "archive" / "images" / "cellar" / "a.jpg") == link
    picture.unlink()
    (picture.parent / "b.jpg").write_text("b")
    assert mirror(home, target, link=link) == Mirrored(1)
    assert files_of(target) == expected | {"archive/images/cellar/b.jpg"}


def test_what_can_not_be_linked_is_told_with_what_can_be_done(home: Path) -> None:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == home.stat().st_dev:
        pytest.skip("there is no second file system here")
    (home / "archive").mkdir()
    (home / "archive" / "a.jpg").write_text("a")
    with tempfile.TemporaryDirectory(dir=MEMORY) as disk:
        with pytest.raises(SettingsError, match=r"a\.jpg can't be linked to .* --pictures copy") as refusal:
            mirror(home, Path(disk), link=True)
        assert str(disk) in str(refusal.value)
        assert files_of(Path(disk)) == set()
        assert mirror(home, Path(disk), link=False) == Mirrored(1)


def test_a_file_that_finds_no_place_is_told_and_holds_up_no_other(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("archive/a/1.jpg", "archive/b/2.jpg", "archive/c/3.jpg", f"archive/d/{'4' * 250}.jpg"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(name)
    target = tmp_path / "mirror"
    (target / "archive").mkdir(parents=True)
    (target / "archive" / "b").write_text("no folder, as a disk with fewer letters may have it")
    for count in (2, 0):
        caplog.clear()
        done = mirror(home, target, link=False)
        assert (done.brought, done.left) == (count, ("archive/b/2.jpg", f"archive/d/{'4' * 250}.jpg"))
        assert files_of(target) == {"archive/a/1.jpg", "archive/b", "archive/c/3.jpg"}
        (told,) = caplog.messages
        assert told.startswith(f"2 files can't be brought to {target}, like {home}/archive/b/2.jpg: ")


@pytest.fixture
def closed_home() -> Iterator[Path]:
    """A home folder of which a file and two folders may not be read; who runs as root becomes nobody."""
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is for one user alone
        root = Path(name)
        for each in ("a/1.jpg", "b/2.jpg", "c/3.jpg", "d/4.jpg", "e/5.jpg"):
            (root / "home/archive" / each).parent.mkdir(parents=True)
            (root / "home/archive" / each).write_text(each)
        for path in (root, *root.rglob("*")) if is_root else ():
            os.chown(path, NOBODY, NOBODY)
        for each, mode in (("b/2.jpg", 0), ("c", 0), ("d", 0o444)):
            (root / "home/archive" / each).chmod(mode)
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield root / "home"
        finally:
            (root / "home/archive/c").chmod(0o700)
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize("link", [False, True])
def test_what_may_not_be_read_is_told_and_holds_up_no_other(
    closed_home: Path, caplog: pytest.LogCaptureFixture, link: bool
) -> None:
    target = closed_home.parent / "mirror"
    linked = ["archive/b/2.jpg"] if link else []  # a name needs no bytes
    left = [each for each in ("archive/c", "archive/b/2.jpg", "archive/d/4.jpg") if each not in linked]
    done = mirror(closed_home, target, link=link)
    assert (done.brought, sorted(done.left)) == (2 + len(linked), sorted(left))
    assert files_of(target) == {"archive/a/1.jpg", "archive/e/5.jpg", *linked}
    (told,) = caplog.messages
    assert told.startswith(f"{len(left)} files or folders can't be read and are missing in {target}, like ")
    assert f"{closed_home}/archive/" in told
    assert "Permission denied" in told
    for each in ("e", "d", "b"):  # until only the closed folder is left, which nothing comes after
        with pytest.raises(OSError, match=r"archive/\S+ can't be read: .* do the same once more"):
            mirror(closed_home, closed_home.parent / f"without-{each}", link=link, whole=True)
        (closed_home / "archive" / each).chmod(0o700)
        shutil.rmtree(closed_home / "archive" / each)


def test_a_file_whose_block_is_bad_holds_up_no_other(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "archive").mkdir()
    (home / "archive" / "a.jpg").symlink_to("/proc/self/mem")  # answers as a bad block of a disk does
    (home / "archive" / "b.jpg").write_text("b")
    for whole in (False, True):
        assert mirror(home, tmp_path / f"{whole}", link=False, whole=whole) == Mirrored(1, ("archive/a.jpg",))
        assert files_of(tmp_path / f"{whole}") == {"archive/b.jpg"}
    assert "archive/a.jpg: Input/output error" in caplog.messages[0]
