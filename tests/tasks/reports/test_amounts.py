"""What the report says of money where tariff or currency changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tasks.reports.amounts import COST, amounts
from tasks.reports.data import ReportData, rows
from tasks.reports.formatting import cents
from tasks.reports.key_figures import with_fullness
from tasks.reports.month_page import build_month_page
from tasks.reports.season_figures import cost_figure, feed_in_figure
from tasks.reports.season_tiles import season_tiles

LAST = date(2026, 11, 20)
LEV, EURO, DEARER = ("lev", "BGN", 0.28, 0.4), ("euro", "EUR", 0.14, 0.2), ("new", "EUR", 0.35, 0.2)
Tariff = tuple[str, str, float, float]


def costs(*spans: tuple[Tariff, int]) -> pl.DataFrame:
    """Days of 10 kWh up to the last one: how many by which tariff (name, currency, price, fee of a day)."""
    tariffs = [tariff for tariff, n_days in spans for _ in range(n_days)]
    days = [LAST - timedelta(days=back) for back in reversed(range(len(tariffs)))]
    paid = [
        (day, name, currency, 10.0, 0.0, 10 * price, fee, None)
        for day, (name, currency, price, fee) in zip(days, tariffs, strict=True)
    ]
    return rows("costs", *paid)


@pytest.fixture
def report(household: Callable[..., Any]) -> ReportData:
    made: ReportData = household(n_days=60).report()
    return made


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([], ""),
        ([(EURO, 3)], "€4.80"),
        ([(LEV, 2), (EURO, 3)], "BGN\u00a06.40 + €4.80"),
        ([(EURO, 1), (DEARER, 1)], "€5.30"),
    ],
)
def test_currencies_are_not_added_up(spans: list[tuple[Tariff, int]], text: str) -> None:
    assert amounts(costs(*spans), COST, cents) == text


@pytest.mark.parametrize(
    ("spans", "price", "currency"),
    [
        ([], None, None),
        ([(EURO, 40)], 0.14, "EUR"),
        ([(LEV, 40), (EURO, 1)], 0.14, "EUR"),
        ([(EURO, 40), (DEARER, 2)], 0.35, "EUR"),
        ([(DEARER, 3), (EURO, 2), (DEARER, 2)], 0.35, "EUR"),
    ],
)
def test_today_s_price_is_that_of_the_newest_tariff(
    report: ReportData, spans: list[tuple[Tariff, int]], price: float | None, currency: str | None
) -> None:
    priced = replace(report, costs=costs(*spans))
    assert (priced.price_per_kwh, priced.currency) == (pytest.approx(price) if price else None, currency)


@pytest.mark.parametrize(
    ("days", "backwards", "rate"),
    [
        ([(10.0, 3.0), (2.0, 0.4)], [], 3.4 / 12),
        ([(10.0, 3.0), (-5.0, -1.5)], [0, 1], 0.3),
        ([(0.0, 0.0), (10.0, 3.0), (0.01, 0.003)], [0, 1, 2], 0.3),
        ([(1.0, -0.5), (2.0, 0.9)], [0, 1], None),
        ([(0.0, 1.0), (10.0, 3.0)], [0, 1], None),
        ([(1.0, -0.5), (10.0, 2.5)], [0], 0.25),
        ([(0.1, 2.5)], [0], None),
    ],
    ids=[
        "forwards",
        "one price",
        "one price and no energy",
        "by the hour",
        "as much back",
        "one dull day",
        "a day",
    ],
)
def test_today_s_price_and_co2_lie_between_those_of_the_hours(
    report: ReportData, days: list[tuple[float, float]], backwards: list[int], rate: float | None
) -> None:
    dates = [LAST - timedelta(days=back) for back in reversed(range(len(days)))]
    paid = [
        (day, "own", "EUR", energy, 0.0, amount, 0.0, amount)
        for day, (energy, amount) in zip(dates, days, strict=True)
    ]
    sold = rows("backwards", *((dates[place],) for place in backwards))
    told = replace(report, costs=rows("costs", *paid), backwards=sold)
    assert told.price_per_kwh == (rate if rate is None else pytest.approx(rate))
    assert told.co2_kg_per_kwh == (rate if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ([(LEV, 30), (EURO, 20)], "€32.00 so far, fee included"),
        ([(LEV, 40), (EURO, 10)], "BGN\u00a032.00 + €16.00 so far, fee included"),
    ],
)
def test_a_month_s_tile_has_the_currencies_of_its_days(
    report: ReportData, spans: list[tuple[Tariff, int]], told: str
) -> None:
    days = with_fullness(report.daily, report.timezone)
    assert told in season_tiles(replace(report, costs=costs(*spans)), days, None)[0].notes


def test_the_page_of_a_month_has_the_currency_in_which_it_was_paid(report: ReportData) -> None:
    page = build_month_page(replace(report, costs=costs((LEV, 30), (EURO, 20))), date(2026, 10, 1))
    assert "BGN\u00a096.00" in page
    assert "€" not in page


def test_sum_and_chart_of_the_costs_are_in_one_currency_and_say_so(report: ReportData) -> None:
    figure = cost_figure(replace(report, costs=costs((LEV, 30), (EURO, 20))))
    assert figure is not None
    assert figure.title == "€32.00 in one month"
    assert "Sum and bars are in EUR, the table is in other currencies too." in figure.note
    assert [row[-1] for row in figure.tables[0][1].rows] == ["€32.00", "BGN\u00a096.00"]


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ([("new", 430.0, True)], ""),
        ([("new", 430.0, True), ("green", 431.0, False)], ""),
        (
            [("new", 430.0, True), ("green", 400.0, False)],
            "; for the same energy green would be €30.00 cheaper than new",
        ),
    ],
)
def test_another_tariff_is_compared_with_the_present_one(
    report: ReportData, prices: list[tuple[str, float, bool]], told: str
) -> None:
    compared = rows(
        "tariffs", *((name, "EUR", 60, 600.0, 0.0, cost, is_mine) for name, cost, is_mine in prices)
    )
    figure = cost_figure(replace(report, costs=costs((EURO, 40), (DEARER, 20)), tariffs=compared))
    assert figure is not None
    assert figure.title == f"€138 in 3 months{told}"


@pytest.mark.parametrize(
    ("earned", "title"),
    [
        ([(0.0, None), (0.0, None)], "4.0 kWh fed into the grid"),
        ([(0.0, None), (3.0, "EUR")], "4.0 kWh fed into the grid, which earned €3.00"),
        ([(5.0, "BGN"), (3.0, "EUR")], "4.0 kWh fed into the grid, which earned BGN 5.00 + €3.00"),
    ],
)
def test_what_was_fed_in_earned_each_currency_by_itself(
    report: ReportData, earned: list[tuple[float, str | None]], title: str
) -> None:
    days = [(LAST - timedelta(days=1 - place), 2.0, *each, 0.0, 24.0) for place, each in enumerate(earned)]
    figure = feed_in_figure(replace(report, feed_in=rows("feed_in", *days)))
    assert figure is not None
    assert figure.title.replace("\u00a0", " ") == title


def test_what_was_fed_in_by_two_registers_on_a_day_is_one_bar(report: ReportData) -> None:
    days = rows("feed_in", (LAST, 2.0, 0.2, "EUR", 0.5, 20.0), (LAST, 1.0, 0.1, "CHF", 0.25, 24.0))
    figure = feed_in_figure(replace(report, feed_in=days))
    assert figure is not None
    assert figure.title.replace("\u00a0", " ") == "3.0 kWh fed into the grid, which earned €0.20 + CHF 0.10"
    drawn = json.dumps(figure.panels[0].spec, ensure_ascii=False).replace("\u00a0", " ")
    for words in ('"used": "3.0 kWh"', '"estimated": "0.75 kWh"', '"covered": "20.0 h"', '"title": "fed in"'):
        assert words in drawn
    assert '"title": "used"' not in drawn
    assert figure.note.replace("\u00a0", " ").startswith("Fed in on each local day, 1 day. ○ marks a day")
