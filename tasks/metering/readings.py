"""From recognitions to register readings, and from readings to interval data: frames in, frames out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.cumulative import cumulative, unknown_spans, with_told_jumps
from tasks.metering.decoding import Decoded, decode
from tasks.metering.events import RegisterEvent, break_of
from tasks.metering.habits import Habits, learn
from tasks.metering.intervals import interval_day, intervals_15min, without
from tasks.metering.knots import Interpolation, knots_of, with_readings
from tasks.metering.register import Register
from tasks.metering.stretch import ProposedExchange

READ = ("measured", "repaired", "manual")


@dataclass(frozen=True, slots=True)
class DecodedSeries:
    """A register's readings, ready to be saved.

    Args:
        readings: register_id, picture_key, read_at, value_wh (null where rejected), quality, reason,
            recognised_text (of the best candidate), probability, log_odds, settled, recognised_at, low_wh and
            high_wh (bounds of an estimated reading, else null), tenth (null but where the best candidate was
            accepted).
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
    window: pl.DataFrame,
    register: Register,
    *,
    anchor: tuple[datetime, int] | None = None,
    events: Sequence[RegisterEvent] = (),
    habits: Habits | None = None,
    timezone: str = "UTC",
) -> DecodedSeries:
    """The most likely readings of a register's recognitions.

    Args:
        window: picture_key, taken_at (UTC), recognised_at, reason, and by rank the lists texts, value_units
            and probabilities; in any order. Optional: manual_wh (what a person read), tenth (of the last
            drum's turn, 0 to 9).
        register: the counter the pictures show.
        anchor: read_at and value_wh of a settled reading before the window.
        events: what happened to the register.
        habits: what its settled readings taught (see `learn_habits`).
        timezone: IANA name; the habits go by its hours.
    """
    ordered = window.sort("taken_at", "picture_key")
    values, probabilities = _matrix(ordered["value_units"], -1), _matrix(ordered["probabilities"], 0.0)
    decoded = decode(
        _seconds(ordered["taken_at"]),
        values.astype(np.int64),
        probabilities,
        register,
        reasons=ordered["reason"].to_list(),
        anchor=None if anchor is None else (int(anchor[0].timestamp()), anchor[1] // register.unit_wh),
        pins=_pins(ordered, register),
        breaks=[break_of(event, register) for event in events],
        habits=habits,
        hours=_hours(ordered["taken_at"], timezone),
    )
    return DecodedSeries(_readings(ordered, decoded, probabilities, register), decoded.exchange)


def learn_habits(window: pl.DataFrame, readings: pl.DataFrame, register: Register, timezone: str) -> Habits:
    """What a register's settled readings teach.

    Args:
        window: their recognitions, as `decode_readings` takes them.
        readings: picture_key, value_wh, quality, settled, as it gives them; others than settled ones are
            left out, and so are those that no picture shows.
        register: the counter.
        timezone: IANA name of the meter's local time.
    """
    settled = readings.filter(pl.col("settled")).select(
        "picture_key", "value_wh", pl.col("quality").cast(pl.String)
    )
    known = window.join(settled, on="picture_key").sort("taken_at", "picture_key")
    read = pl.when(pl.col("quality").is_in(READ)).then(pl.col("value_wh") // register.unit_wh).otherwise(-1)
    return learn(
        _seconds(known["taken_at"]),
        _hours(known["taken_at"], timezone),
        known.select(read.fill_null(-1).cast(pl.Int64).alias("units"))["units"].to_numpy(),
        _matrix(known["value_units"], -1).astype(np.int64),
        _matrix(known["probabilities"], 0.0),
        register=register,
    )


def derive_intervals(
    readings: pl.DataFrame,
    register: Register,
    timezone: str,
    *,
    since: datetime | None = None,
    events: Sequence[RegisterEvent] = (),
    interpolation: Interpolation = Interpolation.LINEAR,
) -> IntervalData:
    """Interval data of readings.

    Args:
        readings: read_at, value_wh and what else `cumulative` takes; with `since`, from the last reading
            before it on (with TICKS, from two before `TICK_REACH` before it).
        register: tells rollovers from falls.
        timezone: IANA name of the meter's local time.
        since: a local midnight; what lies before it only helps to interpolate and is left out.
        events: what happened to the register.
        interpolation: see `choose_interpolation`.
    """
    events = with_told_jumps(readings, register, events)
    series = cumulative(readings, register, events)
    unknown = unknown_spans(series, events)
    knots = with_readings(knots_of(series, register, interpolation), series, unknown)
    quarter_hours = without(intervals_15min(series["read_at"], knots, timezone), unknown)
    if since is not None:
        quarter_hours = quarter_hours.filter(pl.col("start_at") >= since)
    return IntervalData(quarter_hours, interval_day(quarter_hours, knots))


def _matrix(lists: pl.Series, absent: float) -> NDArray[np.float64]:
    """Lists of different lengths as one matrix [N, K], filled up with `absent`."""
    width = max([1, *lists.list.len()])
    padded = [lists.list.get(k, null_on_oob=True).fill_null(absent).to_numpy() for k in range(width)]
    return np.stack(padded, axis=1).astype(np.float64) if lists.len() else np.full((0, width), absent)


def _seconds(instants: pl.Series) -> NDArray[np.int64]:
    """Epoch seconds."""
    return instants.dt.epoch("s").to_numpy().astype(np.int64)


def _hours(instants: pl.Series, timezone: str) -> NDArray[np.int64]:
    """Local hours of the day."""
    return instants.dt.convert_time_zone(timezone).dt.hour().to_numpy().astype(np.int64)


def _pins(window: pl.DataFrame, register: Register) -> NDArray[np.int64]:
    """What a person read, in units; -1 elsewhere."""
    if "manual_wh" not in window.columns:
        return np.full(window.height, -1, dtype=np.int64)
    units = (window["manual_wh"].cast(pl.Int64) // register.unit_wh) % register.span_units
    return units.fill_null(-1).to_numpy().astype(np.int64)


def _readings(
    window: pl.DataFrame, decoded: Decoded, probabilities: NDArray[np.float64], register: Register
) -> pl.DataFrame:
    """The decoded window as rows."""
    given, read = pl.Series(decoded.value_units >= 0), pl.Series(decoded.rank > 0)
    chosen = probabilities[np.arange(window.height), np.maximum(decoded.rank - 1, 0)]
    tenth = pl.col("tenth").cast(pl.Int64) if "tenth" in window.columns else pl.lit(None, dtype=pl.Int64)
    bounded = pl.Series(decoded.low_units >= 0)
    in_wh = {
        name: pl.Series(units * register.unit_wh, dtype=pl.Int64)
        for name, units in (
            ("value_wh", decoded.value_units),
            ("low_wh", decoded.low_units),
            ("high_wh", decoded.high_units),
        )
    }
    return window.select(
        pl.lit(register.register_id).alias("register_id"),
        "picture_key",
        pl.col("taken_at").alias("read_at"),
        pl.when(given).then(in_wh["value_wh"]).alias("value_wh"),
        pl.Series("quality", [str(q) for q in decoded.quality], dtype=pl.String),
        pl.Series("reason", [r and str(r) for r in decoded.reason], dtype=pl.String),
        pl.col("texts").list.first().cast(pl.String).alias("recognised_text"),
        pl.when(read).then(pl.Series(chosen, dtype=pl.Float64)).alias("probability"),
        pl.Series("log_odds", np.where(np.isfinite(decoded.log_odds), decoded.log_odds, np.nan)).fill_nan(
            None
        ),
        pl.Series("settled", decoded.settled, dtype=pl.Boolean),
        "recognised_at",
        pl.when(bounded).then(in_wh["low_wh"]).alias("low_wh"),
        pl.when(bounded).then(in_wh["high_wh"]).alias("high_wh"),
        pl.when(pl.Series(decoded.rank == 1)).then(tenth).alias("tenth"),
    )
