"""The mirror of pictures beside the archives: it grows, and nothing in it changes."""

import tempfile
from pathlib import Path

import pytest

from tasks.home_mirror import mirror
from tasks.settings import SettingsError

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of its own


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
    assert mirror(home, target, link=link) == 3
    assert files_of(target) == expected
    picture = home / "archive" / "images" / "cellar" / "a.jpg"
    assert picture.samefile(target / "archive" / "images" / "cellar" / "a.jpg") == link
    picture.unlink()
    (picture.parent / "b.jpg").write_text("b")
    assert mirror(home, target, link=link) == 1
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
        assert mirror(home, Path(disk), link=False) == 1


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
        assert mirror(home, target, link=False) == count
        assert files_of(target) == {"archive/a/1.jpg", "archive/b", "archive/c/3.jpg"}
        (told,) = caplog.messages
        assert told.startswith(f"2 files can't be brought to {target}, like archive/b/2.jpg: ")
