from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest

from tasks.reports import axes

SUNDAY = date(2026, 10, 25)


def settings(channel: alt.X) -> dict[str, Any]:
    axis = channel.to_dict()
    assert isinstance(axis, dict)
    return dict(axis["axis"])


def noons(*dates: date) -> list[int]:
    return [axes.day_ms(local_date) + axes.DAY_MS // 2 for local_date in dates]


@pytest.mark.parametrize(
    ("n_days", "ticks"),
    [
        (1, [SUNDAY]),
        (3, [SUNDAY, date(2026, 10, 26), date(2026, 10, 27)]),
        (
            30,
            [
                date(2026, 10, 26),
                date(2026, 11, 2),
                date(2026, 11, 9),
                date(2026, 11, 16),
                date(2026, 11, 23),
            ],
        ),
        (120, [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]),
    ],
)
def test_days_are_labelled_at_the_middle_of_their_bars(n_days: int, ticks: list[date]) -> None:
    days = [SUNDAY + timedelta(days=ahead) for ahead in range(n_days)]
    assert settings(axes.day_axis(days))["values"] == noons(*ticks)
    bar = axes.bar_span(SUNDAY)
    assert (bar["from"] + bar["to"]) // 2 == noons(SUNDAY)[0]


@pytest.mark.parametrize(
    ("walls", "minutes"),
    [
        pytest.param(["2026-11-20 00:00", "2026-11-20 23:45"], [0, 1425], id="an ordinary day"),
        pytest.param(
            ["2026-10-25 01:45", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00"],
            [105, 120, 180, 240],
            id="the hour that comes twice",
        ),
        pytest.param(["2026-03-29 01:45", "2026-03-29 03:00"], [105, 120], id="the hour that never comes"),
    ],
)
def test_a_clock_change_keeps_its_place(walls: list[str], minutes: list[int]) -> None:
    starts = pl.Series(walls).str.to_datetime()
    assert axes.elapsed_minutes(starts, "Europe/Berlin") == minutes


@pytest.mark.parametrize(
    ("timezone", "changed", "walls", "minutes", "ticks"),
    [
        pytest.param(
            "Atlantic/Azores", "2026-03-29", ["01:00", "01:15"], [0, 15], [120, "03:00"], id="spring"
        ),
        pytest.param(
            "America/Santiago", "2026-09-06", ["01:00", "23:45"], [0, 1365], [120, "03:00"], id="south"
        ),
        pytest.param(
            "America/Havana", "2026-03-08", ["01:00", "03:00"], [0, 120], [120, "03:00"], id="Havana"
        ),
        pytest.param("Africa/Cairo", "2026-04-24", ["01:00", "03:00"], [0, 120], [120, "03:00"], id="Cairo"),
        pytest.param("Asia/Beirut", "2026-03-29", ["01:00", "03:00"], [0, 120], [120, "03:00"], id="Beirut"),
        pytest.param(
            "Atlantic/Azores",
            "2026-10-25",
            ["00:45", "00:45", "01:00"],
            [45, 105, 120],
            [0, "00:00"],
            id="autumn",
        ),
        pytest.param(
            "America/Havana",
            "2026-11-01",
            ["00:00", "00:00", "01:00"],
            [0, 60, 120],
            [0, "00:00"],
            id="twice",
        ),
        pytest.param(
            "America/Santiago",
            "2026-04-04",
            ["00:00", "23:00", "23:00"],
            [0, 1380, 1440],
            [0, "00:00"],
            id="late",
        ),
    ],
)
def test_a_clock_that_changes_at_midnight(
    timezone: str, changed: str, walls: list[str], minutes: list[int], ticks: list[Any]
) -> None:
    starts = pl.Series([f"{changed} {wall}" for wall in walls]).str.to_datetime()
    assert axes.elapsed_minutes(starts, timezone) == minutes
    axis = settings(axes.clock_axis("from", starts.to_list(), minutes, 1500))
    assert axis["values"][0] == ticks[0]
    assert axis["labelExpr"].startswith(f"['{ticks[1]}'")


def test_a_day_without_intervals_has_no_minutes() -> None:
    assert axes.elapsed_minutes(pl.Series([], dtype=pl.Datetime), "Europe/Berlin") == []


@pytest.mark.parametrize(
    ("walls", "length_min", "at_six"),
    [
        (["2026-11-20 00:00", "2026-11-20 23:45"], 1440, 360),
        (["2026-10-25 00:00", "2026-10-25 03:00"], 1500, 420),
        (["2026-03-29 00:00", "2026-03-29 03:00"], 1380, 300),
    ],
)
def test_the_clock_axis_follows_the_clock(walls: list[str], length_min: int, at_six: int) -> None:
    starts = pl.Series(walls).str.to_datetime()
    minutes = axes.elapsed_minutes(starts, "Europe/Berlin")
    axis = settings(axes.clock_axis("from", starts.to_list(), minutes, length_min))
    assert axis["values"][2] == at_six
    assert axis["values"][-1] == length_min
    assert "'06:00'" in axis["labelExpr"]
