import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest

from tasks.reports.key_figures import RegisterReading
from tasks.reports.page import build_page, report_key_figures

Household = Callable[..., Any]
Rows = Callable[..., pl.DataFrame]

VOID = {"meta", "link", "img", "br", "hr", "input"}
LARGEST_BYTES = 1_500_000


class Page(HTMLParser):
    """A page's links, headings and data; every element must be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.data = ""
        self.feed(html)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(str(values["id"]))
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        self.sources += [str(values[name]) for name in ("src", "srcset") if values.get(name)]
        if tag == "link":
            self.sources.append(str(values["href"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data.replace("\u00a0", " ")
        elif data.startswith('{"specs"'):
            self.data += data


@pytest.fixture(scope="module")
def page_of(household: Household) -> Callable[..., Page]:
    return cache(lambda **case: Page(build_page(household(**case).report())))


@pytest.mark.parametrize(
    ("case", "charts"),
    [
        pytest.param({"n_days": 1}, 4, id="one day"),
        pytest.param({"n_days": 1, "hours_of_last_day": 1}, 4, id="an hour"),
        pytest.param({"n_days": 2, "hours_of_last_day": 9}, 4, id="two days"),
        pytest.param({"n_days": 400, "gaps": True}, 6, id="400 days with gaps"),
        pytest.param({"n_days": 30, "car": True}, 6, id="a car"),
        pytest.param({"n_days": 3, "last": date(2026, 10, 25)}, 4, id="a day of 25 hours"),
        pytest.param({"n_days": 12, "sun_w": 900}, 4, id="a meter that runs backwards"),
    ],
)
def test_a_page_is_whole_small_and_self_contained(
    household: Household, page_of: Callable[..., Page], case: dict[str, Any], charts: int
) -> None:
    report = household(**case).report()
    page = page_of(**case)
    data = json.loads(page.data)
    assert len(data["specs"]) == charts
    assert set(data["specs"]) <= set(page.ids)
    assert set(data["configs"]) == {"light", "dark"}
    assert len(page.html.encode()) <= LARGEST_BYTES
    assert all(source.startswith("data:") for source in page.sources)
    assert all(not urlsplit(link).scheme and not link.startswith("/") for link in page.links)
    expected = {report.picture_url(key) for key in report.readings["picture_key"]}
    assert expected <= set(page.links)


@pytest.mark.parametrize(("sun_w", "is_told"), [(0, False), (100, False), (900, True)])
def test_feeding_in_is_told_beside_the_heat_map(
    page_of: Callable[..., Page], sun_w: int, is_told: bool
) -> None:
    page = page_of(n_days=12, sun_w=sun_w)
    assert ("Orange where more was fed in than used." in page.text) is is_told


def test_nothing_but_the_time_changes_between_builds(household: Household) -> None:
    assert build_page(household(3).report()) == build_page(household(3).report())


def test_an_empty_warehouse_gets_a_friendly_page(household: Household) -> None:
    report = household(1).report()
    empty = {
        name: getattr(report, name).clear() for name in ("daily", "last_day", "hours", "quality", "readings")
    }
    page = Page(build_page(household(1).report(**empty)))
    assert "No readings yet" in page.text
    assert "Next step" in page.text
    assert len(page.html) < 50_000


def test_rejected_readings_alone_are_shown_without_charts(household: Household, rows_of: Rows) -> None:
    frames = {name: rows_of(name) for name in ("daily", "last_day", "hours", "quality")}
    readings = rows_of("readings", (None, "images/a.jpg", None, "rejected", "dark", "", None))
    page = Page(build_page(household(1).report(**frames, readings=readings)))
    assert "Not yet enough for a chart" in page.text
    assert "the picture is too dark" in page.text
    assert "pictures/a.jpg" in page.links


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({"n_days": 30}, "Friday 20 November used"),
        ({"n_days": 30}, "last full day"),
        ({"n_days": 30}, "median of 21 earlier weekdays"),
        ({"n_days": 2, "hours_of_last_day": 9}, "Fri 20 Nov, in part"),
        ({"n_days": 3, "last": date(2026, 10, 25)}, "too few earlier days to compare"),
        ({"n_days": 2, "hours_of_last_day": 9}, "○ marks a day that the readings do not cover in full"),
        ({"n_days": 2, "hours_of_last_day": 9}, "in the 9 h that were read"),
        ({"n_days": 30, "car": True}, "square root of the power"),
        ({"n_days": 30}, "96 readings on Friday 20 November: 94 measured, 1 repaired, 1 rejected"),
        ({"n_days": 30}, "the picture is blurred"),
    ],
)
def test_the_page_says_what_it_shows(
    page_of: Callable[..., Page], case: dict[str, Any], sentence: str
) -> None:
    assert sentence in re.sub(r"\s+", " ", page_of(**case).text)


def test_strange_texts_stay_texts(household: Household, rows_of: Rows) -> None:
    evil = "</script><script>alert(1)</script><!--"
    start = datetime(2026, 11, 20, 7)  # noqa: DTZ001 - local wall time is naive
    readings = rows_of("readings", (start, f"images/{evil}.jpg", None, "rejected", evil, evil, None))
    last_day = rows_of(
        "last_day", (start, 15, 10, 40, "measured", f"images/{evil}.jpg", f"images/{evil}.jpg")
    )
    page = Page(build_page(household(1).report(meter=evil, readings=readings, last_day=last_day)))
    assert "<script>alert" not in page.html
    assert evil in page.text
    datasets = json.loads(page.data)["specs"]["profile"]["datasets"].values()
    urls = {record.get("url") for records in datasets for record in records}
    assert f"pictures/{evil}.jpg" in urls


@pytest.mark.parametrize(
    "url", ["https://example.org/a.jpg", "//example.org/a.jpg", "/a.jpg", "javascript:alert(1)"]
)
def test_a_picture_outside_the_page_is_refused(household: Household, url: str) -> None:
    with pytest.raises(ValueError, match="relative"):
        build_page(household(1).report(picture_url=lambda _: url))


def test_a_naive_moment_is_refused(household: Household) -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_page(household(1).report(generated_at=datetime(2026, 11, 20)))  # noqa: DTZ001 - the point of the test


def test_pictures_that_were_not_published_are_no_links(household: Household) -> None:
    assert Page(build_page(household(1).report(picture_url=lambda _: None))).links == []


def test_a_newer_reading_than_the_day_shown_is_the_register_reading(household: Household) -> None:
    newest = RegisterReading(datetime(2026, 11, 21, 7), 36_200.5, "images/home/n.jpg", "measured")  # noqa: DTZ001 - local wall time is naive
    report = household(3).report(newest=newest)
    assert report_key_figures(report).newest == newest
    page = Page(build_page(report))
    assert "36,200.5" in page.text
    assert "pictures/home/n.jpg" in page.links
