"""What lies in a web server's folder: SmartMeter's own pictures come and go, all else stays."""

from pathlib import Path

import pytest

from tasks.settings import MeterSettings, Settings
from tasks.settings_tables import ReportSettings
from tasks.site_files import write_whole
from tasks.web_files import NOTED, show_pictures

PAGE = "system.html"
PICTURE = "pictures/cellar/20261122/20261122_101500Z_000001.jpg"
FLAT = "pictures/20191031_173200.png"
PROOF = "proof/home/2026-11-22.html"
SMALL = "proof/home/pictures/cellar-20261122-20261122_101500Z_000001-frame.jpg"
OURS = (PICTURE, FLAT, PROOF, SMALL, PAGE)
WEDDING = "pictures/holiday/wedding.jpg"
MARKED = b'<html><meta name="smartmeter-data" content="0a1b">'


def settings_of(folder: Path, *, with_pictures: bool, web: str = "web") -> Settings:
    report = ReportSettings(web_root=str(folder / web), web_pictures=with_pictures)
    meter = MeterSettings.model_validate({"camera": "cellar", "digits": 7, "decimals": 1})
    return Settings(home=folder / "home", meters={"home": meter}, report=report)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a site, and beside it a web root with a file of the household."""
    for name in OURS:
        write_whole(tmp_path / "home" / "site" / name, MARKED if name.endswith(".html") else name.encode())
    write_whole(tmp_path / "web" / WEDDING, b"mine")
    return tmp_path


def show(folder: Path, *, with_pictures: bool, web: str = "web") -> None:
    show_pictures(settings_of(folder, with_pictures=with_pictures, web=web), PAGE)


def shown(folder: Path, web: str = "web") -> set[str]:
    root = folder / web
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_pictures_are_shown_and_taken_back_and_others_stay(home: Path) -> None:
    show(home, with_pictures=True)
    assert shown(home) == {*OURS, WEDDING}
    (home / "home" / "site" / FLAT).unlink()
    show(home, with_pictures=True)
    assert shown(home) == {*OURS, WEDDING} - {FLAT}
    show(home, with_pictures=False)
    assert shown(home) == {WEDDING}
    assert (home / "home" / "site" / PICTURE).is_file()


def test_a_relative_web_root_lies_in_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    settings = settings_of(home, with_pictures=True)
    report = ReportSettings(web_root="www", web_pictures=True)
    show_pictures(settings.model_copy(update={"report": report}), PAGE)
    assert shown(home / "home", "www") == set(OURS)
    assert not any((home / "elsewhere").iterdir())


@pytest.mark.parametrize("note", [None, b"", b'{"folder": "/sr', b"[1]", b'{"files": 3, "folder": 1}'])
@pytest.mark.parametrize(
    ("name", "data", "stays"),
    [
        pytest.param("pictures/cellar/20261101/20261101_081500Z_000009.jpg", b"old", False, id="picture"),
        pytest.param("pictures/cellar/20261101/20261101_081500Z_i0a1b2c3d.jpg", b"old", False, id="imported"),
        pytest.param("pictures/cellar/unsynced/u0a1b2c3d_12_000009.jpg", b"old", False, id="no clock"),
        pytest.param(".pictures/cellar/20261101/20261101_081500Z_000009.jpg", b"old", True, id="elsewhere"),
        pytest.param(
            "pictures/cellar/20261101/.20261101_081500Z_000009.jpg.part", b"ol", False, id="half a picture"
        ),
        pytest.param(FLAT, FLAT.encode(), False, id="the site's bytes"),
        pytest.param(FLAT, b"of a telephone", True, id="other bytes"),
        pytest.param("pictures/20240815_143000.jpg", b"of a telephone", True, id="a telephone's name"),
        pytest.param("proof/home/2026-10-01.html", MARKED, False, id="marked page"),
        pytest.param("proof/theorem.html", b"<html>", True, id="unmarked page"),
        pytest.param(
            "proof/home/pictures/cellar-20261001-20261001_101500Z_000001-window.jpg",
            b"old",
            False,
            id="small",
        ),
        pytest.param("proof/home/pictures/house-window.jpg", b"mine", True, id="somebody's window"),
        pytest.param(PAGE, b"<html>mine", True, id="somebody's page"),
        pytest.param(PAGE, MARKED, False, id="page about cameras"),
    ],
)
def test_without_a_note_only_what_is_known_goes(
    home: Path, note: bytes | None, name: str, data: bytes, stays: bool
) -> None:
    if note is not None:
        write_whole(home / "home" / NOTED, note)
    write_whole(home / "web" / name, data)
    show(home, with_pictures=False)
    assert shown(home) == ({WEDDING, name} if stays else {WEDDING})


def test_a_run_that_was_cut_short_is_taken_back(home: Path) -> None:
    show(home, with_pictures=True)
    (home / "web" / FLAT).unlink()
    (home / "web" / FLAT).mkdir()  # stands where a picture should be
    show(home, with_pictures=True)
    (home / "web" / FLAT).rmdir()
    show(home, with_pictures=False)
    assert shown(home) == {WEDDING}


def test_a_web_root_that_is_no_longer_named_keeps_what_it_has(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    show(home, with_pictures=True)
    write_whole(home / "other" / FLAT, b"of a telephone")
    show(home, with_pictures=False, web="other")
    assert shown(home, "other") == {FLAT}
    assert shown(home) == {*OURS, WEDDING}
    assert f"put into {home / 'web'} stay there" in caplog.text
    show(home, with_pictures=False)
    assert shown(home) == {WEDDING}


@pytest.mark.parametrize("name", ["../precious.jpg", "pictures/../../precious.jpg"])
def test_a_note_leads_nowhere_else(home: Path, name: str) -> None:
    write_whole(home / "precious.jpg", b"mine")
    text = f'{{"folder": "{home / "web"}", "files": ["{name}", "{home}/precious.jpg"]}}'
    write_whole(home / "home" / NOTED, text.encode())
    show(home, with_pictures=False)
    assert (home / "precious.jpg").is_file()


def test_a_link_to_the_site_costs_it_no_picture(home: Path) -> None:
    (home / "web" / "proof").symlink_to(home / "home" / "site" / "proof")
    show(home, with_pictures=True)
    show(home, with_pictures=False)
    assert (home / "home" / "site" / SMALL).is_file()
    assert (home / "home" / "site" / PROOF).is_file()


def test_a_web_root_that_is_in_the_way_is_told(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_whole(home / "file", b"in the way")
    show(home, with_pictures=True, web="file/web")
    assert "are not up to date" in caplog.text
