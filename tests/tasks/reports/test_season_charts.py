"""Charts of months and years: valid, repeatable, and their bars are the warehouse's sums."""

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest

from tasks.reports import power_charts, season_charts, system_charts
from tasks.reports.data import rows
from tasks.reports.forecast import forecast_year
from tasks.reports.key_figures import with_fullness
from tasks.reports.periods import months_of
from tasks.reports.power_figures import typical_figure
from tasks.reports.steps import base_load_steps
from tasks.reports.system_data import DURATIONS, HEALTH, LEVELS

BERLIN = "Europe/Berlin"
LAST = date(2026, 11, 1)
MINUTES = range(0, 1440, 15)
Household = Callable[..., Any]
Chart = alt.Chart | alt.LayerChart


def records(chart: Chart) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    return [record for values in spec["datasets"].values() for record in values]


def nights(n_days: int) -> pl.DataFrame:
    first = date(2026, 11, 20) - timedelta(days=n_days - 1)
    return rows(
        "base_load",
        *(
            (first + timedelta(days=n), 130 + 45 * (n >= n_days // 2), 5, 130, None if n < 7 else 4)
            for n in range(n_days)
        ),
    )


def costs() -> pl.DataFrame:
    months = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 1)]
    return pl.DataFrame(
        {
            "month_start": months,
            "tariff": ["basic", "basic", "sun"],
            "currency": ["EUR"] * 3,
            "energy_kwh": [300.0, 200.0, 100.0],
            "unpriced_kwh": [0.0] * 3,
            "energy_cost": [102.0, 68.0, -8.0],
            "fee": [12.9, 6.0, 6.9],
        }
    )


def health() -> pl.DataFrame:
    start = datetime(2026, 11, 1)  # noqa: DTZ001 - local wall time is naive
    hours = [
        dict.fromkeys(HEALTH)
        | {
            "at_local": start + timedelta(hours=n),
            "due": 4.0,
            "taken": 4.0 - n % 2,
            "temperature_c": 40.0 + n,
        }
        for n in range(30)
    ]
    return pl.DataFrame(hours, schema=HEALTH, orient="row")


def machines() -> list[Chart]:
    days = [date(2026, 11, 1 + n % 3) for n in range(30)]
    durations = pl.DataFrame(
        {"local_date": days, "activity": ["capture"] * 30, "seconds": [1.0 + n / 10 for n in range(30)]},
        schema=DURATIONS,
    )
    levels = pl.DataFrame(
        {"local_date": days[:3], "level": ["error", "warning", "info"], "lines": [2, 3, 400]}, schema=LEVELS
    )
    shares = pl.DataFrame({"local_date": days[:3], "read": [0.99, 1.0, None], "shift_px": [0.0, 0.4, None]})
    return [
        system_charts.completeness_chart("a", health()),
        system_charts.hourly_line("b", health(), "temperature_c", "°C", 1),
        system_charts.box_chart("c", durations),
        system_charts.levels_chart("d", levels),
        system_charts.share_line("e", shares, [("read", "pictures read", "measured")]),
        system_charts.drift_chart("f", shares),
    ]


def seasons(household: Household, n_days: int) -> list[Chart]:
    days = with_fullness(household(n_days=n_days, gaps=n_days > 100).frames()["daily"], BERLIN)
    forecast = forecast_year(days)
    peaks = rows("peaks", (LAST, 1, datetime(2026, 11, 3, 18), 2700))  # noqa: DTZ001 - local wall time is naive
    bands = pl.DataFrame(
        {"minute": [0, 15], "low_w": [90.0, 95.0], "median_w": [120.0, 130.0], "high_w": [900.0, 1e4]}
    )
    return [
        season_charts.months_chart(months_of(days, BERLIN), LAST),
        *([season_charts.year_chart(days, forecast)] if forecast else []),
        season_charts.cost_chart(costs(), LAST),
        power_charts.base_load_chart(nights(max(n_days, 8)), base_load_steps(nights(n_days))),
        power_charts.peaks_chart(peaks, LAST),
        power_charts.typical_chart("typical_0", bands, 3000.0),
    ]


@pytest.mark.parametrize("n_days", [1, 20, 60, 400])
def test_specifications_are_valid_and_repeatable(household: Household, n_days: int) -> None:
    first, second = ([chart.to_dict(validate=True) for chart in seasons(household, n_days)] for _ in range(2))
    assert first == second


def test_specifications_of_machines_are_valid() -> None:
    for chart in machines():
        chart.to_dict(validate=True)


def test_months_are_the_sums_of_their_days_beside_the_year_before(household: Household) -> None:
    days = household(n_days=500).frames()["daily"]
    chart = season_charts.months_chart(months_of(days, BERLIN), LAST)
    bars = [record for record in records(chart) if "kwh" in record and record["series"] == "now"]
    newest = days.filter(pl.col("local_date") >= date(2025, 12, 1))
    # A month covered in part has a mark of its own besides.
    by_month = {bar["middle"]: bar["kwh"] for bar in bars}
    assert sum(by_month.values()) == pytest.approx(float(newest["energy_kwh"].sum()), abs=0.01)
    assert len(by_month) == 12
    assert any(record.get("series") == "before" for record in records(chart))


def test_parts_of_the_cost_add_up_and_feeding_in_lowers_it() -> None:
    bars = [record for record in records(season_charts.cost_chart(costs(), LAST)) if "part" in record]
    assert sum(bar["high"] - bar["low"] for bar in bars) == pytest.approx(102 + 68 - 8 + 25.8)
    totals = [record["sum"] for record in records(season_charts.cost_chart(costs(), LAST)) if "sum" in record]
    assert totals == ["€114.90", "€72.90"]


@pytest.mark.parametrize(("basic", "sun"), [(102.0, -8.0), (7000.0, -12_000.0), (-200.0, 0.0), (0.0, -5.0)])
def test_what_was_earned_covers_nothing_that_was_paid(basic: float, sun: float) -> None:
    october = costs().filter(pl.col("month_start") == date(2026, 10, 1))
    month = october.with_columns(energy_cost=pl.Series([basic, sun]))
    bars = [each for each in records(season_charts.cost_chart(month, LAST)) if "part" in each]
    spans = sorted(sorted([bar["low"], bar["high"]]) for bar in bars)
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(spans))
    assert spans[0][0] == pytest.approx(min(basic, 0) + min(sun, 0))
    assert spans[-1][1] == pytest.approx(max(basic, 0) + max(sun, 0) + 12.9)


@pytest.mark.parametrize(("noon_w", "down_to"), [(-1900, -1.9), (-100, -0.1), (0, 0)])
def test_a_usual_day_that_feeds_in_is_drawn_below_zero(
    household: Household, noon_w: int, down_to: float
) -> None:
    days = [date(2026, 11, 2) + timedelta(days=n) for n in range(14)]
    powers = [(each, minute, noon_w if 600 <= minute < 900 else 1600) for each in days for minute in MINUTES]
    found = [(each, minute, power_w // 4, power_w, "measured") for each, minute, power_w in powers]
    figure = typical_figure(household(n_days=14).report(quarter_hours=rows("quarter_hours", *found)))
    assert figure is not None
    for panel in figure.panels:
        low, high = panel.spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
        assert low <= down_to
        assert (low < 0) == (noon_w < 0)
        assert high >= 1.6


def test_few_months_do_not_leave_a_chart_of_empty_ones() -> None:
    assert season_charts.newest_months(date(2026, 10, 1), LAST) == [
        date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1), LAST,
    ]  # fmt: skip
    assert len(season_charts.newest_months(date(2016, 1, 1), LAST)) == 12


def test_a_dated_change_is_marked_with_its_size() -> None:
    texts = [
        record["text"]
        for record in records(power_charts.base_load_chart(nights(60), base_load_steps(nights(60))))
        if "text" in record
    ]
    assert texts == ["+45\u00a0W"]
