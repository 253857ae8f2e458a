from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tasks.reports import key_figures

BERLIN = "Europe/Berlin"
FRIDAY = date(2026, 11, 20)
Rows = Callable[..., pl.DataFrame]


def daily(rows_of: Rows, *days: tuple[int, float, dict[str, float]]) -> pl.DataFrame:
    plain = {"estimated": 0.0, "hours": 24.0}
    rows = []
    for back, energy_kwh, changes in days:
        values = plain | changes
        local_date = FRIDAY - timedelta(days=back)
        rows.append((local_date, energy_kwh, values["estimated"], values["hours"], 100, 1000))
    return rows_of("daily", *rows)


@pytest.mark.parametrize(
    ("local_date", "timezone", "hours"),
    [
        (date(2026, 11, 20), BERLIN, 24),
        (date(2026, 3, 29), BERLIN, 23),
        (date(2026, 10, 25), BERLIN, 25),
        (date(2026, 10, 25), "UTC", 24),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
    ],
)
def test_a_local_day_is_as_long_as_the_clock_makes_it(local_date: date, timezone: str, hours: float) -> None:
    assert key_figures.hours_of_day(local_date, timezone) == hours


@pytest.mark.parametrize(
    ("days", "usual_kwh", "n_days"),
    [
        pytest.param([(7, 8.0), (14, 9.0)], None, 0, id="two earlier days are too few"),
        pytest.param([(1, 8.0), (2, 9.0), (3, 20.0)], 9.0, 3, id="the median of three"),
        pytest.param([(1, 8.0), (2, 9.0), (3, 20.0), (4, 10.0)], 9.5, 4, id="the median of four"),
        pytest.param(
            [(1, 8.0), (2, 9.0), (5, 1.0), (6, 1.0)], None, 0, id="a weekend is another kind of day"
        ),
        pytest.param(
            [(1, 8.0), (2, 9.0), (3, 7.0, {"hours": 20.0})], None, 0, id="a part of a day is no day"
        ),
        pytest.param(
            [(1, 8.0), (2, 9.0), (3, 7.0, {"estimated": 6.0})], None, 0, id="nor is an estimated one"
        ),
        pytest.param([(57, 8.0), (58, 9.0), (59, 7.0)], None, 0, id="last season is not usual"),
        pytest.param([(1, -3.0), (2, 4.0), (3, -5.0)], -3.0, 3, id="days below zero"),
    ],
)
def test_the_usual_day(rows_of: Rows, days: list[Any], usual_kwh: float | None, n_days: int) -> None:
    frame = daily(rows_of, (0, 12.0, {}), *((d[0], d[1], d[2] if len(d) > 2 else {}) for d in days))
    figure = key_figures.day_figure(frame, rows_of("last_day"), BERLIN)
    assert figure is not None
    assert figure.energy_kwh == 12.0
    usual = figure.usual
    assert (usual.energy_kwh, usual.n_days) == (usual_kwh, n_days) if usual else usual_kwh is None


@pytest.mark.parametrize(
    ("days", "shown", "is_full"),
    [
        pytest.param([], None, None, id="no day"),
        pytest.param([(0, 3.0, {"hours": 9.5})], FRIDAY, False, id="a day that only began"),
        pytest.param(
            [(0, 3.0, {"hours": 9.5}), (1, 8.0, {})], date(2026, 11, 19), True, id="the last full one"
        ),
    ],
)
def test_which_day_is_shown(rows_of: Rows, days: list[Any], shown: date | None, is_full: bool | None) -> None:
    figure = key_figures.day_figure(daily(rows_of, *days), rows_of("last_day"), BERLIN)
    assert (figure.local_date, figure.is_full) == (shown, is_full) if figure else shown is None


@pytest.mark.parametrize(
    ("base_loads_w", "expected"),
    [
        pytest.param([], None, id="no day"),
        pytest.param([None], None, id="no night"),
        pytest.param([120, None, 140], (130.0, 2), id="nights without readings do not count"),
        pytest.param([120, 121], (121.0, 2), id="rounded as in the warehouse"),
        pytest.param([500] * 20 + [100] * 14, (100.0, 14), id="only the last fourteen nights"),
    ],
)
def test_base_load(rows_of: Rows, base_loads_w: list[int | None], expected: tuple[float, int] | None) -> None:
    days = [
        (FRIDAY - timedelta(days=back), 10.0, 0.0, 24.0, base_load_w, 1000)
        for back, base_load_w in enumerate(reversed(base_loads_w))
    ]
    found = key_figures.base_load(rows_of("daily", *days), BERLIN)
    assert expected == (found and (found.base_load_w, found.n_nights))


@pytest.mark.parametrize(
    ("base_load_w", "energy_kwh", "share"),
    [(100, 9.6, 0.25), (100, 2.0, None), (0, 9.6, 0.0), (100, 0.0, None)],
)
def test_base_load_share_is_a_share(
    rows_of: Rows, base_load_w: int, energy_kwh: float, share: float | None
) -> None:
    found = key_figures.base_load(
        rows_of("daily", (FRIDAY, energy_kwh, 0.0, 24.0, base_load_w, 1000)), BERLIN
    )
    assert found is not None
    assert found.share == (None if share is None else pytest.approx(share))


def test_an_estimated_interval_is_no_peak(rows_of: Rows) -> None:
    start = datetime(2026, 11, 20, 18)  # noqa: DTZ001 - local wall time is naive
    frame = rows_of(
        "last_day",
        (start, 15, 500, 2000, "measured", "a", "b"),
        (start + timedelta(minutes=15), 15, 900, 3600, "estimated", "b", "c"),
    )
    assert key_figures.peak(frame) == key_figures.Peak(2000, start, 15)
    assert key_figures.peak(frame.tail(1)) is None
    assert key_figures.peak(frame.clear()) is None


def test_the_newest_reading_is_an_accepted_one(rows_of: Rows) -> None:
    start = datetime(2026, 11, 20, 18)  # noqa: DTZ001 - local wall time is naive
    frame = rows_of(
        "readings",
        (start, "a", 12.5, "repaired", None, "125", 0.9),
        (start + timedelta(minutes=15), "b", None, "rejected", "dark", None, None),
        (None, "c", 99.0, "estimated", None, None, None),
    )
    assert key_figures.newest_reading(frame) == key_figures.RegisterReading(start, 12.5, "a", "repaired")
    assert key_figures.newest_reading(frame.clear()) is None


@pytest.mark.parametrize(
    ("days", "share", "n_days"),
    [
        pytest.param([], None, 0, id="no day"),
        pytest.param([(0, 0, 0, 0, 0, 96)], None, 0, id="nothing came"),
        pytest.param([(0, 90, 6, 0, 4, 10)], 0.96, 1, id="missing pictures were not misread"),
        pytest.param([(0, 60, 0, 36, 0, 0)], 0.625, 1, id="an estimated picture was not read"),
        pytest.param([(0, 0, 0, 36, 0, 0)], 0.0, 1, id="all are estimated"),
        pytest.param([(0, 10, 0, 0, 0, 0), (40, 0, 0, 0, 50, 0)], 1.0, 1, id="the last 30 days"),
    ],
)
def test_picture_yield(rows_of: Rows, days: list[tuple[int, ...]], share: float | None, n_days: int) -> None:
    frame = rows_of("quality", *((FRIDAY - timedelta(days=back), *counts) for back, *counts in days))
    found = key_figures.picture_yield(frame)
    assert (found.share, found.n_days) == (share, n_days) if found else share is None


def test_a_household_has_every_figure(household: Callable[..., Any]) -> None:
    frames = household(30).frames()
    frames.pop("hours")
    found = key_figures.key_figures(**frames, timezone=BERLIN)
    assert found.day is not None
    assert found.day.energy_kwh == pytest.approx(frames["last_day"]["energy_wh"].sum() / 1000)
    assert found.newest is not None
    assert found.newest.value_kwh == frames["readings"]["value_kwh"].max()
    assert found.peak is not None
    assert found.peak.mean_w == frames["last_day"]["mean_w"].max()
