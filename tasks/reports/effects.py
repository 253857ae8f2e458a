"""What a measure saved: days after against days before, with the season taken out and an honest interval."""

import math
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.reports.forecast import standard_season
from tasks.reports.key_figures import COMPARABLE
from tasks.reports.kinds import KINDS, kind_of

FEWEST_DAYS = 7
MEASURE_DAYS = 56
BLOCK_DAYS = 7
DRAWS = 2000
DAYS_PER_YEAR = 365.25
CONFIDENCE = 0.95
# A household has a season of its own: half of what the usual one explains may be wrong.
SEASON_DOUBT = 0.5


Season = Callable[[Sequence[date]], NDArray[np.float64]]


def no_season(dates: Sequence[date]) -> NDArray[np.float64]:
    """Days of which none is expected to be larger than another."""
    return np.ones(len(dates))


@dataclass(frozen=True, slots=True)
class Effect:
    """The change of a year's energy, and the interval in which it lies with 95 % confidence.

    `before_kwh` and `after_kwh` are means of a day as found; the change is of days alike, without season.
    """

    before_first: date
    before_last: date
    after_first: date
    after_last: date
    before_days: int
    after_days: int
    before_kwh: float
    after_kwh: float
    kwh_per_year: float
    low_kwh: float
    high_kwh: float

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low_kwh > 0 or self.high_kwh < 0


def effect_of(
    days: pl.DataFrame,
    before: tuple[date, date],
    after: tuple[date, date],
    holidays: Container[date] = (),
    season: Season = standard_season,
) -> Effect | None:
    """The effect of whatever changed between two periods; None when one has fewer than seven usable days.

    Args:
        days: local_date, energy_kwh, estimated_kwh, is_full.
        before: first and last day.
        after: first and last day.
        holidays: They count as Sundays.
        season: How much larger days are than the year's mean; it is taken out.
    """
    usable = days.filter(COMPARABLE).sort("local_date")
    parts = [usable.filter(pl.col("local_date").is_between(*period)) for period in (before, after)]
    if min(part.height for part in parts) < FEWEST_DAYS:
        return None
    old, new = parts
    chance = np.random.default_rng(0)
    draws = _daily_change(old, new, holidays, season, chance)
    change = float(_daily_change(old, new, holidays, season, None)[0])
    low, high = (float(each) for each in np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    unsure = SEASON_DOUBT * abs(_seasonal_part(old, new, season))
    low, high = change - math.hypot(change - low, unsure), change + math.hypot(high - change, unsure)
    return Effect(
        _edge(old, 0),
        _edge(old, -1),
        _edge(new, 0),
        _edge(new, -1),
        old.height,
        new.height,
        _mean(old),
        _mean(new),
        change * DAYS_PER_YEAR,
        low * DAYS_PER_YEAR,
        high * DAYS_PER_YEAR,
    )


def periods_around(start: date, newest: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """The eight weeks before a measure and at most eight from it on; the day itself belongs to neither."""
    after_last = min(newest, start + timedelta(days=MEASURE_DAYS))
    return (
        (start - timedelta(days=MEASURE_DAYS), start - timedelta(days=1)),
        (start + timedelta(days=1), after_last),
    )


def _seasonal_part(old: pl.DataFrame, new: pl.DataFrame, season: Season) -> float:
    """What the season explains of the change of a day."""
    seasons = [float(np.mean(season(part["local_date"].to_list()))) for part in (old, new)]
    return _mean(old) / seasons[0] * (seasons[1] - seasons[0])


def _edge(days: pl.DataFrame, place: int) -> date:
    found: date = days["local_date"].to_list()[place]
    return found


def _mean(days: pl.DataFrame) -> float:
    return float(np.mean(days["energy_kwh"].to_numpy()))


def _daily_change(
    old: pl.DataFrame,
    new: pl.DataFrame,
    holidays: Container[date],
    season: Season,
    chance: np.random.Generator | None,
) -> NDArray[np.float64]:
    """Change of the mean day; with chance drawn anew, in blocks of a week, in which days are alike."""
    weights: dict[int, float] = {}
    means = []
    for part in (old, new):
        dates = part["local_date"].to_list()
        energy = part["energy_kwh"].to_numpy() / season(dates)
        kinds = np.array([KINDS.index(kind_of(each, holidays)) for each in dates])
        order = _draws(dates, chance)
        by_kind = np.full((order.shape[0], len(KINDS)), np.nan)
        for number in range(len(KINDS)):
            is_kind = (kinds == number)[order]
            counts = is_kind.sum(axis=1)
            with np.errstate(invalid="ignore"):
                by_kind[:, number] = np.where(
                    counts > 0, (energy[order] * is_kind).sum(axis=1) / counts, np.nan
                )
            weights[number] = min(weights.get(number, np.inf), float((kinds == number).sum()))
        means.append(by_kind)
    share = np.array([weights[number] for number in range(len(KINDS))], float)
    difference = means[1] - means[0]
    usable = np.isfinite(difference) * share
    total = np.maximum(usable.sum(axis=1), 1e-9)
    change: NDArray[np.float64] = np.nansum(np.nan_to_num(difference) * usable, axis=1) / total
    return change


def _draws(dates: list[date], chance: np.random.Generator | None) -> NDArray[np.int64]:
    """Indices of the days: as they are, or drawn in blocks of whole weeks."""
    size = len(dates)
    if chance is None:
        return np.arange(size)[None, :]
    block = min(BLOCK_DAYS, max(1, size // 3))
    n_blocks = -(-size // block)
    starts = chance.integers(0, size, (DRAWS, n_blocks))
    order: NDArray[np.int64] = (starts[:, :, None] + np.arange(block)).reshape(DRAWS, -1)[:, :size] % size
    return order
