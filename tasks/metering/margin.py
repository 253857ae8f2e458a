"""How sure a reading is: what the series holds against it, its near misses included."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.course import Neighbours, log_worth, neighbours_of
from tasks.metering.evidence import IMPOSSIBLE, MOST_LOG_ODDS, Evidence
from tasks.metering.power_prior import TOLERANCE_UNITS, log_probability, steps_between
from tasks.metering.register import Register

# A candidate less likely than this (log) has no part in the series.
LEAST_POSTERIOR = np.log(0.01)
# A misread reading differs in one drum about every second time: share of each other digit of each drum.
NEAR_MISS = 0.5 / 9
DRUMS_MISSED = 3
NEAR_MISS_BLOCK = 2048
# Where the other candidates do not tell which drum is unsure, all are alike and count like this probability.
EVEN_DOUBT = 0.1
# Nobody sees these apart: readings within 10 Wh and a quarter of what was used between their neighbours.
ALIKE_WH, ALIKE_PART = 10, 4


@dataclass(frozen=True, slots=True)
class Choice:
    """The likeliest candidate of each picture.

    Args:
        column: int64[N], -1 where no candidate has a part in the series.
        log_odds: float64[N], NaN where there is none.
    """

    column: NDArray[np.int64]
    log_odds: NDArray[np.float64]


def choose(evidence: Evidence, posterior: NDArray[np.float64], register: Register) -> Choice:
    """The likeliest candidate of each picture and its log-odds, at most MOST_LOG_ODDS.

    Candidates within one unit are the same reading (the last drum turns between them), and so are those that
    `_alike_units` tells. Each counts as much more as it lies where the power around it puts it. Held against
    it are the other candidates, rejecting the picture, and its near misses: that the truth is no candidate
    and differs from the reading in one of the last drums, as far as the neighbours leave room for it.
    """
    posterior = _one_an_instant(evidence, posterior)
    column = posterior.argmax(axis=1) if posterior.size else np.zeros(len(posterior), dtype=np.int64)
    rows = np.flatnonzero(posterior.max(axis=1, initial=IMPOSSIBLE) > LEAST_POSTERIOR)
    odds = np.full(len(posterior), np.nan)
    chosen = np.full(len(posterior), -1, dtype=np.int64)
    if not rows.size:
        return Choice(chosen, odds)
    values, seconds, likely = evidence.values[rows], evidence.taken_at_s[rows], posterior[rows]
    place = np.arange(rows.size)
    neighbours = neighbours_of(values[place, column[rows]], seconds, register)
    worth = [log_worth(each, seconds, neighbours, register, evidence.ways) for each in values.T]
    likely = np.where(values >= 0, likely + np.stack(worth, axis=1), IMPOSSIBLE)
    best = likely.argmax(axis=1)
    reading = values[place, best]
    distance = np.abs(values - reading[:, None])
    limit = _alike_units(neighbours, register)
    alike = np.minimum(distance, register.span_units - distance) <= limit[:, None]
    own = np.logaddexp.reduce(np.where(alike, likely, IMPOSSIBLE), axis=1)
    rivals = np.logaddexp.reduce(np.where(alike, IMPOSSIBLE, likely), axis=1)
    rejected = np.log(
        np.maximum(-np.expm1(np.minimum(np.logaddexp.reduce(posterior[rows], axis=1), 0.0)), 1e-15)
    )
    missed = _near_misses(evidence, rows, best, neighbours, limit, register=register) + own
    against = np.logaddexp(np.logaddexp(rivals, rejected), missed)
    chosen[rows] = best
    odds[rows] = np.clip(own - against, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    return Choice(chosen, odds)


def _one_an_instant(evidence: Evidence, posterior: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same, but of pictures of one second only the likeliest one stands; equal values count for it."""
    again = np.flatnonzero(np.diff(evidence.taken_at_s) == 0)
    if not again.size:
        return posterior
    posterior = posterior.copy()
    for second in np.unique(evidence.taken_at_s[again]):
        rows = slice(*np.searchsorted(evidence.taken_at_s, [second, second + 1]))
        values, worth = evidence.values[rows], posterior[rows]
        best = int(worth.max(axis=1).argmax())
        alike = (values.ravel()[:, None] == values[best]) & (values[best] >= 0)
        summed = np.logaddexp.reduce(np.where(alike, worth.ravel()[:, None], IMPOSSIBLE), axis=0)
        posterior[rows] = IMPOSSIBLE
        posterior[rows.start + best] = np.where(values[best] >= 0, summed, IMPOSSIBLE)
    return posterior


def _alike_units(neighbours: Neighbours, register: Register) -> NDArray[np.int64]:
    """How far readings may differ and still be the same one, in units."""
    invisible = ALIKE_WH // register.unit_wh
    both = neighbours.has_before & neighbours.has_after
    between = neighbours.room_units(register) // ALIKE_PART
    alike: NDArray[np.int64] = np.where(both, np.minimum(invisible, between), invisible)
    return np.maximum(alike, TOLERANCE_UNITS)


def drum_shifts(register: Register) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By what one of the last drums may put a reading off: places and digits, 18 of each drum."""
    drums = 10 ** np.arange(min(DRUMS_MISSED, register.digits))
    return np.repeat(drums, 18), np.tile([*range(-9, 0), *range(1, 10)], drums.size)


def _near_misses(
    evidence: Evidence,
    rows: NDArray[np.int64],
    column: NDArray[np.int64],
    neighbours: Neighbours,
    alike: NDArray[np.int64],
    *,
    register: Register,
) -> NDArray[np.float64]:
    """Log of how much likelier the near misses of each reading are than the reading, its neighbours given."""
    reading = evidence.values[rows, column]
    own = evidence.accept[rows, column] + _fit(reading, rows, neighbours, evidence, register)
    drum = np.log(NEAR_MISS * _doubt_by_drum(evidence, rows, reading, register))
    share = evidence.reject[rows, None] + np.repeat(drum, 18, axis=1)
    between = (~neighbours.has_before | (reading >= neighbours.before)) & (
        ~neighbours.has_after | (reading <= neighbours.after)
    )
    places, digits = drum_shifts(register)
    offsets = places * digits
    rival = (np.abs(offsets) > alike[:, None]) | ~between[:, None]
    total = np.full(rival.shape, IMPOSSIBLE)
    for first in range(0, rows.size, NEAR_MISS_BLOCK):
        at, other = np.nonzero(rival[first : first + NEAR_MISS_BLOCK])
        at += first
        values = (reading[at] + offsets[other]) % register.span_units
        total[at, other] = share[at, other] + _fit(values, rows[at], neighbours.rows(at), evidence, register)
    excess: NDArray[np.float64] = np.clip(np.logaddexp.reduce(total, axis=1) - own, IMPOSSIBLE, -IMPOSSIBLE)
    return excess


def _doubt_by_drum(
    evidence: Evidence, rows: NDArray[np.int64], reading: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """Which of the last drums is likely misread, if one is: as in the other candidates, float64[R, D]."""
    likely = np.exp(np.maximum(evidence.accept[rows], -MOST_LOG_ODDS))
    places = 10 ** np.arange(register.digits)
    differs = np.stack(
        [
            (likely * (evidence.values[rows] // place % 10 != reading[:, None] // place % 10)).sum(axis=1)
            for place in places
        ],
        axis=1,
    )
    doubt: NDArray[np.float64] = (differs + EVEN_DOUBT) / (
        differs.sum(axis=1, keepdims=True) + EVEN_DOUBT * register.digits
    )
    return doubt[:, :DRUMS_MISSED]


def _fit(
    values: NDArray[np.int64],
    rows: NDArray[np.int64],
    neighbours: Neighbours,
    evidence: Evidence,
    register: Register,
) -> NDArray[np.float64]:
    """Log of how well values fit between their neighbours."""
    seconds = evidence.taken_at_s[rows]
    first = steps_between(neighbours.before, values, seconds - neighbours.before_s, register)
    second = steps_between(values, neighbours.after, neighbours.after_s - seconds, register)
    possible = (first.possible | ~neighbours.has_before) & (second.possible | ~neighbours.has_after)
    at = np.flatnonzero(possible)
    fit = log_worth(values[at], seconds[at], neighbours.rows(at), register, evidence.ways)
    for steps, elapsed_s, there in (
        (first, seconds - neighbours.before_s, neighbours.has_before),
        (second, neighbours.after_s - seconds, neighbours.has_after),
    ):
        linked = np.flatnonzero(there[at])
        fit[linked] += log_probability(
            steps.units[at[linked]], elapsed_s[at[linked]], register, evidence.shares_of(rows[at[linked]])
        )
    result = np.full(len(values), IMPOSSIBLE)
    result[at] = fit
    return result
