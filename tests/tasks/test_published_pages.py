"""What a report leaves in the site and in the web root, and what it takes away."""

from pathlib import Path

import pytest

from benchmarks.report import made_up_home
from tasks.publish import publish_pages
from tasks.settings import Settings
from tasks.settings_tables import ReportSettings
from tasks.site_files import write_whole
from warehouse.connection import open_warehouse


@pytest.mark.parametrize("with_pictures", [False, True])
def test_a_web_root_gets_pages_and_never_the_warehouse(tmp_path: Path, with_pictures: bool) -> None:
    settings = made_up_home(tmp_path / "home", 2)
    web = tmp_path / "web"
    chosen = ReportSettings(web_root=str(web), web_pictures=with_pictures)
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings.model_copy(update={"report": chosen}))
    names = {path.relative_to(web).parts[0] for path in web.rglob("*")}
    assert {"index.html", "2026-11.html", "charts.js"} <= names
    assert not any("duckdb" in name for name in names)
    assert ("proof" in names) == with_pictures
    assert ("proof/" in (web / "index.html").read_text()) == with_pictures


def test_a_web_root_that_cannot_be_written_holds_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = made_up_home(tmp_path / "home", 1)
    chosen = ReportSettings(web_root=str(tmp_path / "file" / "web"))
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings.model_copy(update={"report": chosen}))
    assert (settings.site / "index.html").is_file()


def published(settings: Settings) -> set[str]:
    """Publish the pages; return the files of the site, but for the copy."""
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings)
    return files_in(settings.site) - {"smartmeter.duckdb"}


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_of_a_meter_that_is_no_more_nothing_stays_on_the_pages(tmp_path: Path) -> None:
    web = tmp_path / "web"
    made = made_up_home(tmp_path / "home", 2, meters=("attic", "garage", "home"))
    chosen = ReportSettings(web_root=str(web), web_pictures=True)
    settings = made.model_copy(update={"report": chosen})
    published(settings)
    small = "proof/garage/pictures/garage-camera-20261119-20261119_101500Z_000001-frame.jpg"
    mine = {"garage-2025-01.html", "holiday.html", "proof/garage/mine.html"}
    for name in (small, *mine):
        write_whole(web / name, b"<html>")
    assert {"garage.html", "garage-2026-11.html", "proof/garage/gallery.html"} <= files_in(web)
    found = published(settings.model_copy(update={"meters": {"home": made.meters["home"]}}))
    expected = {"index.html", "2026-11.html", "charts.js"}
    assert {name for name in found if not name.startswith("proof/home/")} == expected
    assert {name for name in files_in(web) if not name.startswith("proof/home/")} == expected | mine
    assert "index.html" in published(settings.model_copy(update={"meters": {}}))
