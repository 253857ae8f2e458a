"""What the report says of a meter that runs backwards, of which no share and no absence can be told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tasks.reports.data import Measure, ReportData, rows
from tasks.reports.key_figures import with_fullness
from tasks.reports.month_page import build_month_page
from tasks.reports.page import build_page
from tasks.reports.power_figures import typical_figure
from tasks.reports.season_figures import measures_figure, months_figure
from tasks.reports.season_tiles import season_tiles

LAST, CHANGED = date(2026, 11, 20), date(2026, 10, 1)


@pytest.fixture
def report(household: Callable[..., Any]) -> ReportData:
    """Of 420 days, the newest fifty of which are far below the others."""
    made: ReportData = household(n_days=420).report(measures=(Measure("Fridge", CHANGED),))
    return made


def with_energy(report: ReportData, since: date, energy_kwh: float) -> ReportData:
    is_since = pl.col("local_date") >= since
    energy = pl.when(is_since).then(energy_kwh).otherwise(pl.col("energy_kwh"))
    return replace(report, daily=report.daily.with_columns(energy_kwh=energy))


@pytest.mark.parametrize(
    ("backwards", "title", "says"),
    [
        ([], "Fridge: ", "saved"),
        ([CHANGED - timedelta(days=60), LAST], "Fridge: ", "saved"),
        ([CHANGED - timedelta(days=20)], "No measure", "the sun's season is in it"),
        ([CHANGED + timedelta(days=20)], "No measure", "the sun's season is in it"),
    ],
    ids=["forwards", "at other times", "before", "after"],
)
def test_a_measure_is_left_open_where_the_register_ran_backwards(
    report: ReportData, backwards: list[date], title: str, says: str
) -> None:
    saving = with_energy(report, CHANGED, 2.0)
    told = replace(saving, backwards=rows("backwards", *((day,) for day in backwards)))
    days = with_fullness(told.daily, told.timezone).filter(pl.col("local_date") < LAST)
    figure = measures_figure(told, days)
    assert figure is not None
    assert figure.title.startswith(title)
    assert says in f"{figure.title} {figure.tables[0][1].rows}"


@pytest.mark.parametrize("is_sunny", [False, True])
def test_sun_is_no_absence(report: ReportData, is_sunny: bool) -> None:
    away = with_energy(report, LAST - timedelta(days=4), 0.5)
    backwards = rows("backwards", (LAST - timedelta(days=3),)) if is_sunny else rows("backwards")
    assert ("nobody was at home" in build_page(replace(away, backwards=backwards))) != is_sunny


@pytest.mark.parametrize(("energy_kwh", "compared"), [(2.0, True), (-2.0, False)])
def test_a_month_below_zero_is_no_share_of_another(
    report: ReportData,
    energy_kwh: float,
    compared: bool,
) -> None:
    told = with_energy(report, CHANGED, energy_kwh)
    figure, tile = months_figure(told), season_tiles(told, with_fullness(told.daily, told.timezone), None)[0]
    assert figure is not None
    assert ("the year before" in figure.title) == compared
    assert bool(figure.tables[0][1].rows[1][5]) == compared
    assert any("a year before" in str(note) for note in tile.notes) == compared
    assert ("the same days a year before" in build_month_page(told, date(2026, 10, 1))) == compared


@pytest.mark.parametrize(
    ("working_w", "saturday_w", "title"),
    [
        (100, 200, "A Saturday usually draws"),
        (-100, -200, "A usual day, hour by hour"),
        (100, -200, "A usual day, hour by hour"),
    ],
)
def test_what_a_usual_day_draws_is_told_above_zero_only(
    report: ReportData, working_w: int, saturday_w: int, title: str
) -> None:
    dates = [LAST - timedelta(days=back) for back in reversed(range(60))]
    power_w = {4: working_w, 5: saturday_w}
    quarters = [
        (day, 15 * place, power_w[day.weekday()] // 4, power_w[day.weekday()], "measured")
        for day in dates
        if day.weekday() in power_w
        for place in range(96)
    ]
    figure = typical_figure(replace(report, quarter_hours=rows("quarter_hours", *quarters)))
    assert figure is not None
    assert figure.title.startswith(title)
