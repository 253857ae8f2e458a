"""From recognitions to register readings, and from readings to interval data: frames in, frames out."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.decoding import Decoded, ProposedExchange, decode
from tasks.metering.intervals import cumulative, interval_day, intervals_15min, usual_gap
from tasks.metering.register import Register


@dataclass(frozen=True, slots=True)
class DecodedSeries:
    """A register's readings, ready to be saved.

    Args:
        readings: register_id, picture_key, read_at, value_wh (null where rejected), quality, reason,
            recognised_text (of the best candidate), probability, log_odds, settled, recognised_at.
        exchange: a break that only a person can explain, or None.
    """

    readings: pl.DataFrame
    exchange: ProposedExchange | None


@dataclass(frozen=True, slots=True)
class IntervalData:
    """Interval data of a register: `quarter_hours` and `days`, as `intervals` gives them."""

    quarter_hours: pl.DataFrame
    days: pl.DataFrame


def decode_readings(
    window: pl.DataFrame, register: Register, *, anchor: tuple[datetime, int] | None = None
) -> DecodedSeries:
    """The most likely readings of a register's recognitions.

    Args:
        window: picture_key, taken_at (UTC), recognised_at, reason, and by rank the lists texts, value_units
            and probabilities; in any order.
        register: the counter the pictures show.
        anchor: read_at and value_wh of a settled reading before the window.
    """
    ordered = window.sort("taken_at", "picture_key")
    values, probabilities = _matrix(ordered["value_units"], -1), _matrix(ordered["probabilities"], 0.0)
    decoded = decode(
        ordered["taken_at"].dt.epoch("s").to_numpy().astype(np.int64),
        values.astype(np.int64),
        probabilities,
        register,
        reasons=ordered["reason"].to_list(),
        anchor=None if anchor is None else (int(anchor[0].timestamp()), anchor[1] // register.unit_wh),
    )
    return DecodedSeries(_readings(ordered, decoded, probabilities, register), decoded.exchange)


def derive_intervals(
    readings: pl.DataFrame, register: Register, timezone: str, *, since: datetime | None = None
) -> IntervalData:
    """Interval data of accepted readings.

    Args:
        readings: read_at, value_wh; with `since`, from the last reading before it on.
        register: tells rollovers from falls.
        timezone: IANA name of the meter's local time.
        since: a local midnight; what lies before it only helps to interpolate and is left out.
    """
    series = cumulative(readings, register)
    gap = usual_gap(series["read_at"])
    quarter_hours = intervals_15min(series["read_at"], series["value_wh"], timezone, max_gap=gap)
    if since is not None:
        quarter_hours = quarter_hours.filter(pl.col("start_at") >= since)
    return IntervalData(quarter_hours, interval_day(quarter_hours))


def _matrix(lists: pl.Series, absent: float) -> NDArray[np.float64]:
    """Lists of different lengths as one matrix [N, K], filled up with `absent`."""
    width = max([1, *lists.list.len()])
    padded = [lists.list.get(k, null_on_oob=True).fill_null(absent).to_numpy() for k in range(width)]
    return np.stack(padded, axis=1).astype(np.float64) if lists.len() else np.full((0, width), absent)


def _readings(
    window: pl.DataFrame, decoded: Decoded, probabilities: NDArray[np.float64], register: Register
) -> pl.DataFrame:
    """The decoded window as rows."""
    accepted = decoded.value_units >= 0
    chosen = probabilities[np.arange(len(accepted)), np.maximum(decoded.rank - 1, 0)]
    value_wh = pl.Series(decoded.value_units * register.unit_wh, dtype=pl.Int64)
    return window.select(
        pl.lit(register.register_id).alias("register_id"),
        "picture_key",
        pl.col("taken_at").alias("read_at"),
        pl.when(pl.Series(accepted)).then(value_wh).alias("value_wh"),
        pl.Series("quality", [str(q) for q in decoded.quality], dtype=pl.String),
        pl.Series("reason", [r and str(r) for r in decoded.reason], dtype=pl.String),
        pl.col("texts").list.first().cast(pl.String).alias("recognised_text"),
        pl.when(pl.Series(accepted)).then(pl.Series(chosen, dtype=pl.Float64)).alias("probability"),
        pl.Series("log_odds", decoded.log_odds, dtype=pl.Float64).fill_nan(None),
        pl.Series("settled", decoded.settled, dtype=pl.Boolean),
        "recognised_at",
    )
