"""The published site and the review page in a real browser: from a day to its picture, and on from there."""

import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from flows.review import ReviewServer
from flows.review_desk import Desk
from tasks.derive import derive_pending
from tasks.publish import publish_report
from tasks.settings import Settings, load_settings
from tests.flows.conftest import DrawnMeter, read_by_an_oracle
from warehouse.connection import open_warehouse

REGISTER = "home/1-0:1.8.0"
PICTURES = 100
DARK = 40
WIDTH = "image => image.decode().then(() => image.naturalWidth)"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves its published home for the others."""
    return tmp_path_factory.mktemp("published") / "home"


@pytest.fixture
def published(drawn_meter: DrawnMeter, kept: Path) -> Settings:
    """A day and an hour of pictures, one too dark to read, with their report."""
    if kept.exists():
        shutil.copytree(kept, drawn_meter.home, dirs_exist_ok=True)
        return load_settings()
    read_by_an_oracle(drawn_meter, PICTURES, dark={DARK})
    settings = load_settings()
    derive_pending(settings, REGISTER)
    publish_report.fn(settings)
    shutil.copytree(drawn_meter.home, kept)
    return settings


def opened(browser: Browser, url: str, **options: Any) -> tuple[Tab, list[str]]:  # noqa: ANN401 - playwright's
    tab = browser.new_page(**({"viewport": {"width": 1180, "height": 800}} | options))
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(url)
    tab.wait_for_selector("html[data-drawn]")
    return tab, complaints


def test_a_click_leads_from_a_day_to_its_pictures(browser: Browser, published: Settings) -> None:
    tab, complaints = opened(browser, (published.site / "index.html").as_uri())
    tab.locator("#daily").scroll_into_view_if_needed()
    box = tab.locator("#daily svg").bounding_box()
    assert box is not None
    with tab.context.expect_page() as shown:
        # The first of five days' places: the only full day.
        tab.mouse.click(box["x"] + 0.16 * box["width"], box["y"] + 0.6 * box["height"])
    day = shown.value
    assert day.url.endswith("/proof/home/2026-11-19.html")
    day.wait_for_selector("html[data-drawn]")
    assert day.locator(".shot").count() == 96
    first = day.locator(".shot").first
    told = first.inner_text().replace("\u00a0", " ")
    assert "3,610.9 kWh" in told
    assert "97.0 %" in told
    assert first.locator("img.window").evaluate(WIDTH) > 50
    first.locator("a.picture").click()
    expect(day.locator("#proof")).to_be_visible()
    assert day.locator("#proof img").evaluate(WIDTH) > 100
    assert complaints == []


def test_a_point_of_the_profile_leads_to_the_picture_that_proves_it(
    browser: Browser, published: Settings
) -> None:
    tab, _ = opened(browser, (published.site / "index.html").as_uri())
    tab.locator("#profile").scroll_into_view_if_needed()
    box = tab.locator("#profile svg").bounding_box()
    assert box is not None
    with tab.context.expect_page() as shown:
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    proof = shown.value
    proof.wait_for_selector("html[data-drawn]")
    anchor = proof.url.partition("#")[2]
    assert proof.locator(f"#{anchor}").is_visible()
    assert "kWh" in proof.locator(f"#{anchor}").inner_text()


def test_the_gallery_has_the_rejected_and_the_months(browser: Browser, published: Settings) -> None:
    tab, _ = opened(browser, (published.site / "proof" / "home" / "gallery.html").as_uri())
    assert "the picture is too dark" in tab.locator("#doubt").inner_text()
    assert tab.locator("#months .shot").count() == 1
    assert tab.locator("#m2026-11").is_visible()


AXE = Path(os.environ.get("AXE_CORE", Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"))
SERIOUS = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => each.id + ": " + each.nodes.map(node => node.html).join(" ")))"""


@pytest.mark.skipif(not AXE.is_file(), reason="needs the npm package axe-core: npm install axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, published: Settings, scheme: str) -> None:
    folder = published.site
    pages = [folder / "index.html", folder / "2026-11.html", folder / "system.html"]
    pages += sorted((folder / "proof" / "home").glob("*.html"))
    with ReviewServer(Desk(published)) as server:
        addresses = [*(page.as_uri() for page in pages if page.is_file()), server.address]
        assert len(addresses) >= 5
        for address in addresses:
            tab, _ = opened(browser, address, color_scheme=scheme)
            tab.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
            assert tab.evaluate(SERIOUS) == [], address
            tab.close()


def asked(address: str, path: str, **headers: str) -> int:
    base = address.partition("?")[0]
    request = urllib.request.Request(base.rstrip("/") + path, headers=headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_review_lets_nobody_in_without_its_token(published: Settings) -> None:
    with ReviewServer(Desk(published)) as server:
        token = server.desk.token
        assert asked(server.address, "/queue") == 403
        assert asked(server.address, "/queue?token=guess") == 403
        assert asked(server.address, f"/queue?token={token}", Host="evil.example") == 403
        assert asked(server.address, f"/nowhere?token={token}") == 404
        assert asked(server.address, f"/picture?token={token}&name=../smartmeter.toml") == 422
        assert asked(server.address, f"/queue?token={token}") == 200


def reading_of(settings: Settings, number: int, meter: DrawnMeter) -> tuple[str, int | None]:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        key = meter.key(number)
        found = warehouse.sql(f"select quality, value_kwh from out.readings where picture_key = '{key}'").row(
            0
        )
    return str(found[0]), None if found[1] is None else round(float(found[1]) * 1000)


def test_a_person_corrects_a_reading_and_the_report_follows(
    browser: Browser, published: Settings, drawn_meter: DrawnMeter
) -> None:
    value_wh = drawn_meter.value_wh(DARK)
    before = reading_of(published, DARK, drawn_meter)
    with ReviewServer(Desk(published)) as server:
        tab, complaints = opened(browser, server.address)
        assert tab.locator("#frame").evaluate(WIDTH) > 100
        assert drawn_meter.key(DARK) in tab.inner_text("#key")
        tab.fill("#reading", f"{value_wh // 100:07d}")
        tab.keyboard.press("Enter")
        expect(tab.locator("#note")).to_contain_text("kept")
        wait_until_followed(server, 1)
        assert reading_of(published, DARK, drawn_meter) == ("manual", value_wh)
        page = (published.site / "proof" / "home" / "gallery.html").read_text()
        assert "manual" in page

        tab.keyboard.press("u")
        expect(tab.locator("#note")).to_contain_text("taken back")
        wait_until_followed(server, 2)
        assert reading_of(published, DARK, drawn_meter) == before
        assert complaints == []


def wait_until_followed(server: ReviewServer, times: int) -> None:
    deadline = time.monotonic() + 30
    while server.desk.followed < times:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_does_not_fit_is_asked_twice_and_what_is_no_reading_is_refused(
    browser: Browser, published: Settings
) -> None:
    with ReviewServer(Desk(published)) as server:
        tab, _ = opened(browser, server.address)
        tab.fill("#reading", "9999999")
        tab.keyboard.press("Enter")
        assert "press Enter again" in tab.inner_text("#note")
        tab.fill("#reading", "12")
        tab.keyboard.press("Enter")
        assert "press Enter again" in tab.inner_text("#note")
        tab.fill("#reading", "36x")
        tab.keyboard.press("Enter")
        expect(tab.locator("#note")).to_contain_text("not kept")
        assert "all 7 drums" in tab.inner_text("#note")
