"""Another meter's count that has passed the old one's end: the pictures left out until then tell of it."""

import numpy as np
from numpy.typing import NDArray

from tasks.metering.chain import log_evidence
from tasks.metering.evidence import Evidence
from tasks.metering.power_prior import steps_between
from tasks.metering.register import Register
from tasks.metering.stretch import (
    ACCEPTED_COUNTS,
    EXCHANGE_LOG_ODDS,
    Instant,
    ProposedExchange,
    Stretch,
    StretchReadings,
    decode_stretch,
    exchange_in,
    without,
)

# Misreads do not go on for as long and then lead on to what is read after them.
LEAST_S, LEAST_PICTURES = 12 * 3600, 12
# The count jumps by more than so many times what it advances from the pictures left out to those read again.
JUMP_PARTS = 2


def read_stretch(
    part: Evidence, stretch: Stretch, register: Register
) -> tuple[StretchReadings, ProposedExchange | None]:
    """The readings of a stretch, and its first break that only a person can explain.

    Another meter's count starts beside the old one's end, and once it fits behind that, it would be read
    again. The pictures left out meanwhile tell that it is another one: they lead on to what is read after
    them, and do not follow what was read before. From there on nothing is read without a person's word.

    Args:
        part: what the stretch's pictures say.
        stretch: what is certain before and after them.
        register: the counter.
    """
    found = decode_stretch(part, stretch, register)
    end = _count_anew(part, stretch, found, register)
    if end is None:
        other = exchange_in(part, stretch, found, register)
        # What fits by chance among them proves nothing.
        return (found, None) if other is None else (without(found, other[1]), other[0])
    older, newer = part.rows(slice(0, end)), part.rows(slice(end, None))
    found, earlier = read_stretch(older, Stretch(slice(0), stretch.start, None, stretch.is_told), register)
    read = np.flatnonzero(found.column >= 0)
    last = _instant(part, found, int(read[-1])) if read.size else stretch.start
    none = np.full(len(newer.values), -1, dtype=np.int64)
    nothing = StretchReadings(none, none, np.full(none.size, np.nan), none, none)
    other = exchange_in(newer, Stretch(slice(0), last, None), nothing, register)
    return _joined(found, nothing), earlier or (other and other[0])


def _count_anew(part: Evidence, stretch: Stretch, found: StretchReadings, register: Register) -> int | None:
    """The picture with which another count begins that is read later on, None where there is none."""
    accepted = found.column >= 0
    refused = ~accepted & (part.values >= 0).any(axis=1)
    for first, last in _left_out(accepted, refused):
        rows = first + np.flatnonzero(refused[first : last + 1])
        earlier, later = np.flatnonzero(accepted[:first]), last + 1 + np.flatnonzero(accepted[last + 1 :])
        certain = None if stretch.is_told else stretch.start
        before = _instant(part, found, int(earlier[-1])) if earlier.size else certain
        if before is None or not later.size:
            continue
        begins = _begins_anew(part.rows(rows), before, _instant(part, found, int(later[0])), register)
        if begins is not None:
            return int(rows[begins])
    return None


def _joined(first: StretchReadings, second: StretchReadings) -> StretchReadings:
    """One after the other."""
    return StretchReadings(
        np.append(first.value_units, second.value_units),
        np.append(first.column, second.column),
        np.append(first.log_odds, second.log_odds),
        np.append(first.low_units, second.low_units),
        np.append(first.high_units, second.high_units),
    )


def _instant(part: Evidence, found: StretchReadings, row: int) -> Instant:
    """When a reading was taken, and what it is."""
    return int(part.taken_at_s[row]), int(found.value_units[row])


def _left_out(accepted: NDArray[np.bool_], refused: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last picture of each run in which hardly one gives a reading; a few may fit by chance."""
    count = np.concatenate([[0], np.cumsum(refused - ACCEPTED_COUNTS * accepted.astype(np.int64))])
    above = count - np.minimum.accumulate(count)
    begins = np.flatnonzero((above[:-1] == 0) & (above[1:] > 0))
    ends = [*begins[1:], len(accepted)][: begins.size]
    runs = ((int(a), int(a + above[a + 1 : b + 1].argmax())) for a, b in zip(begins, ends, strict=True))
    return [(first, last) for first, last in runs if above[last + 1] >= LEAST_PICTURES]


def _begins_anew(left_out: Evidence, before: Instant, after: Instant, register: Register) -> int | None:
    """The picture left out with which another count begins that goes on behind them, None where none does."""
    begin, half = 0, register.span_units // 2
    while left_out.taken_at_s[-1] - left_out.taken_at_s[begin] >= LEAST_S:
        rest = left_out.rows(slice(begin, None))
        if log_evidence(rest, register) < EXCHANGE_LOG_ODDS:
            return None
        story = decode_stretch(rest, Stretch(slice(0), None, None), register)
        told = np.flatnonzero(story.column >= 0)
        seconds, units = rest.taken_at_s[told], story.value_units[told]
        if not told.size:
            return None
        onward = steps_between(units[-1:], np.array([after[1]]), after[0] - seconds[-1:], register)
        jump = (int(units[0]) - before[1] + half) % register.span_units - half
        joins = onward.possible.item() and JUMP_PARTS * abs(onward.units.item()) < abs(jump)
        if joins:
            return begin + int(told[0]) if seconds[-1] - seconds[0] >= LEAST_S else None
        # The old count's last readings may be left out, too, for it to fit.
        begin = min(begin + int(told[-1]) + 1, len(left_out.values) - 1)
    return None
