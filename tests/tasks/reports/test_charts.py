import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest
from altair.utils.schemapi import debug_mode

from tasks.reports import charts, load_profile
from tasks.reports.key_figures import with_fullness

BERLIN = "Europe/Berlin"
Household = Callable[..., Any]
Rows = Callable[..., pl.DataFrame]

CASES = pytest.mark.parametrize(
    "case",
    [
        {"n_days": 1},
        {"n_days": 2, "hours_of_last_day": 9},
        {"n_days": 1, "hours_of_last_day": 1},
        {"n_days": 60, "gaps": True},
        {"n_days": 120, "car": True},
        {"n_days": 3, "last": date(2026, 10, 25)},
        {"n_days": 3, "last": date(2026, 3, 29)},
    ],
    ids=["one day", "two days", "an hour", "gaps", "120 days with a car", "25 hours", "23 hours"],
)


def url(key: str) -> str:
    return f"pictures/{key}"


def all_charts(frames: dict[str, pl.DataFrame]) -> list[alt.Chart | alt.LayerChart]:
    return [
        charts.daily_chart(with_fullness(frames["daily"], BERLIN).tail(62), 8.0),
        load_profile.load_profile_chart(frames["last_day"], BERLIN, url, 130.0),
        charts.heat_map(frames["hours"]),
        charts.quality_chart(frames["quality"].tail(62)),
    ]


def records(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    return [record for values in spec["datasets"].values() for record in values]


@CASES
def test_specifications_are_valid_and_repeatable(household: Household, case: dict[str, Any]) -> None:
    frames = household(**case).frames()
    checked = [chart.to_dict(validate=True) for chart in all_charts(frames)]
    with debug_mode(False):
        repeated = [chart.to_dict(validate=False) for chart in all_charts(frames)]
    assert json.dumps(checked) == json.dumps(repeated)


def test_bars_add_up_to_the_energy_and_gaps_stay_empty(household: Household) -> None:
    days = with_fullness(household(60, gaps=True).frames()["daily"], BERLIN)
    bars = [record for record in records(charts.daily_chart(days, None)) if "high" in record]
    assert sum(bar["high"] - bar["low"] for bar in bars) == pytest.approx(days["energy_kwh"].sum())
    estimated = sum(bar["high"] - bar["low"] for bar in bars if bar["quality"] == "estimated")
    assert estimated == pytest.approx(days["estimated_kwh"].sum())
    assert estimated > 0
    assert len({bar["from"] for bar in bars}) == days.height < 60


@pytest.mark.parametrize(
    ("used_kwh", "estimated_kwh", "bars"),
    [
        (5.0, 2.0, [(0.0, 3.0), (3.0, 5.0)]),
        (-5.0, -2.0, [(0.0, -3.0), (-3.0, -5.0)]),
        (-5.0, 1.0, [(0.0, -5.0)]),
        (2.0, -1.0, [(0.0, 2.0)]),
        (-2.0, -2.0, [(0.0, -2.0)]),
        (0.0, 0.0, [(0.0, 0.0)]),
    ],
)
def test_a_day_on_which_the_register_went_down_has_its_bar_below_zero(
    household: Household, used_kwh: float, estimated_kwh: float, bars: list[tuple[float, float]]
) -> None:
    days = with_fullness(household(3).frames()["daily"], BERLIN)
    day = days["local_date"][1]
    days = days.with_columns(
        pl.when(pl.col("local_date") == day).then(value).otherwise(name).alias(name)
        for name, value in (("energy_kwh", used_kwh), ("estimated_kwh", estimated_kwh))
    )
    chart = charts.daily_chart(days, None)
    drawn = [record for record in records(chart) if "high" in record]
    begin = sorted({bar["from"] for bar in drawn})[1]
    assert [(bar["low"], bar["high"]) for bar in drawn if bar["from"] == begin] == bars
    reaches_down = "domainMin" not in chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]
    assert reaches_down == (used_kwh < 0)


def test_feeding_in_is_drawn_below_zero(rows_of: Rows) -> None:
    powers_w = [300] * 40 + [-2000] * 16 + [300] * 40
    start = datetime(2026, 6, 1)  # noqa: DTZ001 - wall time, as in the warehouse
    rows = [
        (start + timedelta(minutes=15 * place), 15, power_w // 4, power_w, "measured", None, None)
        for place, power_w in enumerate(powers_w)
    ]
    last_day = rows_of("last_day", *rows)
    assert not load_profile.is_squashed(last_day)
    chart = load_profile.load_profile_chart(last_day, BERLIN, url)
    lowest, highest = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert lowest <= -2.0 < 0.3 <= highest


def test_a_day_not_covered_in_full_is_marked(household: Household) -> None:
    days = with_fullness(household(5, hours_of_last_day=9).frames()["daily"], BERLIN)
    marked = charts.daily_chart(days, None).to_dict()["layer"][-2]
    assert marked["mark"]["type"] == "point"
    partial = [
        record["day"] for record in records(charts.daily_chart(days, None)) if record.get("full") is False
    ]
    assert set(partial) == {"Fri\u00a020\u00a0Nov"}


def test_every_interval_leads_to_its_picture(household: Household) -> None:
    last_day = household(1).frames()["last_day"]
    chart = load_profile.load_profile_chart(last_day, BERLIN, url)
    assert [record["url"] for record in records(chart)] == [url(key) for key in last_day["last_picture"]]
    assert any("href" in layer["encoding"] for layer in chart.to_dict()["layer"])


def test_a_picture_that_was_not_published_is_no_link(household: Household) -> None:
    last_day = household(1).frames()["last_day"]
    chart = load_profile.load_profile_chart(last_day, BERLIN, lambda _: None)
    assert not any("url" in record for record in records(chart))


@pytest.mark.parametrize(
    ("powers_w", "squashed"),
    [
        ([150] * 90 + [14_000] * 6, True),
        ([150] * 90 + [3_000] * 6, False),
        ([6_000] * 90 + [14_000] * 6, False),
        ([0] * 96, False),
        ([], False),
    ],
)
def test_a_peak_does_not_press_the_rest_flat(rows_of: Rows, powers_w: list[int], squashed: bool) -> None:
    rows = [(None, 15, power_w // 4, power_w, "measured", None, None) for power_w in powers_w]
    assert load_profile.is_squashed(rows_of("last_day", *rows)) is squashed


@pytest.mark.parametrize(
    ("highest_w", "powers_w"), [(1, [0, 1]), (400, [0, 100, 400]), (14_000, [0, 1000, 5000, 14_000])]
)
def test_heat_map_legend_names_round_powers(rows_of: Rows, highest_w: int, powers_w: list[int]) -> None:
    spec = charts.heat_map(rows_of("hours", (date(2026, 11, 20), 7, highest_w))).to_dict()
    assert spec["encoding"]["color"]["legend"]["values"] == powers_w


def test_hours_that_fed_in_are_drawn_apart_from_hours_without_readings(rows_of: Rows) -> None:
    rows = [(date(2026, 11, 20), hour, mean_w) for hour, mean_w in ((11, -400), (12, -900), (19, 700))]
    chart = charts.heat_map(rows_of("hours", *rows))
    assert [record["w"] for record in records(chart)] == [[-400, -900, 700]]
    colours = chart.to_dict()["encoding"]["color"]
    assert colours["condition"] == {"test": "datum.w < 0", "value": {"expr": "colour_second"}}
    assert colours["scale"]["domain"] == [0, 700]


@pytest.mark.parametrize(("n_days", "across"), [(2, "h"), (10, "h"), (11, "from")])
def test_few_days_are_rows_and_many_are_columns(household: Household, n_days: int, across: str) -> None:
    spec = charts.heat_map(household(n_days).frames()["hours"]).to_dict()
    assert spec["encoding"]["x"]["field"] == across


def test_quality_legend_lists_what_occurs_in_order(household: Household) -> None:
    spec = charts.quality_chart(household(14, gaps=True).frames()["quality"]).to_dict()
    domain = spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert domain == ["measured", "repaired", "rejected", "missing"]
