from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tasks.reports.forecast import FEWEST_DAYS, forecast_year, standard_season

FIRST = date(2023, 1, 1)


def simulated(seed: int, years: int = 3) -> pl.DataFrame:
    """Years of a household with a season of its own, drift, new habits, holidays, and perhaps a car."""
    chance = np.random.default_rng(seed)
    size = 365 * years + 1
    dates = [FIRST + timedelta(days=number) for number in range(size)]
    day = np.array([each.timetuple().tm_yday for each in dates])
    season = 1 + chance.uniform(-0.05, 0.3) * np.cos(2 * np.pi * (day - chance.uniform(0, 40)) / 365)
    drift = np.cumsum(chance.normal(0, 0.006, size))
    energy = chance.uniform(5, 14) * season * np.exp(drift - drift.mean())
    for start in chance.integers(30, size - 30, chance.poisson(years)):
        energy[start:] *= chance.uniform(0.88, 1.12)
    noise = np.zeros(size)
    for number in range(1, size):
        noise[number] = 0.35 * noise[number - 1] + chance.normal(0, 0.15)
    energy *= np.exp(noise) * (1 + 0.12 * np.array([each.weekday() >= 5 for each in dates]))
    for start in chance.integers(0, size - 14, chance.poisson(2 * years)):
        energy[start : start + chance.integers(4, 15)] *= 0.45
    if chance.random() < 0.4:
        energy += (chance.random(size) < 0.3) * chance.uniform(7, 24, size)
    return pl.DataFrame({"local_date": dates, "energy_kwh": energy}).with_columns(is_full=pl.lit(value=True))


def test_the_band_holds_in_about_8_of_10_simulated_years() -> None:
    held = []
    for seed in range(500, 520):
        days = simulated(seed)
        for month in range(3, 35, 2):
            newest = date(2023 + month // 12, month % 12 + 1, 1) + timedelta(days=seed % 25)
            forecast = forecast_year(days.filter(pl.col("local_date") <= newest))
            if forecast is None:
                continue
            true_kwh = days.filter(pl.col("local_date").dt.year() == forecast.year)["energy_kwh"].sum()
            held.append(forecast.low_kwh <= true_kwh <= forecast.high_kwh)
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
