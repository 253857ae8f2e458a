"""The mirror of pictures beside the archives: it grows, and nothing in it changes."""

from pathlib import Path

import pytest

from tasks.home_mirror import mirror


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
