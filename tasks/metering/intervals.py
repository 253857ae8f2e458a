"""Interval data: the energy of every quarter hour and local day, exact to the last Wh."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.knots import Knots, interpolate, uncertainty_wh

INTERVAL_S = 900
SHORTEST_GAP = timedelta(minutes=30)
# Quarter hours drawn from readings further apart are an estimate, however rarely pictures are taken.
LONGEST_USUAL_GAP = timedelta(hours=3)
# So many distances tell what is usual; fewer than the readings that any derivation looks back at.
USUAL_FROM = 200
NIGHT_END_MINUTE = 300
BASE_LOAD_WINDOW = timedelta(hours=4)
MOST_BASE_LOAD_UNCERTAINTY_W = 25

QUARTER_HOURS = pl.Schema(
    {
        "start_at": pl.Datetime("us", "UTC"),
        "end_at": pl.Datetime("us", "UTC"),
        "local_date": pl.Date(),
        "local_minute": pl.UInt16(),
        "energy_wh": pl.Int64(),
        "quality": pl.String(),
        "n_readings": pl.UInt32(),
        "uncertainty_wh": pl.Int64(),
    }
)


def usual_gaps_s(read_at: pl.Series) -> NDArray[np.int64]:
    """How long (s) each distance between readings may usually be at its time: int64[N - 1].

    Twice the median of it and those before it, from 30 minutes to 3 hours. What follows has no say, nor what
    was long before: so it comes out alike from wherever a series is derived, also where pictures are taken
    at other distances than years ago.

    Args:
        read_at: the readings, ascending.
    """
    distance_s = read_at.diff().dt.total_seconds().slice(1)
    median_s = distance_s.rolling_quantile(0.5, "lower", USUAL_FROM, min_samples=1)
    bounds = (int(each.total_seconds()) for each in (SHORTEST_GAP, LONGEST_USUAL_GAP))
    gaps_s: NDArray[np.int64] = (2 * median_s).clip(*bounds).to_numpy().astype(np.int64)
    return gaps_s


def intervals_15min(read_at: pl.Series, knots: Knots, timezone: str) -> pl.DataFrame:
    """The energy of every quarter hour between the first and the last reading, which clip the outer two.

    The register is interpolated and rounded to whole Wh at every boundary, so the energies add up to last
    minus first exactly. A quarter hour that touches an unusual gap is `estimated` (see `usual_gaps_s`).

    Args:
        read_at: the readings, UTC, strictly ascending whole seconds.
        knots: how the register moved meanwhile (see `knots_of`).
        timezone: IANA name that decides `local_date` and `local_minute` (start of the quarter hour).

    Returns:
        start_at, end_at, local_date, local_minute, energy_wh, quality, n_readings (those in [start, end)),
        uncertainty_wh (half width, 95 %); empty with fewer than two readings.
    """
    if read_at.len() <= 1:
        return pl.DataFrame(schema=QUARTER_HOURS)
    seconds = read_at.dt.epoch("s").to_numpy().astype(np.int64)
    grid = np.arange(seconds[0] // INTERVAL_S + 1, -(-seconds[-1] // INTERVAL_S)) * INTERVAL_S
    bounds = np.concatenate([seconds[:1], grid, seconds[-1:]])
    counted = np.searchsorted(seconds, bounds, side="left")
    starts = bounds[:-1]
    local = _instants(starts // INTERVAL_S * INTERVAL_S).dt.convert_time_zone(timezone)
    return pl.DataFrame(
        {
            "start_at": _instants(starts),
            "end_at": _instants(bounds[1:]),
            "local_date": local.dt.date(),
            "local_minute": local.dt.hour().cast(pl.UInt16) * 60 + local.dt.minute(),
            "energy_wh": np.diff(interpolate(knots.seconds, knots.values, bounds)),
            "quality": np.where(
                _touches_gap(seconds, bounds, usual_gaps_s(read_at)), "estimated", "measured"
            ),
            "n_readings": np.diff(counted),
            "uncertainty_wh": uncertainty_wh(knots, starts, bounds[1:]),
        }
    ).cast(QUARTER_HOURS)


def without(quarter_hours: pl.DataFrame, spans: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """The quarter hours, but for those that lie wholly in a span (epoch seconds)."""
    start, end = (pl.col(name).dt.epoch("s") for name in ("start_at", "end_at"))
    return quarter_hours.filter(~pl.any_horizontal(False, *((start >= a) & (end <= b) for a, b in spans)))


def interval_day(quarter_hours: pl.DataFrame, knots: Knots) -> pl.DataFrame:
    """Energy, base load and peak of every local day.

    Args:
        quarter_hours: as `intervals_15min` gives them.
        knots: what they rest on.

    Returns:
        local_date, start_at and end_at, covered_s (what is known between them), energy_wh, estimated_wh,
        base_load_w (lowest mean power over four hours between 0 and 5 o'clock, all of them measured; null
        where there are none or the register is too coarse to tell it within MOST_BASE_LOAD_UNCERTAINTY_W),
        base_load_uncertainty_w (half width, 95 %), peak_w and peak_at (whole quarter hours; of a day without
        one, the clipped ones), uncertainty_wh (of energy_wh, half width, 95 %).
    """
    length_s = (pl.col("end_at") - pl.col("start_at")).dt.total_seconds()
    mean_w = (pl.col("energy_wh") * 3600 / pl.col("length_s")).round().cast(pl.Int64)
    whole = pl.col("length_s") == pl.col("length_s").max()
    peak_row = pl.col("mean_w").filter(whole).arg_max()
    days = (
        quarter_hours.with_columns(length_s=length_s)
        .with_columns(mean_w=mean_w)
        .group_by("local_date", maintain_order=True)
        .agg(
            pl.col("start_at").min(),
            pl.col("end_at").max(),
            pl.col("length_s").sum().cast(pl.Int32).alias("covered_s"),
            pl.col("energy_wh").sum(),
            pl.col("energy_wh").filter(pl.col("quality") == "estimated").sum().alias("estimated_wh"),
            pl.col("mean_w").filter(whole).max().alias("peak_w"),
            pl.col("start_at").filter(whole).get(peak_row).alias("peak_at"),
        )
    )
    return (
        _with_uncertainty(days, knots)
        .join(_base_loads(quarter_hours, knots), on="local_date", how="left")
        .sort("local_date")
    )


def _with_uncertainty(periods: pl.DataFrame, knots: Knots) -> pl.DataFrame:
    """Periods with start_at, end_at and the uncertainty of their energy."""
    if periods.is_empty():
        return periods.with_columns(uncertainty_wh=pl.lit(0, dtype=pl.Int64))
    bounds = [periods[name].dt.epoch("s").to_numpy().astype(np.int64) for name in ("start_at", "end_at")]
    return periods.with_columns(uncertainty_wh=pl.Series(uncertainty_wh(knots, *bounds), dtype=pl.Int64))


def _base_loads(quarter_hours: pl.DataFrame, knots: Knots) -> pl.DataFrame:
    """local_date, base_load_w and base_load_uncertainty_w of the nights that tell."""
    night = quarter_hours.filter(pl.col("local_minute") < NIGHT_END_MINUTE).sort("local_date", "start_at")
    quietest = (
        night.rolling("start_at", period=BASE_LOAD_WINDOW, offset="0s", closed="left", group_by="local_date")
        .agg(
            pl.col("end_at").max(),
            pl.col("energy_wh").sum(),
            (pl.col("end_at") - pl.col("start_at")).sum().alias("covered"),
            (pl.col("quality") == "estimated").any().alias("guessed"),
        )
        .filter((pl.col("covered") == BASE_LOAD_WINDOW) & ~pl.col("guessed"))
        .sort("local_date", "energy_wh", "start_at")
        .group_by("local_date", maintain_order=True)
        .first()
    )
    hours = BASE_LOAD_WINDOW / timedelta(hours=1)
    return (
        _with_uncertainty(quietest, knots)
        .select(
            "local_date",
            base_load_w=(pl.col("energy_wh") / hours).round().cast(pl.Int64),
            base_load_uncertainty_w=(pl.col("uncertainty_wh") / hours).ceil().cast(pl.Int64),
        )
        .filter(pl.col("base_load_uncertainty_w") <= MOST_BASE_LOAD_UNCERTAINTY_W)
    )


def _instants(seconds: NDArray[np.int64]) -> pl.Series:
    """UTC instants of epoch seconds."""
    return (
        pl.from_epoch(pl.Series(seconds, dtype=pl.Int64), "s")
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
    )


def _touches_gap(
    seconds: NDArray[np.int64], bounds: NDArray[np.int64], gaps_s: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which intervals overlap a distance between readings longer than its `gaps_s`."""
    long_before = np.concatenate([[0], np.cumsum(np.diff(seconds) > gaps_s)])
    first = np.searchsorted(seconds, bounds[:-1], side="right") - 1
    last = np.searchsorted(seconds, bounds[1:], side="left")
    touches: NDArray[np.bool_] = long_before[last] > long_before[first]
    return touches
