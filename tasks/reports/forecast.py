"""What the year will come to: the level of the last weeks along the season, with a band that was tried out.

The band's constants come from forecasts of simulated years whose end was known (docs/report.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

FEWEST_DAYS = 14
DAYS_OF_YEAR = 365
MOST_UNKNOWN_DAYS = 6
HALF_LIFE_DAYS = 21.0
LEVEL_DAYS = 84
SEASON_DAYS = 364
SEASON_REACH = 10
SEASON_NEEDS = 300
OWN_SEASON = 0.5
NOISE_DAYS = 182
# Days are alike for some days in a row, so n of them tell less than n throws of a die.
ALIKE_DAYS = 2.0
DRIFT = 0.10
DRIFT_DAYS = 60.0
SEASON_ERROR = {True: 0.04, False: 0.12}
Z80 = 1.2816


@dataclass(frozen=True, slots=True)
class Forecast:
    """The year's energy, and the band in which it will lie in 8 of 10 cases.

    Where more than six of the year's days are not known in full, `total_kwh` is what the readings will have
    counted by its end; `year_kwh` is what a whole year comes to at the level of the last weeks.
    """

    year: int
    so_far_kwh: float
    total_kwh: float
    low_kwh: float
    high_kwh: float
    year_kwh: float
    year_low_kwh: float
    year_high_kwh: float
    unknown_days: int
    dates: tuple[date, ...]
    middle_kwh: tuple[float, ...]
    lower_kwh: tuple[float, ...]
    upper_kwh: tuple[float, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the year's days up to now are known, all but a few."""
        return self.unknown_days <= MOST_UNKNOWN_DAYS

    @property
    def whole_year(self) -> tuple[float, float, float]:
        """The energy of a whole year and its band: of this one, or of one at the level of the last weeks."""
        if self.is_whole:
            return self.total_kwh, self.low_kwh, self.high_kwh
        return self.year_kwh, self.year_low_kwh, self.year_high_kwh


def standard_season(dates: Sequence[date]) -> NDArray[np.float64]:
    """How much more a usual household uses on these days of the year, relative to the year's mean.

    This is the dynamic factor of the German standard load profile H0 (VDEW 1999).
    """
    day = np.array([each.timetuple().tm_yday for each in dates], float)
    factor: NDArray[np.float64] = (
        -3.92e-10 * day**4 + 3.2e-7 * day**3 - 7.02e-5 * day**2 + 2.1e-3 * day + 1.24
    )
    return factor


def forecast_year(days: pl.DataFrame, year: int | None = None) -> Forecast | None:
    """The forecast of a year from the days up to now; None with fewer than 14 full days, or nothing to come.

    Args:
        days: local_date, energy_kwh, is_full, in order; days may be missing.
        year: default is the newest day's.
    """
    full = days.filter("is_full").sort("local_date")
    if full.height < FEWEST_DAYS:
        return None
    newest: date = full["local_date"].to_list()[-1]
    year = year or newest.year
    coming = [newest + timedelta(days=n) for n in range(1, (date(year, 12, 31) - newest).days + 1)]
    if not coming:
        return None
    known = dict(full.select("local_date", "energy_kwh").iter_rows())
    so_far = _so_far(days.filter(pl.col("local_date") <= newest), year)
    past = _span(newest, max(LEVEL_DAYS, NOISE_DAYS))
    values = np.array([known.get(each, np.nan) for each in past])
    season, is_own = _season(known, past)
    weights = 0.5 ** (np.arange(len(past))[::-1] / HALF_LIFE_DAYS) * np.isfinite(values)
    level = float(np.nansum(weights * values) / np.sum(weights * season))
    if level <= 0:
        return None
    season_ahead = _season(known, coming)[0]
    ahead = np.cumsum(level * season_ahead)
    spread = _spread(values, level * season, weights, len(coming), is_own=is_own)
    half = Z80 * spread * ahead
    middle = so_far + ahead
    whole = DAYS_OF_YEAR * level
    whole_half = Z80 * whole * _spread(values, level * season, weights, DAYS_OF_YEAR, is_own=is_own)[-1]
    return Forecast(
        year,
        so_far,
        float(middle[-1]),
        float(so_far + max(0.0, ahead[-1] - half[-1])),
        float(middle[-1] + half[-1]),
        whole,
        float(max(0.0, whole - whole_half)),
        float(whole + whole_half),
        _unknown_days(known, newest, year),
        tuple(coming),
        tuple(middle.tolist()),
        tuple((so_far + np.maximum(0.0, ahead - half)).tolist()),
        tuple((middle + half).tolist()),
    )


def _so_far(days: pl.DataFrame, year: int) -> float:
    """Energy of the year's days, those that the readings cover only in part included."""
    return float(days.filter(pl.col("local_date").dt.year() == year)["energy_kwh"].sum())


def _unknown_days(known: dict[date, float], newest: date, year: int) -> int:
    """How many days of the year up to the newest one are not known in full."""
    past = (newest - date(year - 1, 12, 31)).days
    return past - sum(each.year == year for each in known)


def _span(newest: date, length: int) -> list[date]:
    return [newest - timedelta(days=n) for n in reversed(range(length))]


def _season(known: dict[date, float], dates: Sequence[date]) -> tuple[NDArray[np.float64], bool]:
    """Relative use of days by the season: the household's own last year where known, half and half."""
    standard = standard_season(dates)
    year_ago = [
        [
            known.get(each - timedelta(days=SEASON_DAYS + shift), np.nan)
            for shift in range(-SEASON_REACH, SEASON_REACH + 1)
        ]
        for each in dates
    ]
    values = np.array(year_ago)
    enough = np.isfinite(values).sum(axis=1) > SEASON_REACH
    first, last = min(known), max(known)
    last_year = [value for each, value in known.items() if each <= last - timedelta(days=SEASON_REACH)]
    is_short = (last - first).days < SEASON_NEEDS or len(last_year) < SEASON_NEEDS // 2
    # A year in which the meter stood still has no season.
    if is_short or not enough.any() or not any(last_year):
        return standard, False
    own = np.where(enough, _row_means(values), np.nan) / np.mean(last_year)
    mixed = np.where(np.isfinite(own), OWN_SEASON * own + (1 - OWN_SEASON) * standard, standard)
    return mixed, bool(enough.mean() > OWN_SEASON)


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.isfinite(values).sum(axis=1)
    means: NDArray[np.float64] = np.nansum(values, axis=1) / np.maximum(counts, 1)
    return means


def _spread(
    values: NDArray[np.float64],
    expected: NDArray[np.float64],
    weights: NDArray[np.float64],
    n_ahead: int,
    *,
    is_own: bool,
) -> NDArray[np.float64]:
    """Relative standard error of the sum of the first n coming days: noise, level, drift, season."""
    ratio = values / expected
    known = ratio[np.isfinite(ratio)]
    noise = float(np.var(known)) * ALIKE_DAYS
    n_level = float(np.sum(weights)) ** 2 / float(np.sum(weights**2))
    n = np.arange(1, n_ahead + 1)
    drift = DRIFT**2 * (1 - np.exp(-n / DRIFT_DAYS))
    season = SEASON_ERROR[is_own] ** 2 * np.minimum(n / 90, 1)
    spread: NDArray[np.float64] = np.sqrt(noise / n_level + noise / n + drift + season)
    return spread
