"""When the base load changed: the nights' levels cut into stretches, each change dated and with its error."""

import itertools
import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

FEWEST_NIGHTS = 5
FEWEST_BEFORE = 14
LEAST_CHANGE_W = 8.0
LEAST_NOISE_W = 2.0
# A night of visitors is no new level: what lies further than this from its neighbours counts as this far.
CLIP_SIGMAS = 3.0
NEIGHBOURS = 9
# Twice the usual BIC penalty: nights are alike for days in a row.
PENALTY = 4.0
Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Step:
    """The base load before and after a day, and how sure the difference is (95 % half-width)."""

    since: date
    before_w: float
    after_w: float
    uncertainty_w: float
    n_nights: int

    @property
    def change_w(self) -> float:
        """Above 0 where something more is on."""
        return self.after_w - self.before_w

    @property
    def kwh_per_year(self) -> float:
        """What the change comes to in a year."""
        return self.change_w * 8.766


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of nights with one base load."""

    first: date
    last: date
    level_w: float
    uncertainty_w: float
    n_nights: int


def base_load_levels(nights: pl.DataFrame) -> list[Level]:
    """The stretches of the base load, oldest first; neighbours differ by more than their errors.

    Args:
        nights: local_date, base_load_w and base_load_uncertainty_w; nights without a base load are left out.
    """
    known = nights.drop_nulls("base_load_w").sort("local_date")
    if known.height < FEWEST_NIGHTS:
        return []
    values = known["base_load_w"].cast(pl.Float64).to_numpy()
    noise_w = _noise(values, known["base_load_uncertainty_w"])
    bounds = _merged(_cut(_clipped(values, noise_w), PENALTY * np.log(values.size) * noise_w**2), values)
    return [
        _level(known.slice(first, last - first), values[first:last])
        for first, last in itertools.pairwise(bounds)
    ]


def base_load_steps(nights: pl.DataFrame) -> list[Step]:
    """The changes between the stretches of the base load, oldest first."""
    levels = base_load_levels(nights)
    return [
        Step(
            after.first,
            before.level_w,
            after.level_w,
            float(np.hypot(before.uncertainty_w, after.uncertainty_w)),
            after.n_nights,
        )
        for before, after in itertools.pairwise(levels)
        if (after.first - levels[0].first).days >= FEWEST_BEFORE
    ]


def level_of(nights: pl.DataFrame) -> Level | None:
    """The base load of these nights taken as one stretch; None with fewer than five.

    Args:
        nights: local_date, base_load_w and base_load_uncertainty_w.
    """
    known = nights.drop_nulls("base_load_w").sort("local_date")
    if known.height < FEWEST_NIGHTS:
        return None
    return _level(known, known["base_load_w"].cast(pl.Float64).to_numpy())


def _noise(values: NDArray[np.float64], night_errors_w: pl.Series) -> float:
    """Spread from night to night, of which a step moves only one; at least what the register leaves open."""
    differences = np.abs(np.diff(values))
    errors_w: list[int] = night_errors_w.drop_nulls().to_list()
    unsaid_w = sorted(errors_w)[len(errors_w) // 2] / Z95 if errors_w else 0.0
    return max(float(np.median(differences)) / 0.6745 / 2**0.5, unsaid_w, LEAST_NOISE_W)


def _clipped(values: NDArray[np.float64], noise_w: float) -> NDArray[np.float64]:
    reach = NEIGHBOURS // 2
    padded: NDArray[np.float64] = np.pad(values, reach, mode="reflect" if values.size > reach else "edge")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, NEIGHBOURS), axis=1)
    clipped: NDArray[np.float64] = np.clip(
        values, middle - CLIP_SIGMAS * noise_w, middle + CLIP_SIGMAS * noise_w
    )
    return clipped


def _cut(values: NDArray[np.float64], penalty: float) -> list[int]:
    """Bounds of the stretches with the least squared error plus penalty, the first and the last included."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    size = values.size
    best = np.full(size + 1, np.inf)
    best[0] = -penalty
    origin = np.zeros(size + 1, np.int64)
    for end in range(FEWEST_NIGHTS, size + 1):
        starts = np.arange(end - FEWEST_NIGHTS + 1)
        error = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        cost = best[starts] + error + penalty
        origin[end] = int(np.argmin(cost))
        best[end] = cost[origin[end]]
    bounds = [size]
    while bounds[-1] > 0:
        bounds.append(int(origin[bounds[-1]]))
    return bounds[::-1]


def _merged(bounds: list[int], values: NDArray[np.float64]) -> list[int]:
    """Bounds without those across which the level hardly changes."""
    kept = list(bounds)
    while len(kept) > 2:  # noqa: PLR2004 - a first and a last remain
        parts = [values[first:last] for first, last in itertools.pairwise(kept)]
        surplus = [
            abs(float(np.median(later) - np.median(earlier)))
            - max(LEAST_CHANGE_W, float(np.hypot(_error(earlier), _error(later))))
            for earlier, later in itertools.pairwise(parts)
        ]
        weakest = int(np.argmin(surplus))
        if surplus[weakest] >= 0:
            break
        del kept[weakest + 1]
    return kept


def _level(nights: pl.DataFrame, values: NDArray[np.float64]) -> Level:
    dates: list[date] = nights["local_date"].to_list()
    error_w = error_of_level(nights["base_load_uncertainty_w"], _error(values))
    return Level(dates[0], dates[-1], float(np.median(values)), error_w or 0.0, values.size)


def error_of_level(night_errors_w: pl.Series, spread_error_w: float | None) -> float | None:
    """The error of a median of nights: of their spread, or of the nights themselves where that is larger.

    A coarse register gives the same value night after night, which is no proof of its sharpness.
    """
    errors_w: list[int] = night_errors_w.drop_nulls().to_list()
    if spread_error_w is None or not errors_w:
        return spread_error_w
    return max(spread_error_w, 1.25 * sorted(errors_w)[len(errors_w) // 2] / math.sqrt(len(errors_w)))


def _error(values: NDArray[np.float64]) -> float:
    """Half-width of the 95 % interval of a median; outliers do not widen it."""
    low, high = np.quantile(values, [0.16, 0.84])
    spread = max(float(high - low) / 2, LEAST_NOISE_W)
    return Z95 * 1.25 * spread / float(np.sqrt(values.size))
