"""Where the register stood between its readings, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.register import Register

# A drum whose step lasts some minutes at 400 W shows nothing of a quarter hour but its ticks.
TICKS_FROM_WH = 50
# A tick says how the power was since the last one, but not over more than this.
TICK_REACH = timedelta(hours=48)
# Half widths (95 %), found on simulated households: of the drum's place behind its glass in units, of a tick
# in the time between its two pictures, of the energy between two knots.
DRUM_SHARE, TICK_SHARE, PATH_SHARE = 0.8, 0.5, 0.25
# A single step that takes hours may have been used in a few minutes of them: PATH_SHARE grows to BURST_SHARE.
BURST_SHARE, BURSTS_FROM_S, BURSTS_AT_S = 0.55, 4 * 3600, 9 * 3600


class Interpolation(StrEnum):
    """How the register is taken to move between readings."""

    LINEAR = "linear"
    """Evenly from reading to reading."""
    TICKS = "ticks"
    """Evenly from one advance of the last drum to the next, each midway between its two pictures."""


@dataclass(frozen=True, slots=True)
class Knots:
    """Instants at which the register's count is known or inferred, ascending.

    Args:
        seconds: int64[M].
        values: int64[M], Wh.
        spread_wh: float64[M], half width (95 %) of the count at a knot.
        unit_wh: one step of the last drum.
    """

    seconds: NDArray[np.int64]
    values: NDArray[np.int64]
    spread_wh: NDArray[np.float64]
    unit_wh: int


def choose_interpolation(register: Register) -> tuple[Interpolation, str]:
    """How a register is interpolated, and the sentence that explains it."""
    if register.unit_wh >= TICKS_FROM_WH and not register.runs_backwards:
        return Interpolation.TICKS, (
            f"The last drum moves in steps of {register.unit_wh} Wh, about what a quarter hour uses, so "
            "power is worked out from the moments at which it advanced."
        )
    if register.runs_backwards:
        return (
            Interpolation.LINEAR,
            "The register runs both ways, so power is worked out from reading to reading.",
        )
    return Interpolation.LINEAR, (
        f"The last drum moves in steps of {register.unit_wh} Wh, so power is worked out from reading to "
        "reading."
    )


def knots_of(
    series: pl.DataFrame, register: Register, interpolation: Interpolation = Interpolation.LINEAR
) -> Knots:
    """The knots of a cumulative register.

    Args:
        series: read_at (whole seconds), value_wh, as `cumulative` gives them.
        register: its unit.
        interpolation: with TICKS, n units between two pictures are n ticks, evenly spread between them.
    """
    seconds = series["read_at"].dt.epoch("s").to_numpy().astype(np.int64)
    values, unit = series["value_wh"].to_numpy(), register.unit_wh
    if interpolation is Interpolation.LINEAR or len(seconds) <= 1:
        return Knots(seconds, values, np.full(len(seconds), DRUM_SHARE * unit), unit)
    return _ticks(seconds, values, unit)


def _ticks(seconds: NDArray[np.int64], values: NDArray[np.int64], unit: int) -> Knots:
    """The first reading, every tick, and the last reading."""
    reach_s = int(TICK_REACH.total_seconds())
    ticked = np.flatnonzero(np.diff(values) > 0) + 1
    advance = values[ticked] - values[ticked - 1]
    half = (seconds[ticked] - seconds[ticked - 1]) * unit / (2.0 * np.maximum(advance, unit))
    first = np.rint(seconds[ticked - 1] + half).astype(np.int64)
    last = np.rint(seconds[ticked] - half).astype(np.int64)
    quiet = np.flatnonzero(first - np.concatenate([seconds[:1], last[:-1]]) > reach_s)
    at = np.concatenate([first[quiet] - reach_s, first, last])
    before = values[ticked - 1]
    count = np.concatenate([before[quiet], before + np.minimum(unit, advance), values[ticked]])
    # A tick lies somewhere between its two pictures: as much energy as the register used meanwhile.
    around = np.diff(np.concatenate([seconds[:1], last, seconds[-1:]]))
    counted = np.append(advance, values[-1] - values[ticked[-1]] if ticked.size else 0)
    rate = counted / np.maximum(around, 1)
    loose = TICK_SHARE * np.minimum(np.maximum(rate[:-1], rate[1:]) * 2 * half, unit)
    spread = np.concatenate([np.full(quiet.size, float(unit)), loose, loose])
    order = np.lexsort((count, at))
    order = order[(at[order] > seconds[0]) & (at[order] < seconds[-1])]
    order = order[np.diff(at[order], append=seconds[-1]) > 0]
    return Knots(
        np.concatenate([seconds[:1], at[order], seconds[-1:]]),
        np.concatenate([values[:1], count[order], values[-1:]]),
        np.concatenate([[unit], spread[order], [unit]]),
        unit,
    )


def with_readings(knots: Knots, series: pl.DataFrame, spans: Sequence[tuple[int, int]]) -> Knots:
    """The knots, and the readings at both ends of spans (epoch seconds), over which no tick may reach."""
    seconds, values = series["read_at"].dt.epoch("s").to_numpy(), series["value_wh"].to_numpy()
    ends = np.setdiff1d(np.array([end for span in spans for end in span], np.int64), knots.seconds)
    at = np.concatenate([knots.seconds, ends])
    order = np.argsort(at)
    return Knots(
        at[order],
        np.concatenate([knots.values, values[np.searchsorted(seconds, ends)]])[order],
        np.concatenate([knots.spread_wh, np.full(len(ends), float(knots.unit_wh))])[order],
        knots.unit_wh,
    )


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


def uncertainty_wh(knots: Knots, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Half width (95 %) of the energy from each start to its end, rounded up.

    What power did between two knots nobody knows: the count may lie anywhere on the way from one to the
    other, least surely in the middle. A start and an end between the same knots share that.
    """
    k, first = _segments(knots, starts, side="right")
    last, second = _segments(knots, ends, side="left")
    length = knots.seconds[k + 1] - knots.seconds[k]
    part = (ends - starts) / length
    path = _path_wh(knots, k, part)
    together = np.hypot(path, part * np.hypot(knots.spread_wh[k], knots.spread_wh[k + 1]))
    apart = np.hypot(first, second)
    half: NDArray[np.int64] = np.ceil(np.where(k == last, np.minimum(apart, together), apart)).astype(
        np.int64
    )
    return half


def _segments(
    knots: Knots, at: NDArray[np.int64], *, side: Literal["left", "right"]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Between which knots each instant lies (index of the earlier one), and how unsure the count is there."""
    k = np.clip(np.searchsorted(knots.seconds, at, side=side) - 1, 0, len(knots.seconds) - 2)
    share = (at - knots.seconds[k]) / (knots.seconds[k + 1] - knots.seconds[k])
    return k, np.hypot(
        _path_wh(knots, k, share), (1 - share) * knots.spread_wh[k] + share * knots.spread_wh[k + 1]
    )


def _path_wh(knots: Knots, k: NDArray[np.int64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    """How unsure it is what a part of the way from a knot to the next one took."""
    advance = np.abs(knots.values[k + 1] - knots.values[k])
    single_s = np.where(advance <= knots.unit_wh, knots.seconds[k + 1] - knots.seconds[k], 0)
    share = np.interp(single_s, [BURSTS_FROM_S, BURSTS_AT_S], [PATH_SHARE, BURST_SHARE])
    path: NDArray[np.float64] = 2 * share * advance * np.sqrt(np.clip(part * (1 - part), 0, None))
    return path
