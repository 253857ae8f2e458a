from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.forecast import forecasts
from tasks.reports.forecast import FEWEST_DAYS, forecast_year, standard_season

FIRST = date(2023, 1, 1)


def test_the_band_holds_in_about_8_of_10_simulated_years() -> None:
    held = [holds for seed in range(500, 520) for _, holds, _ in forecasts(seed, every=2)]
    assert len(held) > 300
    assert 0.7 <= np.mean(held) <= 0.9


def test_a_steady_household_is_forecast_along_the_season() -> None:
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(300)]
    whole = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    days = pl.DataFrame({"local_date": dates, "energy_kwh": 8 * standard_season(dates)})
    forecast = forecast_year(days.with_columns(is_full=pl.lit(value=True)))
    assert forecast is not None
    assert forecast.total_kwh == pytest.approx(8 * standard_season(whole).sum(), rel=1e-6)
    assert forecast.so_far_kwh == pytest.approx(days["energy_kwh"].sum())
    assert forecast.dates[0] == dates[-1] + timedelta(days=1)
    assert forecast.dates[-1] == date(2026, 12, 31)
    assert all(
        low <= middle <= high
        for low, middle, high in zip(forecast.lower_kwh, forecast.middle_kwh, forecast.upper_kwh, strict=True)
    )


@pytest.mark.parametrize(("n_days", "first"), [(0, FIRST), (FEWEST_DAYS - 1, FIRST), (30, date(2026, 12, 2))])
def test_too_few_days_or_a_finished_year_have_no_forecast(n_days: int, first: date) -> None:
    dates = [first + timedelta(days=number) for number in range(n_days)]
    days = pl.DataFrame(
        {"local_date": dates, "energy_kwh": [8.0] * n_days},
        schema={"local_date": pl.Date, "energy_kwh": pl.Float64},
    )
    assert forecast_year(days.with_columns(is_full=pl.lit(value=True))) is None


@pytest.mark.parametrize(
    ("first", "unknown", "is_whole"),
    [
        (date(2025, 1, 1), 0, True),
        (date(2026, 1, 7), 0, True),
        (date(2026, 1, 8), 0, False),
        (date(2025, 1, 1), 6, True),
        (date(2025, 1, 1), 100, False),
    ],
)
def test_a_year_of_which_days_are_unknown_is_not_forecast_as_whole(
    first: date, unknown: int, is_whole: bool
) -> None:
    dates = pl.date_range(first, date(2026, 10, 27), eager=True)
    gap = pl.col("local_date").is_between(
        date(2026, 3, 1), date(2026, 3, 1) + timedelta(days=unknown), closed="left"
    )
    days = pl.DataFrame({"local_date": dates, "energy_kwh": 8 * standard_season(dates.to_list())})
    forecast = forecast_year(days.filter(~gap).with_columns(is_full=pl.lit(value=True)))
    assert forecast is not None
    assert forecast.is_whole == is_whole
    assert forecast.whole_year[0] == pytest.approx(8 * 365, rel=0.03)
