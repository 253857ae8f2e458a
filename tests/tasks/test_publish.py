from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from benchmarks.report import made_up_home
from tasks.publish import LATEST, drawn, figures_markdown, publish_report, write_latest
from tasks.report_data import gather
from tasks.reports.figures import Figure, Panel
from tasks.reports.proof_page import build_gallery
from tasks.site_files import copy_pictures, page_names, picture_url, remove_others, remove_pages, write_whole
from tasks.site_pages import month_page_name
from tasks.system import PAGE as SYSTEM_PAGE
from warehouse.connection import open_warehouse

KEY = "images/cellar/20261122/20261122_101500Z_000001.jpg"


@pytest.mark.parametrize(
    ("meters", "pages"),
    [
        ([], {}),
        (["home"], {"home": "index.html"}),
        (["garage", "home"], {"garage": "index.html", "home": "home.html"}),
    ],
)
def test_the_first_meter_is_the_index(meters: list[str], pages: dict[str, str]) -> None:
    assert page_names(meters) == pages


@pytest.mark.parametrize(
    ("meters", "page"),
    [
        (["attic", "system"], "system.meter.html"),
        (["garage", "index"], "index.meter.html"),
        (["garage", "index", "system"], "system.meter.html"),
        (["a", "2026-11"], "a.html"),
        (["2025-11", "2026-11"], "2026-11.meter.html"),
        (["attic", "garage", "garage-2026-11"], "garage-2026-11.meter.html"),
        (["attic", "garage-2026-11"], "garage-2026-11.html"),
        (["garage", "garage-2026-11"], "garage-2026-11.html"),
        (["system", "water"], "water.html"),
    ],
)
def test_no_meter_s_page_is_another_page_s(meters: list[str], page: str) -> None:
    pages = page_names(sorted(meters))
    months = [month_page_name(each, date(year, 11, 1)) for each in pages.values() for year in (2025, 2026)]
    every = [*pages.values(), *months, SYSTEM_PAGE]
    assert len(set(every)) == len(every)
    assert page in every


@pytest.mark.parametrize(
    ("key", "url"),
    [
        (KEY, "pictures/cellar/20261122/20261122_101500Z_000001.jpg"),
        ("images/cellar/my meter?.jpg", "pictures/cellar/my%20meter%3F.jpg"),
        ("holiday#1.jpg", "pictures/holiday%231.jpg"),
    ],
)
def test_the_address_of_a_picture_survives_odd_names(key: str, url: str) -> None:
    assert picture_url(key) == url


def test_pictures_come_and_go_and_the_archive_keeps_them(tmp_path: Path) -> None:
    archive, site = tmp_path / "archive", tmp_path / "site"
    write_whole(archive / KEY, b"picture")
    copy_pictures([KEY, "images/cellar/lost.jpg"], archive, site)
    shown = site / "pictures" / KEY.removeprefix("images/")
    assert shown.read_bytes() == b"picture"
    remove_others({KEY}, site)
    assert shown.exists()
    remove_others(set(), site)
    assert not shown.exists()
    assert (archive / KEY).read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("name", "ours", "stays"),
    [
        ("garage.html", True, False),
        ("garage.html", False, True),
        ("garage-2025-01.html", True, False),
        ("2025-01.html", True, False),
        ("2025-01.html", False, True),
        ("2026-11.html", True, True),
        ("system.meter-2025-01.html", True, False),
        ("system.meter.html", True, False),
        ("flat-2024-01.html", True, False),
        ("report of 2025.html", True, True),
        ("shed.html", True, True),
        ("shed-2025-01.html", True, True),
        ("garage.pdf", True, True),
    ],
)
def test_pages_that_are_no_more_go_and_people_s_files_stay(
    tmp_path: Path, name: str, ours: bool, stays: bool
) -> None:
    page = build_gallery("garage", [], [], links=[], language="en", fingerprint="0a1b")
    write_whole(tmp_path / name, page.encode() if ours else b"<html>mine")
    remove_pages({"home", "garage", "system", "flat-2024-01"}, {"index.html", "2026-11.html"}, tmp_path)
    assert (tmp_path / name).exists() == stays


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "index.html"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["index.html"]


def test_the_key_figures_and_a_picture_are_left_as_artifacts(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path, 2)
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        report = gather(warehouse, settings, "home")
    table = figures_markdown(report).replace("\u00a0", " ").splitlines()
    assert table[1] == "| --- | --- | --- |"
    assert any(line.startswith("| Fri 20 Nov, last full day | **") for line in table)
    assert write_latest(settings, {"home": report})
    assert (settings.site / LATEST).read_bytes().startswith(b"\x89PNG")
    assert not write_latest(settings, {})


def test_a_preview_that_cannot_be_drawn_is_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    panel = Panel("daily", {"mark": "no mark of this world"})
    assert drawn(Figure("daily", "Days", "", (panel,), ())) is None
    assert "can't be drawn" in caplog.messages[0]
    assert "\n" not in caplog.messages[0]


def test_whoever_publishes_meanwhile_waits(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path, 2)
    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda _: publish_report.fn(settings), range(2)))
    assert pages == [str(settings.page)] * 2
    assert not [path for path in settings.site.rglob(".*") if path.suffix != ".spare"]
