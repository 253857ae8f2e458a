import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from tasks.reports.page import ReportData, build_page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
Household = Callable[..., Any]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's package chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def opened(
    browser: Browser, page: Path, *, width: int = 1180, scheme: str = "light"
) -> tuple[Tab, list[str]]:
    tab = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "request", lambda request: None if request.url.startswith("data:") else complaints.append(request.url)
    )
    tab.goto(page.as_uri())
    complaints.remove(page.as_uri())
    return tab, complaints


@pytest.mark.parametrize(
    "case", [{"n_days": 2, "hours_of_last_day": 9}, {"n_days": 60, "gaps": True, "car": True}]
)
def test_charts_are_drawn_and_nothing_is_wide_or_wrong(
    browser: Browser, household: Household, tmp_path: Path, case: dict[str, Any]
) -> None:
    page = tmp_path / "index.html"
    page.write_text(build_page(household(**case).report()), encoding="utf-8")
    for width in (1180, 360):
        tab, complaints = opened(browser, page, width=width)
        tab.wait_for_selector("html[data-drawn=light]")
        for name in ("profile", "daily", "heat_map", "quality"):
            assert tab.locator(f"#{name} svg path").count() > 5
            assert tab.evaluate(f"document.querySelector('#{name} svg').clientWidth") <= width
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert complaints == []


def test_the_theme_follows_the_system_and_the_button(
    browser: Browser, household: Household, tmp_path: Path
) -> None:
    page = tmp_path / "index.html"
    page.write_text(build_page(household(2).report()), encoding="utf-8")
    tab, complaints = opened(browser, page, scheme="dark")
    tab.wait_for_selector("html[data-drawn=dark]")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.click("#theme")
    tab.wait_for_selector("html[data-drawn=light]")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert complaints == []


def published(folder: Path, report: ReportData) -> Path:
    for key in {*report.readings["picture_key"], *report.last_day["last_picture"]}:
        picture = folder / str(report.picture_url(key))
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(PIXEL)
    page = folder / "index.html"
    page.write_text(build_page(report), encoding="utf-8")
    return page


def test_a_number_leads_to_its_picture(browser: Browser, household: Household, tmp_path: Path) -> None:
    report = household(1).report()
    tab, _ = opened(browser, published(tmp_path, report))
    tab.wait_for_selector("html[data-drawn]")
    tab.click("#readings a.picture >> nth=0")
    tab.wait_for_function("document.querySelector('#proof img').naturalWidth > 0")
    shown = tab.locator("#proof img").get_attribute("src")
    assert str(shown).endswith(report.picture_url(report.readings["picture_key"][10]))
    assert "the picture is blurred" in tab.inner_text("#proof figcaption")
    tab.keyboard.press("ArrowRight")
    assert "repaired" in tab.inner_text("#proof figcaption")
    tab.keyboard.press("Escape")
    assert not tab.locator("#proof").is_visible()

    tab.locator("#profile").scroll_into_view_if_needed()
    box = tab.locator("#profile svg").bounding_box()
    assert box is not None
    with tab.context.expect_page() as picture:
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert picture.value.url.startswith((tmp_path / "pictures").as_uri())


def test_an_empty_page_is_quiet(browser: Browser, household: Household, tmp_path: Path) -> None:
    report = household(1).report()
    empty = {
        name: getattr(report, name).clear() for name in ("daily", "last_day", "hours", "quality", "readings")
    }
    page = tmp_path / "index.html"
    page.write_text(build_page(household(1).report(**empty)), encoding="utf-8")
    tab, complaints = opened(browser, page, width=360)
    tab.wait_for_selector("html[data-drawn]")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert complaints == []
