"""Interval data: the energy of every quarter hour and local day, exact to the last Wh."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.power_prior import TOLERANCE_UNITS
from tasks.metering.register import Register

INTERVAL_S = 900
SHORTEST_GAP = timedelta(minutes=30)
# Quarter hours drawn from readings further apart are an estimate, however rarely pictures are taken.
LONGEST_USUAL_GAP = timedelta(hours=3)
NIGHT_END_MINUTE = 300
NIGHT_COVERED_S = 3 * 3600
BASE_LOAD_QUANTILE = 0.10

QUARTER_HOURS = pl.Schema(
    {
        "start_at": pl.Datetime("us", "UTC"),
        "end_at": pl.Datetime("us", "UTC"),
        "local_date": pl.Date(),
        "local_minute": pl.UInt16(),
        "energy_wh": pl.Int64(),
        "quality": pl.String(),
        "n_readings": pl.UInt32(),
    }
)


def cumulative(readings: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Readings that never fall: rollovers unrolled, small falls held at the highest value so far.

    A fall of one unit is tolerated when decoding (the last drum between two digits) and a person may set a
    lower value; neither may make later consumption negative. One reading a second remains.

    Args:
        readings: read_at (UTC), value_wh; accepted readings in any order.
        register: tells a rollover (possible within its maximum power) from a fall.

    Returns:
        read_at (whole seconds), value_wh (cumulative), ascending.
    """
    ordered = readings.select(pl.col("read_at").dt.truncate("1s"), pl.col("value_wh").cast(pl.Int64)).sort(
        "read_at", "value_wh"
    )
    seconds = ordered["read_at"].dt.epoch("s").to_numpy()
    steps = np.diff(ordered["value_wh"].to_numpy())
    tolerance_wh = TOLERANCE_UNITS * register.unit_wh
    forward = (steps + tolerance_wh) % register.span_wh - tolerance_wh
    ceiling_wh = register.max_power_w * np.diff(seconds) // 3600 + 1 + 2 * tolerance_wh
    shortest = (steps + register.span_wh // 2) % register.span_wh - register.span_wh // 2
    steps = np.where(forward <= ceiling_wh, forward, shortest)
    start = ordered["value_wh"].head(1).to_numpy()
    unrolled = np.concatenate([start, start + np.cumsum(steps)]) if start.size else start
    return (
        ordered.with_columns(value_wh=pl.Series(np.maximum.accumulate(unrolled), dtype=pl.Int64))
        .group_by("read_at", maintain_order=True)
        .last()
    )


def usual_gap(read_at: pl.Series) -> timedelta:
    """The longest usual distance between readings: twice the median, from 30 minutes to 3 hours."""
    distance = read_at.diff().drop_nulls().median()
    if not isinstance(distance, timedelta):
        return SHORTEST_GAP
    return min(max(SHORTEST_GAP, 2 * distance), LONGEST_USUAL_GAP)


def intervals_15min(
    read_at: pl.Series, value_wh: pl.Series, timezone: str, *, max_gap: timedelta | None = None
) -> pl.DataFrame:
    """The energy of every quarter hour between the first and the last reading, which clip the outer two.

    The register is interpolated linearly and rounded to whole Wh at every boundary, so the energies add up to
    last minus first exactly. A quarter hour that touches a longer gap than `max_gap` is `estimated`.

    Args:
        read_at: Datetime UTC, strictly ascending whole seconds.
        value_wh: Int64, never falling (see `cumulative`).
        timezone: IANA name that decides `local_date` and `local_minute` (start of the quarter hour).
        max_gap: default `usual_gap(read_at)`.

    Returns:
        start_at, end_at, local_date, local_minute, energy_wh, quality, n_readings (those in [start, end));
        empty with fewer than two readings.
    """
    if read_at.len() <= 1:
        return pl.DataFrame(schema=QUARTER_HOURS)
    seconds = read_at.dt.epoch("s").to_numpy().astype(np.int64)
    values = value_wh.cast(pl.Int64).to_numpy()
    grid = np.arange(seconds[0] // INTERVAL_S + 1, -(-seconds[-1] // INTERVAL_S)) * INTERVAL_S
    bounds = np.concatenate([seconds[:1], grid, seconds[-1:]])
    gap_s = int((max_gap or usual_gap(read_at)).total_seconds())
    counted = np.searchsorted(seconds, bounds, side="left")
    starts = bounds[:-1]
    local = _instants(starts // INTERVAL_S * INTERVAL_S).dt.convert_time_zone(timezone)
    return pl.DataFrame(
        {
            "start_at": _instants(starts),
            "end_at": _instants(bounds[1:]),
            "local_date": local.dt.date(),
            "local_minute": local.dt.hour().cast(pl.UInt16) * 60 + local.dt.minute(),
            "energy_wh": np.diff(interpolate(seconds, values, bounds)),
            "quality": np.where(_touches_gap(seconds, bounds, gap_s), "estimated", "measured"),
            "n_readings": np.diff(counted),
        }
    ).cast(QUARTER_HOURS)


def interpolate(
    seconds: NDArray[np.int64], values: NDArray[np.int64], at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The register at other instants inside the series, rounded to whole Wh, without floating point."""
    k = np.clip(np.searchsorted(seconds, at, side="right") - 1, 0, len(seconds) - 2)
    length = seconds[k + 1] - seconds[k]
    elapsed = at - seconds[k]
    whole, rest = np.divmod(values[k + 1] - values[k], length)
    between: NDArray[np.int64] = values[k] + whole * elapsed + (2 * rest * elapsed + length) // (2 * length)
    return between


def interval_day(quarter_hours: pl.DataFrame) -> pl.DataFrame:
    """Energy, base load and peak of every local day.

    Args:
        quarter_hours: as `intervals_15min` gives them.

    Returns:
        local_date, start_at and end_at (what the readings cover), energy_wh, estimated_wh, base_load_w (10 %
        quantile of the measured quarter hours from 0 to 5 h; null below 3 h of them), peak_w and peak_at
        (whole quarter hours; of a day without one, the clipped ones).
    """
    length_s = (pl.col("end_at") - pl.col("start_at")).dt.total_seconds()
    mean_w = (pl.col("energy_wh") * 3600 / pl.col("length_s")).round().cast(pl.Int64)
    estimated = pl.col("quality") == "estimated"
    night = (pl.col("local_minute") < NIGHT_END_MINUTE) & ~estimated
    base_load_w = pl.col("mean_w").filter(night).quantile(BASE_LOAD_QUANTILE, "linear").round().cast(pl.Int64)
    night_s = pl.col("length_s").filter(night).sum()
    whole = pl.col("length_s") == pl.col("length_s").max()
    peak_row = pl.col("mean_w").filter(whole).arg_max()
    return (
        quarter_hours.with_columns(length_s=length_s)
        .with_columns(mean_w=mean_w)
        .group_by("local_date", maintain_order=True)
        .agg(
            pl.col("start_at").min(),
            pl.col("end_at").max(),
            pl.col("energy_wh").sum(),
            pl.col("energy_wh").filter(estimated).sum().alias("estimated_wh"),
            pl.when(night_s >= NIGHT_COVERED_S).then(base_load_w).alias("base_load_w"),
            pl.col("mean_w").filter(whole).max().alias("peak_w"),
            pl.col("start_at").filter(whole).get(peak_row).alias("peak_at"),
        )
        .sort("local_date")
    )


def _instants(seconds: NDArray[np.int64]) -> pl.Series:
    """UTC instants of epoch seconds."""
    return (
        pl.from_epoch(pl.Series(seconds, dtype=pl.Int64), "s")
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
    )


def _touches_gap(seconds: NDArray[np.int64], bounds: NDArray[np.int64], gap_s: int) -> NDArray[np.bool_]:
    """Which intervals overlap a distance between readings longer than `gap_s`."""
    long_before = np.concatenate([[0], np.cumsum(np.diff(seconds) > gap_s)])
    first = np.searchsorted(seconds, bounds[:-1], side="right") - 1
    last = np.searchsorted(seconds, bounds[1:], side="left")
    touches: NDArray[np.bool_] = long_before[last] > long_before[first]
    return touches
