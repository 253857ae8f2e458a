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
