"""Decoding a long series window by window: as much memory as one window needs, however long the series is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.decoding import Decoded, decode
from tasks.metering.habits import Habits, learn
from tasks.metering.register import Register
from tasks.metering.stretch import Break, ProposedExchange

WINDOW = 20_000
LEARNED_FROM = 6000
# Accepted readings that a window shares with the one before it, and pictures it sees of the next.
CONTEXT, OUTLOOK = 48, 200
NO_READINGS = pl.DataFrame(
    schema={
        "taken_at": pl.Datetime("us", "UTC"),
        "value": pl.Int64(),
        "quality": pl.String(),
        "reason": pl.String(),
        "log_odds": pl.Float64(),
        "settled": pl.Boolean(),
        "low": pl.Int64(),
        "high": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a reader saw: taken_at (UTC instants, ascending), candidates and probabilities by rank."""

    taken_at: pl.Series
    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def seconds(self) -> NDArray[np.int64]:
        """Epoch seconds."""
        return self.taken_at.dt.epoch("s").to_numpy().astype(np.int64)

    def hours(self, timezone: str) -> NDArray[np.int64]:
        """Local hours of the day."""
        return self.taken_at.dt.convert_time_zone(timezone).dt.hour().to_numpy().astype(np.int64)


@dataclass(frozen=True, slots=True)
class WindowReadings:
    """Decoded pictures (columns as NO_READINGS) and what looks like an exchanged meter."""

    readings: pl.DataFrame
    exchange: ProposedExchange | None


def pictures_of(rows: pl.DataFrame) -> Pictures:
    """Candidate rows (taken_at, rank, value, probability) as matrices; ranks are sorted, gaps closed."""
    grouped = (
        rows.sort("taken_at", "rank", nulls_last=True)
        .group_by("taken_at", maintain_order=True)
        .agg("value", "probability")
    )
    width = max([1, *grouped["value"].list.len()])

    def matrix(column: str, absent: float) -> NDArray[np.float64]:
        ranked = [grouped[column].list.get(k, null_on_oob=True).fill_null(absent) for k in range(width)]
        return np.stack([one.to_numpy() for one in ranked], axis=1).astype(np.float64)

    return Pictures(grouped["taken_at"], matrix("value", -1).astype(np.int64), matrix("probability", 0.0))


def learn_from(pictures: Pictures, register: Register, timezone: str, breaks: Sequence[Break] = ()) -> Habits:
    """Habits from the first pictures of a series, decoded without any."""
    taken = pictures.seconds, pictures.candidates, pictures.probabilities
    known = decode(*taken, register, breaks=breaks)
    settled = np.where((known.rank > 0) & known.settled, known.value_units, -1)
    return learn(taken[0], pictures.hours(timezone), settled, taken[1], taken[2], register=register)


def decode_windows(
    instants: pl.Series,
    read: Callable[[object, object], pl.DataFrame],
    register: Register,
    *,
    timezone: str = "UTC",
    breaks: Sequence[Break] = (),
    window: int = WINDOW,
) -> Iterator[WindowReadings]:
    """The readings of a series, window by window.

    Each window begins at a reading of the one before, CONTEXT accepted ones back, which stands; and it looks
    OUTLOOK pictures ahead, so that those at its end are settled by later ones.

    Args:
        instants: taken_at of all pictures, ascending, each once.
        read: gives the candidate rows of the pictures from one instant to another, both included.
        register: the counter they show.
        timezone: IANA name; habits go by its hours.
        breaks: known jumps of the register.
        window: pictures decided at a time.
    """
    count = instants.len()
    if not count:
        return
    habits = learn_from(
        pictures_of(read(instants[0], instants[min(count, LEARNED_FROM) - 1])), register, timezone, breaks
    )
    begin, anchor = 0, None
    for start in range(0, count, window):
        stop = min(start + window, count)
        pictures = pictures_of(read(instants[begin], instants[min(stop + OUTLOOK, count) - 1]))
        decoded = decode(
            pictures.seconds,
            pictures.candidates,
            pictures.probabilities,
            register,
            anchor=anchor,
            breaks=breaks,
            habits=habits,
            hours=pictures.hours(timezone),
        )
        yield WindowReadings(_frame(pictures, decoded).slice(start - begin, stop - start), decoded.exchange)
        accepted = np.flatnonzero((decoded.rank > 0) & decoded.settled)
        accepted = accepted[accepted < stop - begin]
        if accepted.size:
            row = int(accepted[-min(CONTEXT, accepted.size)])
            anchor = (int(pictures.seconds[row]), int(decoded.value_units[row]))
            begin += row + 1
        else:
            begin = stop


def _frame(pictures: Pictures, decoded: Decoded) -> pl.DataFrame:
    """The decoded pictures as rows."""
    columns = {"value": decoded.value_units, "low": decoded.low_units, "high": decoded.high_units}
    known = {
        name: pl.Series(units, dtype=pl.Int64).set(pl.Series(units < 0), None)
        for name, units in columns.items()
    }
    odds = pl.Series(np.where(np.isfinite(decoded.log_odds), decoded.log_odds, np.nan)).fill_nan(None)
    return pl.DataFrame(
        {
            "taken_at": pictures.taken_at,
            "value": known["value"],
            "quality": [str(quality) for quality in decoded.quality],
            "reason": [reason and str(reason) for reason in decoded.reason],
            "log_odds": odds,
            "settled": decoded.settled,
            "low": known["low"],
            "high": known["high"],
        },
        schema=NO_READINGS.schema,
    )
