"""One count that never starts anew: readings across rollovers, exchanges, resets and offsets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.events import EventKind, RegisterEvent
from tasks.metering.intervals import usual_gaps_s
from tasks.metering.power_prior import TOLERANCE_UNITS, may_follow
from tasks.metering.register import SECONDS_PER_HOUR, Register
from tasks.metering.told import contradicting_rows

NO_READING = ("rejected", "estimated")
# The register with the finest drum that a tenth of a step still moves by whole Wh.
TENTHS_FROM_WH = 10


def cumulative(
    readings: pl.DataFrame, register: Register, events: Sequence[RegisterEvent] = ()
) -> pl.DataFrame:
    """Readings that never fall: rollovers unrolled, jumps bridged, small falls held at the highest value.

    A fall of one unit is tolerated when decoding (the last drum between two digits) and a person may set a
    lower value; neither may make later consumption negative, but on a register that runs backwards. One
    reading a second remains.

    Args:
        readings: read_at (UTC), value_wh; readings in any order. Optional: quality (rejected and estimated
            ones are left out), tenth (of the last drum's turn; the value is the nearest number).
        register: tells a rollover (possible within its maximum power) from a fall.
        events: what happened to the register, and `with_told_jumps`; across one, only the energy before and
            after it counts, and none where nobody says what the count was in a long gap (see
            `unknown_spans`).

    Returns:
        read_at (whole seconds), value_wh (cumulative), ascending.
    """
    if "quality" in readings.columns:
        readings = readings.filter(~pl.col("quality").cast(pl.String).is_in(NO_READING))
    ordered = _with_events(readings, register, events)
    values, seconds = ordered["value_wh"].to_numpy(), ordered["read_at"].dt.epoch("s").to_numpy()
    steps = _steps(values, seconds, register)
    steps[ordered["jump"].to_numpy()[1:]] = 0
    for unseen in _unseen_jumps(ordered, steps, register):
        steps[unseen] = 0
    start = values[:1]
    unrolled = np.concatenate([start, start + np.cumsum(steps)]) if start.size else start
    count = unrolled if register.runs_backwards else np.maximum.accumulate(unrolled)
    return (
        ordered.select("read_at", "shown", value_wh=pl.Series(count, dtype=pl.Int64))
        .filter("shown")
        .drop("shown")
        .group_by("read_at", maintain_order=True)
        .last()
    )


def with_told_jumps(
    readings: pl.DataFrame, register: Register, events: Sequence[RegisterEvent] = ()
) -> tuple[RegisterEvent, ...]:
    """The events, and a jump onto each reading of a person that can't have followed the one before it.

    What was used until then nobody knows. Where decoding finds such a reading, it asks (see `decode`). Nor
    does an old meter's last reading count that can't have followed.

    Args:
        readings: read_at, value_wh and, where people may have set some, quality.
        register: what may follow what.
        events: what is known to have happened to it; across one, any reading may follow.
    """
    if "quality" not in readings.columns:
        return tuple(events)
    quality = pl.col("quality").cast(pl.String)
    shown = (
        readings.filter(~quality.is_in(NO_READING))
        .select(pl.col("read_at").dt.truncate("1s"), "value_wh", told=quality == "manual")
        .sort("read_at", "value_wh")
    )
    seconds, values = shown["read_at"].dt.epoch("s").to_numpy(), shown["value_wh"].to_numpy()
    at_s = [int(event.at.timestamp()) for event in events]
    units = values // register.unit_wh
    doubted = contradicting_rows(seconds, units, shown["told"].to_numpy(), at_s, register)
    jumps = [RegisterEvent(EventKind.EXCHANGE, at) for at in shown["read_at"].gather(doubted)]
    before = (np.searchsorted(seconds, at_s) - 1).tolist()
    known = [
        event
        if row < 0 or before.count(row) > 1 or _follows(event, at, seconds[row], values[row], register)
        else replace(event, last_wh=None)
        for event, at, row in zip(events, at_s, before, strict=True)
    ]
    return (*known, *jumps)


def _follows(event: RegisterEvent, at_s: int, before_s: int, before_wh: int, register: Register) -> bool:
    """Whether what the old count is said to have been can have followed the reading before the event."""
    elapsed = timedelta(seconds=at_s - int(before_s))
    return event.last_wh is None or may_follow(int(before_wh), event.last_wh, elapsed, register)


def unknown_spans(series: pl.DataFrame, events: Sequence[RegisterEvent]) -> list[tuple[int, int]]:
    """From which reading to which nobody knows what was used: it jumped, and the count stands still.

    Args:
        series: read_at, value_wh, as `cumulative` gives them.
        events: what happened to the register.

    Returns:
        Epoch seconds of the readings on both sides, of distances longer than the usual one.
    """
    seconds, values = series["read_at"].dt.epoch("s").to_numpy(), series["value_wh"].to_numpy()
    gaps_s = usual_gaps_s(series["read_at"])
    after = {int(np.searchsorted(seconds, int(event.at.timestamp()))) for event in events}
    return [
        (int(seconds[k - 1]), int(seconds[k]))
        for k in sorted(after)
        if 0 < k < len(seconds) and values[k] == values[k - 1] and seconds[k] - seconds[k - 1] > gaps_s[k - 1]
    ]


def counted_wh(readings: pl.DataFrame, register: Register, events: Sequence[RegisterEvent] = ()) -> int:
    """Last minus first reading, rollovers and jumps included: what the intervals add up to."""
    count = cumulative(readings, register, with_told_jumps(readings, register, events))["value_wh"]
    return int(count[-1] - count[0]) if count.len() else 0


def _with_events(readings: pl.DataFrame, register: Register, events: Sequence[RegisterEvent]) -> pl.DataFrame:
    """read_at, value_wh, jump (no energy to get there), shown (a picture does): ascending."""
    tenth = pl.lit(0)
    if "tenth" in readings.columns and register.unit_wh >= TENTHS_FROM_WH:
        turn = pl.col("tenth").cast(pl.Int64).fill_null(0)
        tenth = (turn - pl.when(turn >= 5).then(10).otherwise(0)) * (register.unit_wh // 10)  # noqa: PLR2004
    shown = readings.select(
        pl.col("read_at").dt.truncate("1s"),
        pl.col("value_wh").cast(pl.Int64) + tenth,
        jump=pl.lit(False),
        shown=pl.lit(True),
        place=pl.lit(2),
    )
    if not events or not readings.height:
        return shown.sort("read_at", "value_wh")
    first, last = shown["read_at"].min(), shown["read_at"].max()
    rows = [
        (event.at.replace(microsecond=0), value, jump, False, place)
        for event in events
        for value, jump, place in ((event.last_wh, False, 0), (event.first_wh, True, 1))
        if value is not None
    ]
    known = pl.DataFrame(rows, schema=shown.schema, orient="row") if rows else shown.clear()
    joined = pl.concat([shown, known.filter(pl.col("read_at").is_between(first, last))])
    ordered = joined.sort("read_at", "place", "value_wh")
    # The first reading of the new count is a jump even when nobody knows where it began.
    for event in events:
        if event.first_wh is None:
            before = pl.col("read_at") < event.at.replace(microsecond=0)
            old = before | ((pl.col("read_at") == event.at.replace(microsecond=0)) & ~pl.col("shown"))
            row = pl.int_range(pl.len()) == old.sum()
            ordered = ordered.with_columns(jump=pl.col("jump") | row)
    return ordered


def _unseen_jumps(ordered: pl.DataFrame, steps: NDArray[np.int64], register: Register) -> list[slice]:
    """The steps between two pictures far apart with a jump between them, that come to a unit at most.

    Who confirms a jump with the numbers on its two pictures says nothing of the time between them.
    """
    shown = np.flatnonzero(ordered["shown"].to_numpy())
    seconds, jump = ordered["read_at"].dt.epoch("s").to_numpy(), ordered["jump"].to_numpy()
    gaps_s = usual_gaps_s(ordered.filter("shown")["read_at"])
    return [
        slice(before, after)
        for (before, after), gap_s in zip(pairwise(shown), gaps_s, strict=True)
        if jump[before + 1 : after + 1].any()
        and seconds[after] - seconds[before] > gap_s
        and abs(int(steps[before:after].sum())) <= register.unit_wh
    ]


def _steps(values: NDArray[np.int64], seconds: NDArray[np.int64], register: Register) -> NDArray[np.int64]:
    """Energy between neighbours: forward as far as the fuses allow, else the shortest way."""
    steps = np.diff(values)
    tolerance_wh = TOLERANCE_UNITS * register.unit_wh
    forward = (steps + tolerance_wh) % register.span_wh - tolerance_wh
    ceiling_wh = register.max_power_w * np.diff(seconds) // SECONDS_PER_HOUR + 1 + 2 * tolerance_wh
    shortest = (steps + register.span_wh // 2) % register.span_wh - register.span_wh // 2
    if register.runs_backwards:
        return shortest
    energy: NDArray[np.int64] = np.where(forward <= ceiling_wh, forward, shortest)
    return energy
