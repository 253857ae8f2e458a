"""A stretch of the series between two instants at which something is certain, decoded by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.chain import log_evidence, posterior
from tasks.metering.evidence import IMPOSSIBLE, Evidence
from tasks.metering.margin import choose
from tasks.metering.power_prior import TOLERANCE_UNITS, steps_between
from tasks.metering.register import Register
from tasks.metering.runs import log_odds_of_shifts

LEAST_LOG_ODDS = 2.0
# A second story worth this many nats (about a dozen readings) beside the accepted one is proposed.
EXCHANGE_LOG_ODDS = 110.0
# Beyond a break, one picture in so many may by chance show what would follow the story before it.
ACCEPTED_COUNTS = 4

Instant = tuple[int, int]
"""(taken_at_s, value_units)."""


@dataclass(frozen=True, slots=True)
class Break:
    """The register jumped: pictures before `at_s` show the old count, those from it on the new one.

    Args:
        at_s: seconds.
        last_units: what the old one showed last, None when nobody knows.
        first_units: what the new one showed first, None when nobody knows.
    """

    at_s: int
    last_units: int | None = None
    first_units: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pictures between a certain reading before and one after them, where there are such.

    `is_told` says that a person told the one before: what contradicts it may be right.
    """

    rows: slice
    start: Instant | None
    end: Instant | None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class StretchReadings:
    """What became of a stretch's pictures: values (-1: rejected), candidates, log-odds, bounds."""

    value_units: NDArray[np.int64]
    column: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    low_units: NDArray[np.int64]
    high_units: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProposedExchange:
    """Before and after an instant the pictures disagree: the meter was exchanged, or one side is misread.

    It is proposed and never assumed: the pictures of the other side stay rejected until a person decides.
    Where a person's reading can't have followed the one before it, no picture is rejected for it.

    Args:
        taken_at_s: instant of the first picture of the later story.
        value_units: what the register showed then, if that story is right.
        readings: how many pictures the rejected story would give.
        last_at_s: instant of the last picture of the earlier story.
        last_units: what the register showed then.
        log_odds: nats the rejected story is worth by itself.
    """

    taken_at_s: int
    value_units: int
    readings: int
    last_at_s: int
    last_units: int
    log_odds: float


def stretches(
    taken_at_s: NDArray[np.int64],
    pins: NDArray[np.int64],
    breaks: Sequence[Break],
    anchor: Instant | None,
) -> Iterator[Stretch]:
    """The series cut at what a person read and at what is known of its jumps."""
    begin, start, is_told = 0, anchor, False
    cuts: list[tuple[int, Instant | None, int, Instant | None]] = [
        (int(i), (int(taken_at_s[i]), int(pins[i])), int(i) + 1, (int(taken_at_s[i]), int(pins[i])))
        for i in np.flatnonzero(pins >= 0)
    ]
    for jump in breaks:
        i = int(np.searchsorted(taken_at_s, jump.at_s))
        if anchor is None or jump.at_s > anchor[0]:
            last = None if jump.last_units is None else (jump.at_s, jump.last_units)
            first = None if jump.first_units is None else (jump.at_s - 1, jump.first_units)
            cuts.append((i, last, i, first))
    for stop, end, following, next_start in sorted(cuts, key=lambda cut: (cut[0], cut[2])):
        if stop > begin:
            yield Stretch(slice(begin, stop), start, end, is_told)
        begin, start, is_told = following, next_start, True
    if begin < len(taken_at_s):
        yield Stretch(slice(begin, len(taken_at_s)), start, None, is_told)


def decode_stretch(part: Evidence, stretch: Stretch, register: Register) -> StretchReadings:
    """The readings of a stretch. An end that most of the pictures contradict is not held against them."""
    found = _decode_between(part, stretch.start, stretch.end, register)
    pictures = int((part.values >= 0).any(axis=1).sum())
    if stretch.end is None or 2 * (found.column >= 0).sum() >= pictures:
        return found
    freely = _decode_between(part, stretch.start, None, register)
    return freely if (freely.column >= 0).sum() > 2 * (found.column >= 0).sum() else found


def _decode_between(
    part: Evidence, start: Instant | None, end: Instant | None, register: Register
) -> StretchReadings:
    """The readings between what is certain."""
    evidence = _between(part, start, end)
    worth = posterior(evidence, register, begins_pinned=start is not None, ends_pinned=end is not None)
    certain = np.zeros(len(evidence.values), dtype=np.bool_)
    certain[:1] |= start is not None
    certain[-1:] |= end is not None
    choice = choose(evidence, worth, register)
    odds = np.where(certain, np.inf, choice.log_odds)
    column = np.where(certain, 0, np.where(choice.log_odds >= LEAST_LOG_ODDS, choice.column, -1))
    read = np.flatnonzero((column >= 0) & ~certain)
    alike = log_odds_of_shifts(evidence, read, column[read], register)
    column[read[alike > -LEAST_LOG_ODDS]] = -1
    while (surplus := _unlinkable(evidence, column, odds, register)) >= 0:
        column[surplus] = -1
    rows = np.flatnonzero(column >= 0)
    value = np.full(len(column), -1, dtype=np.int64)
    value[rows] = _in_step(evidence.values[rows, column[rows]], certain[rows], register)
    low, high = _pinned(evidence.taken_at_s, value, register)
    inner = slice(int(start is not None), len(column) - int(end is not None))
    value = np.where(column < 0, low, value)
    return StretchReadings(value[inner], column[inner], choice.log_odds[inner], low[inner], high[inner])


def exchange_in(
    part: Evidence, stretch: Stretch, found: StretchReadings, register: Register
) -> tuple[ProposedExchange, slice] | None:
    """The first break before or after the accepted readings, where the pictures beyond tell a long story.

    Returns:
        The break, and the rows from the first to the last picture of that story.
    """
    accepted = found.column >= 0
    inside = np.flatnonzero(accepted)
    if not inside.size and stretch.start is None:
        return None
    refused = ~accepted & (part.values >= 0).any(axis=1)
    sides = {"after": np.flatnonzero(refused & _beyond(accepted, refused))}
    if stretch.start is None:
        # The earlier break first: what follows a known one is decoded anew, what lies before it is not.
        sides = {"before": np.flatnonzero(refused & _beyond(accepted[::-1], refused[::-1])[::-1]), **sides}
    worth = {side: log_evidence(part.rows(rows), register) for side, rows in sides.items() if rows.size}
    side = next((each for each in worth if worth[each] >= EXCHANGE_LOG_ODDS), None)
    if side is None:
        return None
    other = part.rows(sides[side])
    story = decode_stretch(other, Stretch(slice(0), None, None), register)
    told = np.flatnonzero(story.column >= 0)
    if not told.size:
        return None
    edges = [(int(other.taken_at_s[i]), int(story.value_units[i])) for i in (told[0], told[-1])]
    edge = int(sides[side][0 if side == "after" else -1])
    ours = inside[inside < edge] if side == "after" else inside[inside > edge]
    ends = [(int(part.taken_at_s[i]), int(found.value_units[i])) for i in ours]
    earlier = (ends[-1] if ends else stretch.start) if side == "after" else edges[-1]
    later = edges[0] if side == "after" else next(iter(ends), None)
    if earlier is None or later is None:
        return None
    rows = slice(int(sides[side][told[0]]), int(sides[side][told[-1]]) + 1)
    return ProposedExchange(*later, len(told), *earlier, worth[side]), rows


def without(found: StretchReadings, rows: slice) -> StretchReadings:
    """The same, but these pictures give no reading."""
    inner = np.zeros(len(found.column), dtype=np.bool_)
    inner[rows] = True
    given = (found.value_units, found.column, found.low_units, found.high_units)
    value, column, low, high = (np.where(inner, -1, each) for each in given)
    return StretchReadings(value, column, found.log_odds, low, high)


def _beyond(accepted: NDArray[np.bool_], refused: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pictures lie beyond the accepted readings; a few of theirs may fit by chance."""
    count = np.cumsum(ACCEPTED_COUNTS * accepted.astype(np.int64) - refused)
    last = int(count.argmax()) if count.max(initial=0) > 0 else -1
    beyond: NDArray[np.bool_] = np.arange(len(count)) > last
    return beyond


def _between(part: Evidence, start: Instant | None, end: Instant | None) -> Evidence:
    """The evidence with the certain readings before and after it."""
    width = part.values.shape[1]
    for place, known in ((0, start), (len(part.values) + (start is not None), end)):
        if known is None:
            continue
        values, accept = np.full(width, -1, dtype=np.int64), np.full(width, IMPOSSIBLE)
        values[0], accept[0] = known[1], 0.0
        shares = part.shares
        if shares.ndim > 1:
            shares = np.insert(shares, place, shares[min(place, len(shares) - 1)], axis=0)
        part = Evidence(
            np.insert(part.taken_at_s, place, known[0]),
            np.insert(part.values, place, values, axis=0),
            np.insert(part.accept, place, accept, axis=0),
            np.insert(part.reject, place, 0.0),
            shares,
            part.ways,
        )
    return part


def _unlinkable(
    evidence: Evidence, column: NDArray[np.int64], odds: NDArray[np.float64], register: Register
) -> int:
    """The less likely reading of the first neighbours that cannot follow one another, -1 when all can.

    Taking a doubtful reading out of the chain can leave its neighbours two tolerances apart.
    """
    rows = np.flatnonzero(column >= 0)
    values = evidence.values[rows, column[rows]]
    elapsed_s = np.diff(evidence.taken_at_s[rows])
    possible = steps_between(values[:-1], values[1:], elapsed_s, register).possible
    broken = np.flatnonzero(~possible & np.isfinite(np.minimum(odds[rows[:-1]], odds[rows[1:]])))
    if not broken.size:
        return -1
    earlier, later = int(rows[broken[0]]), int(rows[broken[0] + 1])
    return earlier if odds[earlier] < odds[later] else later


def _in_step(values: NDArray[np.int64], certain: NDArray[np.bool_], register: Register) -> NDArray[np.int64]:
    """Readings that both neighbours contradict by one unit, at the nearest value that they allow.

    The last drum was taken for the next digit, or an older picture came again.
    """
    if len(values) <= 2 or register.runs_backwards:  # noqa: PLR2004  (none has two neighbours)
        return values
    span = register.span_units
    after_before = (values[1:-1] - values[:-2] + span // 2) % span - span // 2
    room = (values[2:] - values[:-2] + span // 2) % span - span // 2
    allowed = np.clip(after_before, 0, np.maximum(room, 0))
    moved = (room >= 0) & (np.abs(allowed - after_before) == TOLERANCE_UNITS) & ~certain[1:-1]
    mended = values.copy()
    mended[1:-1] = np.where(moved, (values[:-2] + allowed) % span, values[1:-1])
    return mended


def _pinned(
    taken_at_s: NDArray[np.int64], value: NDArray[np.int64], register: Register
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bounds of the readings missing between two that differ by a unit at most; -1 elsewhere."""
    low, high = np.full((2, len(value)), -1, dtype=np.int64)
    given = np.flatnonzero(value >= 0)
    missing = np.flatnonzero(value < 0)
    after = np.searchsorted(given, missing)
    inner = (after > 0) & (after < len(given)) & ~np.bool_(register.runs_backwards)
    missing, after = missing[inner], after[inner]
    before, following = given[after - 1], given[after]
    step = (value[following] - value[before] + 1) % register.span_units - 1
    alone = (taken_at_s[missing] > taken_at_s[before]) & (taken_at_s[missing] < taken_at_s[following])
    tight = (step <= TOLERANCE_UNITS) & alone
    falls = step < 0
    low[missing[tight]] = np.where(falls, value[following], value[before])[tight]
    high[missing[tight]] = np.where(falls, value[before], value[following])[tight]
    return low, high
