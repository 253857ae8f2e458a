from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.reports import findings
from tasks.reports.key_figures import DayFigure, PictureYield, with_fullness

THURSDAY = date(2026, 11, 19)
Rows = Callable[..., pl.DataFrame]


def hourly(**energies: float) -> list[float]:
    return [float(energies.get(f"h{hour}", 0)) for hour in range(24)]


@pytest.mark.parametrize(
    ("energies", "span"),
    [
        pytest.param(hourly(h18=5, h3=1), (18, 19), id="one hour"),
        pytest.param(hourly(h18=5, h19=5, h20=5, h3=4, h9=4, h12=4), (18, 21), id="an evening"),
        pytest.param([1.0] * 24, None, id="spread over the day"),
        pytest.param([0.0] * 24, None, id="nothing used"),
        pytest.param(hourly(h23=5), (23, 24), id="the last hour"),
    ],
)
def test_busiest_hours(energies: list[float], span: tuple[int, int] | None) -> None:
    assert findings.busiest_hours(energies) == span


@given(st.lists(st.floats(0, 100), min_size=24, max_size=24))
def test_busiest_hours_hold_most_of_the_energy(energies: list[float]) -> None:
    span = findings.busiest_hours(energies)
    if span is not None:
        start, end = span
        assert sum(energies[start:end]) > sum(energies) / 2
        assert 0 <= start < end <= 24


@pytest.mark.parametrize(
    ("figure", "title"),
    [
        (
            DayFigure(THURSDAY, 9.2, 0.0, 24.0, is_full=True, usual=None),
            "Thursday 19 November used 9.2 kWh, most of it between 18 and 19 h",
        ),
        (
            DayFigure(THURSDAY, 3.1, 0.0, 9.0, is_full=False, usual=None),
            "Thursday 19 November used 3.1 kWh in the 9 h that were read, most of it between 18 and 19 h",
        ),
        (
            DayFigure(THURSDAY, 9.2, 8.0, 24.0, is_full=True, usual=None),
            "Thursday 19 November used 9.2 kWh; too few readings tell when",
        ),
    ],
)
def test_last_day_title(rows_of: Rows, figure: DayFigure, title: str) -> None:
    evening = datetime(2026, 11, 19, 18)  # noqa: DTZ001 - local wall time is naive
    last_day = rows_of("last_day", (evening, 15, 900, 3600, "measured", "a", "b"))
    assert findings.last_day_title(figure, last_day).replace("\u00a0", " ") == title


@pytest.mark.parametrize(
    ("days", "usual_kwh", "title"),
    [
        ([(4.0, 10.0)], None, "No day is complete yet: 4.0 kWh so far"),
        ([(9.2, 24.0), (4.0, 10.0)], None, "9.2 kWh on Thursday 19 November, the only full day so far"),
        ([(9.2, 24.0), (8.0, 24.0)], None, "Between 8.0 kWh and 9.2 kWh on Thu 19 Nov"),
        ([(9.2, 24.0), (8.0, 24.0)], 8.6, "Usually 8.6 kWh a day, at most 9.2 kWh on Thu 19 Nov"),
    ],
)
def test_daily_title(
    rows_of: Rows, days: list[tuple[float, float]], usual_kwh: float | None, title: str
) -> None:
    rows = [
        (THURSDAY + timedelta(days=ahead), energy_kwh, 0.0, hours, None, 0)
        for ahead, (energy_kwh, hours) in enumerate(days)
    ]
    frame = with_fullness(rows_of("daily", *rows), "Europe/Berlin")
    assert findings.daily_title(frame, usual_kwh).replace("\u00a0", " ") == title


@pytest.mark.parametrize(
    ("means_w", "title"),
    [
        (
            [100] * 18 + [900] * 3 + [200] * 3,
            "Highest from 18\u201321 h (900 W on average), lowest from 0\u20133 h (100 W)",
        ),
        ([50] * 24, "About 50 W at any hour of the day"),
        ([0] * 24, "0 W at any hour of the day: the register did not move"),
        ([100] * 12, "Power in each hour read so far"),
    ],
)
def test_heat_map_title(rows_of: Rows, means_w: list[int], title: str) -> None:
    frame = rows_of("hours", *((THURSDAY, hour, mean_w) for hour, mean_w in enumerate(means_w)))
    assert findings.heat_map_title(frame).replace("\u00a0", " ") == title


@pytest.mark.parametrize(
    ("pictures", "title"),
    [
        (None, "No picture came in"),
        (PictureYield(1, 96, 0, 0, 0, 0), "All 96 pictures on the first day were read"),
        (
            PictureYield(30, 96, 2, 0, 0, 1),
            "All 96 pictures of the last 30 days were read, 2 repaired; 1 picture missing",
        ),
        (PictureYield(1, 1, 0, 0, 0, 0), "The only picture on the first day was read"),
        (
            PictureYield(30, 99, 0, 0, 1, 0),
            "99.0 % of the pictures of the last 30 days were read, 1 rejected",
        ),
        (
            PictureYield(30, 60, 0, 36, 4, 0),
            "60.0 % of the pictures of the last 30 days were read, 36 only estimated, 4 rejected",
        ),
        (
            PictureYield(1, 0, 0, 36, 0, 0),
            "0 % of the pictures on the first day were read, 36 only estimated",
        ),
    ],
)
def test_quality_title(pictures: PictureYield | None, title: str) -> None:
    assert findings.quality_title(pictures).replace("\u00a0", " ") == title


def test_readings_title(household: Callable[..., Any]) -> None:
    title = findings.readings_title(household(1).frames()["readings"]).replace("\u00a0", " ")
    assert title == "96 readings on Friday 20 November: 94 measured, 1 repaired, 1 rejected"
