from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.reports import tables
from tasks.reports.data import rows
from tasks.reports.key_figures import BaseLoad, DayFigure, KeyFigures, UsualDay, with_fullness
from tasks.reports.page import key_tiles

Household = Callable[..., Any]
Rows = Callable[..., pl.DataFrame]


def url(key: str) -> str:
    return f"pictures/{key}"


@pytest.mark.parametrize(
    ("values_kwh", "decimals"),
    [([], 0), ([None], 0), ([36_109.0], 0), ([36_109.7, None], 1), ([3_610.97, 3_611.0], 2), ([1.234], 3)],
)
def test_register_decimals(values_kwh: list[float | None], decimals: int) -> None:
    assert tables.register_decimals(values_kwh) == decimals


@given(st.integers(0, 3), st.lists(st.integers(0, 10**8), min_size=1))
def test_register_decimals_never_hide_a_digit(decimals: int, units: list[int]) -> None:
    values_kwh = [unit / 10**decimals for unit in units]
    found = tables.register_decimals(values_kwh)
    assert found <= decimals
    assert [round(value, found) for value in values_kwh] == pytest.approx(values_kwh, abs=1e-6)


@pytest.mark.parametrize(
    ("energy_kwh", "usual_kwh", "note"),
    [
        (10.0, 8.0, "25 % more than the usual 8.0 kWh"),
        (6.0, 8.0, "25 % less than the usual 8.0 kWh"),
        (8.01, 8.0, "the usual 8.0 kWh, as always"),
        (40.0, 8.0, "5.0 times the usual 8.0 kWh"),
        (0.0, 0.0, "the usual 0 kWh, as always"),
        (1.0, 0.0, "usually 0 kWh"),
        (-3.5, 8.0, "usually 8.0 kWh"),
        (-3.5, -8.0, "usually \u22128.0 kWh"),
        (-8.0, -8.0, "the usual \u22128.0 kWh, as always"),
    ],
)
def test_a_day_is_compared_in_words(energy_kwh: float, usual_kwh: float, note: str) -> None:
    usual = UsualDay(usual_kwh, 5, is_weekend=False)
    day = DayFigure(date(2026, 11, 20), energy_kwh, 0.0, 24.0, is_full=True, usual=usual)
    tile = tables.key_figure_tiles(KeyFigures(day, None, None, None, None), url, 1)[0]
    assert str(tile.notes[0]).replace("\u00a0", " ") == note


@pytest.mark.parametrize(
    ("base_load", "value", "note"),
    [
        (None, "not yet", "needs a night of readings"),
        (BaseLoad(132.0, 14, 0.42), "132", "42 % of consumption"),
        (BaseLoad(0.0, 14, 0.0), "0", "less than the register shows in a night"),
        (BaseLoad(132.0, 14, None), "132", "median of 14 nights"),
    ],
)
def test_base_load_tile(base_load: BaseLoad | None, value: str, note: str) -> None:
    tile = tables.key_figure_tiles(KeyFigures(None, base_load, None, None, None), url, 1)[0]
    assert (tile.value, str(tile.notes[0]).replace("\u00a0", " ")) == (value, note)


@pytest.mark.parametrize(
    ("minutes", "quality", "value", "note"),
    [
        (range(0, 1440, 15), "measured", "unknown", "the register's steps are too coarse to tell it"),
        (range(0, 1440, 15), "estimated", "not yet", "needs a night of readings"),
        (range(360, 1440, 15), "measured", "not yet", "needs a night of readings"),
    ],
    ids=["nights were read", "nights are estimated", "the camera rests at night"],
)
def test_a_base_load_that_is_not_told_says_why(
    household: Household, minutes: range, quality: str, value: str, note: str
) -> None:
    day = date(2026, 11, 20)
    daily = household(1).frames()["daily"].with_columns(base_load_w=pl.lit(None, dtype=pl.Int64))
    quarter_hours = rows("quarter_hours", *((day, minute, 250, 1000, quality) for minute in minutes))
    tiles = key_tiles(household(1).report(daily=daily, quarter_hours=quarter_hours))
    assert [(tile.value, tile.notes) for tile in tiles if tile.label == "Base load"] == [(value, (note,))]


def test_tables_hold_what_the_frames_hold(household: Household) -> None:
    frames = household(40, gaps=True).frames()
    daily = tables.daily_table(with_fullness(frames["daily"], "Europe/Berlin"))
    assert sum(float(str(row[1])) for row in daily.rows) == pytest.approx(frames["daily"]["energy_kwh"].sum())
    profile = tables.load_profile_table(frames["last_day"], url)
    assert sum(int(str(row[2])) for row in profile.rows) == frames["last_day"]["energy_wh"].sum()
    heat = tables.heat_map_table(frames["hours"])
    cells = [int(str(cell)) for row in heat.rows for cell in row[1:] if cell]
    assert (len(cells), sum(cells)) == (frames["hours"].height, frames["hours"]["mean_w"].sum())
    quality = tables.quality_table(frames["quality"])
    assert sum(int(str(row[5])) for row in quality.rows) == frames["quality"]["missing"].sum()


@pytest.mark.parametrize("table", ["daily", "heat_map", "quality"])
def test_the_newest_day_comes_first(household: Household, table: str) -> None:
    frames = household(3).frames()
    built = {
        "daily": lambda: tables.daily_table(with_fullness(frames["daily"], "Europe/Berlin")),
        "heat_map": lambda: tables.heat_map_table(frames["hours"]),
        "quality": lambda: tables.quality_table(frames["quality"]),
    }[table]()
    assert all(len(row) == len(built.columns) for row in built.rows)
    assert "20" in str(built.rows[0][0])


@pytest.mark.parametrize(("peak_w", "shown"), [(0, "0"), (2520, "2,520"), (None, "")])
def test_a_day_that_proves_no_peak_has_none(household: Household, peak_w: int | None, shown: str) -> None:
    days = household(1).frames()["daily"].with_columns(peak_w=pl.lit(peak_w, dtype=pl.Int64))
    assert tables.daily_table(with_fullness(days, "Europe/Berlin")).rows[0][-1] == shown


@pytest.mark.parametrize(
    ("quality", "reason", "why"),
    [
        ("measured", None, ""),
        ("rejected", "covered", "the counter is covered"),
        (
            "repaired",
            None,
            "the best reading of the picture does not fit its neighbours, a less likely one does",
        ),
        ("repaired", "doubtful", "too uncertain to accept"),
    ],
)
def test_readings_say_why(rows_of: Rows, quality: str, reason: str | None, why: str) -> None:
    frame = rows_of("readings", (None, "a.jpg", None, quality, reason, None, None))
    row = tables.reading_rows(frame, url, 1)[0]
    assert row.reason == why
    assert row.time == tables.Link("time unknown", "pictures/a.jpg")
