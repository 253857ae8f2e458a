"""The pages of households whose truth is known, from their warehouse on."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.report import NEWEST, Truths, made_up_home
from tasks.publish import publish_pages
from tasks.report_data import gather
from tasks.reports.data import ReportData
from tasks.reports.forecast import forecast_year
from tasks.reports.insights import insights
from tasks.reports.key_figures import with_fullness
from tasks.reports.language import language
from tasks.reports.month_page import build_month_page
from tasks.reports.page import build_page, key_tiles
from tasks.reports.periods import months_of
from tasks.reports.season_figures import monthly_costs
from tasks.reports.steps import base_load_steps
from tasks.settings import Settings
from tasks.settings_tables import ReportSettings
from warehouse.connection import open_warehouse
from warehouse.events import Event, add_event
from warehouse.publish import publish_copy

CHANGED = date(2026, 10, 20)
AWAY = (date(2026, 11, 2), date(2026, 11, 8))
UNUSUAL = date(2026, 11, 13)
MEASURES = [{"name": "LED lights", "start": "2026-09-03"}, {"name": "freezer", "start": "2026-11-19"}]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A year and two months of a household into which truths were put; it has a tariff and sun."""
    truths = Truths(always_on_since=CHANGED, away=AWAY, unusual=UNUSUAL, sun=True)
    home = tmp_path_factory.mktemp("made-up")
    made = made_up_home(home, 430, truths=truths)
    with open_warehouse(made.warehouse) as warehouse:
        told_at = datetime(2026, 9, 3, 12, tzinfo=UTC)
        add_event(warehouse, Event("home/1-0:1.8.0", "note", told_at, note="LED lights"))
    publish_copy(made.warehouse, made.sql_copy)
    report = ReportSettings.model_validate({"holidays": "DE-BY", "measures": MEASURES})
    return made.model_copy(update={"report": report})


@pytest.fixture(scope="module")
def report(settings: Settings) -> ReportData:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        return gather(warehouse, settings, "home")


def stood_out(report: ReportData) -> list[str]:
    days = with_fullness(report.daily, report.timezone)
    steps = base_load_steps(report.base_load)
    return [each.text.replace("\u00a0", " ") for each in insights(report, days, steps, forecast_year(days))]


def test_a_changed_base_load_is_dated_and_priced(report: ReportData) -> None:
    step = base_load_steps(report.base_load)[-1]
    assert abs(step.since - CHANGED) <= timedelta(days=7)
    assert step.change_w == pytest.approx(45, abs=10)
    assert any(
        "something more has been on around the clock" in text and "€" in text for text in stood_out(report)
    )


def test_a_page_tells_one_base_load(report: ReportData) -> None:
    of_nights = [130 + place % 2 for place in range(report.daily.height)]
    daily = report.daily.with_columns(base_load_w=pl.Series(of_nights, dtype=pl.Int64))
    told = " ".join(stood_out(replace(report, daily=daily)))
    tile = next(each for each in key_tiles(replace(report, daily=daily)) if each.label == "Base load")
    assert tile.value == "131"  # the median of 130 and 131, as the warehouse rounds it
    assert "draws 131 W around the clock: 1,148 kWh" in told.replace("\u00a0", " ")


def test_an_unusual_day_and_an_absence_are_told(report: ReportData) -> None:
    told = stood_out(report)
    assert any(text.startswith("Fri 13 Nov used") and "€" in text for text in told)
    assert any(text.startswith("From Mon 2 Nov to Sun 8 Nov") for text in told)


def test_an_electric_car_is_told_and_ordinary_days_are_not(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path, 90, truths=Truths(electric_car=True))
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        told = stood_out(gather(warehouse, settings, "home"))
    assert any("as an electric car does" in text for text in told)
    assert not any("nobody was at home" in text for text in told)


def test_months_that_nobody_knows_are_not_told_as_saved(report: ReportData) -> None:
    unknown = pl.col("local_date").is_between(date(2026, 3, 1), date(2026, 6, 30))
    told = replace(report, daily=report.daily.filter(~unknown))
    assert not any("will come to about" in text for text in stood_out(told))
    html = build_page(told).replace("\u00a0", " ")
    assert "122 days of the year are not known in full" in html
    assert "A year like this" in html


def test_what_is_fed_in_is_not_told_as_a_household_s(settings: Settings, report: ReportData) -> None:
    roof = settings.meters["home"].model_copy(update={"obis_code": "1-0:2.8.0", "registers": ()})
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        fed_in = gather(warehouse, settings.model_copy(update={"meters": {"home": roof}}), "home")
    assert not stood_out(fed_in)
    used, sold = build_page(report), build_page(fed_in)
    labels = [{tile.label for tile in key_tiles(each)} for each in (report, fed_in)]
    assert labels[0] - labels[1] >= {"Base load"}
    for words in (
        "nobody was at home",
        "2026, forecast",
        "Base load of",
        "line: base load of",
        "Full days before and after",
    ):
        assert words in used
        assert words not in sold
    for before, now in (
        ("Friday 20 November used", "Friday 20 November: "),
        ("October 2026 used", "October 2026: "),
        ("Consumption of each local day", "Fed in on each local day"),
        ('"title":"used"', '"title":"fed in"'),
        ("Base load, W", "Fed in, kWh"),
        ("Power that never goes away", "Fed in, Wh"),
    ):
        assert before in used.replace("\u00a0", " ")
        assert before not in sold.replace("\u00a0", " ")
        assert now in sold.replace("\u00a0", " ")
    of_month = [build_month_page(each, date(2026, 11, 1)) for each in (report, fed_in)]
    assert ["Base load" in page for page in of_month] == [True, False]


def test_public_holidays_are_known(report: ReportData) -> None:
    assert report.holidays[date(2026, 11, 1)] == "All Saints' Day"


def test_every_sum_is_the_warehouse_s(settings: Settings, report: ReportData) -> None:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        meter = "where meter = 'home' and obis_code = '1-0:1.8.0'"
        sold_of = "where obis_code = '1-0:2.8.0'"
        days = warehouse.sql(f"select sum(energy_kwh) from out.consumption_day {meter}").item()
        months = warehouse.sql(
            f"select month_start, energy_kwh from out.consumption_month {meter} order by 1"
        )
        costs = warehouse.sql(f"from out.cost_month {meter} order by month_start, tariff")
        sold = warehouse.sql(f"select sum(energy_kwh) from out.consumption_day {sold_of}").item()
        earned = warehouse.sql(f"select sum(cost) from out.cost_day {sold_of}").item()
    assert report.daily["energy_kwh"].sum() == pytest.approx(float(days), abs=1e-6)
    shown = months_of(report.daily, report.timezone)
    assert shown["month_start"].to_list() == months["month_start"].to_list()
    assert shown["energy_kwh"].to_list() == pytest.approx(months["energy_kwh"].cast(float).to_list())
    by_month = monthly_costs(report.costs)
    for name in ("energy_kwh", "energy_cost", "fee"):
        assert by_month[name].to_list() == pytest.approx(costs[name].cast(float).to_list(), abs=1e-6)
    assert report.feed_in["energy_kwh"].sum() == pytest.approx(float(sold))
    assert report.feed_in["earned"].sum() == pytest.approx(-float(earned), abs=1e-3)


def cells(html: str, heading: str, column: int) -> list[float]:
    """The numbers of a column of the first table after a heading."""
    table = html[html.index(heading) :].split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]
    return [float(row[column].replace(",", "").split(" ")[0]) for row in rows]


def test_the_tables_of_the_page_add_up(report: ReportData) -> None:
    html = build_page(report)
    months = cells(html, 'id="months"', 1)
    assert sum(months) == pytest.approx(float(report.daily["energy_kwh"].sum()), abs=0.001 * len(months))
    days = cells(html, 'id="daily"', 1)
    newest = report.daily.tail(len(days))["energy_kwh"].to_list()
    assert days == pytest.approx(newest[::-1], abs=0.0006)
    quarter_hours = cells(html, 'id="profile"', 2)
    assert sum(quarter_hours) == report.last_day["energy_wh"].sum()


def test_every_chart_has_its_table(report: ReportData) -> None:
    html = build_page(report)
    parts = html.split('<section class="card')
    with_chart = [part for part in parts if 'class="chart"' in part]
    assert len(with_chart) >= 10
    assert all("<details>" in part and "<tbody>" in part for part in with_chart)


def test_the_same_consumption_by_each_tariff(settings: Settings, report: ReportData) -> None:
    basic = report.tariffs.filter("is_present").row(0, named=True)
    newest = report.costs.sort("local_date").tail(365)
    paid = float(newest["energy_cost"].sum()) + float(newest["fee"].sum())
    assert basic["cost"] == pytest.approx(paid, rel=1e-4)
    assert basic["tariff"] == "basic"
    assert set(report.tariffs["tariff"]) == {"basic", "night"}


def test_every_sentence_has_its_german(report: ReportData) -> None:
    from dataclasses import replace

    missed = language("de").catalogue.missed
    missed.clear()
    german = replace(report, language="de")
    html = build_page(german)
    build_month_page(german, date(2026, 10, 1))
    assert missed == set()
    assert '<html lang="de">' in html
    assert "Was auffiel" in html


def test_months_are_written_anew_only_where_something_changed(settings: Settings) -> None:
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings)
        pages = sorted(settings.site.glob("20??-??.html"))
        assert len(pages) == 15
        written = {path: path.stat().st_mtime_ns for path in pages}
        publish_pages(warehouse, settings)
        assert {path: path.stat().st_mtime_ns for path in pages} == written
        german = settings.model_copy(update={"report": ReportSettings(language="de")})
        publish_pages(warehouse, german)
        assert all(path.stat().st_mtime_ns > written[path] for path in pages)
    assert 'src="charts.js"' in pages[0].read_text()
    assert (settings.site / "charts.js").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("days", "truths", "says"),
    [
        (1, Truths(), "used"),
        (31, Truths(), "a year comes to about"),
        (60, Truths(standby_only=True), "Usually 0.9"),
        (60, Truths(electric_car=True, sun=True), "fed into the grid"),
    ],
    ids=["one day", "a month", "standby only", "a car and the sun"],
)
def test_a_page_of_any_household_is_whole(tmp_path: Path, days: int, truths: Truths, says: str) -> None:
    settings = made_up_home(tmp_path, days, truths=truths)
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        html = build_page(gather(warehouse, settings, "home"))
    assert says in html.replace("\u00a0", " ")
    assert len(html.encode()) < 1_500_000


def test_a_meter_without_readings_has_a_page(tmp_path: Path) -> None:
    settings = made_up_home(tmp_path, 2, meters=("home",))
    other: Any = settings.meters["home"]
    more = settings.model_copy(update={"meters": {**settings.meters, "attic": other}})
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        publish_pages(warehouse, more)
    empty, full = ((more.site / name).read_text() for name in ("index.html", "home.html"))
    assert "No readings yet" in empty
    assert 'href="home.html"' in empty
    assert 'href="index.html"' in full
    shutil.rmtree(more.site)


def test_the_newest_day_is_where_the_household_ends(report: ReportData) -> None:
    assert report.daily["local_date"].to_list()[-1] == NEWEST
    assert report.daily.filter(pl.col("local_date") == UNUSUAL)["energy_kwh"].item() > 20


@pytest.mark.parametrize("meters", [("home",), ("attic", "home")])
def test_the_notebook_answers_from_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meters: tuple[str, ...]
) -> None:
    made_up_home(tmp_path, 61, meters=meters, truths=Truths(sun=True))
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path))
    notebook = json.loads((Path(__file__).parents[2] / "docs" / "explore.ipynb").read_text())
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)  # noqa: S102 - our own notebook
    assert names["days"].height == 60
    assert names["profile"].height == 7 * 24
