"""Runs of readings that may be misread alike: one drum, taken for the same wrong digit in every picture."""

import numpy as np
from numpy.typing import NDArray

from tasks.metering.evidence import IMPOSSIBLE, MOST_LOG_ODDS, Evidence
from tasks.metering.margin import ALIKE_WH, NEAR_MISS, drum_shifts
from tasks.metering.power_prior import TOLERANCE_UNITS, log_probability, steps_between
from tasks.metering.register import Register

# A run that its pictures make surer than this (log odds) is not asked about, nor is a longer one.
SURE_LOG_ODDS, LONGEST_RUN = 3.0, 24
# After as long all of the last drums have turned on: what was misread alike would change.
LONGEST_S = 12 * 3600
# Readings after the first confirm a run by this part only: they may be misread alike.
CONFIRMING = 0.5


def log_odds_of_shifts(
    evidence: Evidence, rows: NDArray[np.int64], column: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """How likely it is that a reading belongs to a run that is misread alike.

    Each run of doubtful readings is shifted by a digit of one drum; that the steps before and after it are
    then likelier speaks against it, its pictures' own probabilities speak for it.

    Args:
        evidence: what the pictures say.
        rows: int64[R], the accepted ones.
        column: int64[R], their candidates.
        register: the counter.

    Returns:
        float64[R], log odds of the likeliest run that holds it; IMPOSSIBLE where there is none.
    """
    against = np.full(rows.size, IMPOSSIBLE)
    values, seconds = evidence.values[rows, column], evidence.taken_at_s[rows]
    first, last, sure = _doubtful_runs(_own_log_odds(evidence, rows, column))
    inner = np.flatnonzero((first > 0) & (last < rows.size - 1))
    asked = inner[seconds[last[inner] + 1] - seconds[first[inner] - 1] <= LONGEST_S]
    first, last, sure = first[asked], last[asked], sure[asked]
    if not first.size or register.runs_backwards:
        return against
    gained = _gained_by_shifts(evidence, rows, values, (first, last), register)
    odds = gained + np.log(NEAR_MISS / register.digits) - sure
    for begin, end, each in zip(first.tolist(), last.tolist(), odds.tolist(), strict=True):
        run = slice(begin, end + 1)
        against[run] = np.maximum(against[run], each)
    return against


def _gained_by_shifts(
    evidence: Evidence,
    rows: NDArray[np.int64],
    values: NDArray[np.int64],
    runs: tuple[NDArray[np.int64], NDArray[np.int64]],
    register: Register,
) -> NDArray[np.float64]:
    """How much likelier the steps onto and off each run (first, last) are for all of its shifts together."""
    first, last = runs
    places, digits = drum_shifts(register)
    shifts = np.append(0, places * digits)
    worth = np.zeros((first.size, shifts.size))
    # The step onto the run grows by a shift, the one away from it shrinks.
    for earlier, later, moved in ((first - 1, first, shifts), (last, last + 1, -shifts)):
        after = (values[later, None] + moved) % register.span_units
        worth += _log_steps(evidence, rows[earlier], rows[later], (values[earlier], after), register)
    # A shift counts if somebody would see it, and if another digit could be in the drum's place.
    shown = values[first, None] // places % 10 + digits
    visible = np.abs(places * digits) > max(TOLERANCE_UNITS, ALIKE_WH // register.unit_wh)
    counts = visible & (shown >= 0) & (shown <= 9)  # noqa: PLR2004 - a digit
    gained: NDArray[np.float64] = np.logaddexp.reduce(np.where(counts, worth[:, 1:], IMPOSSIBLE), axis=1)
    return gained - worth[:, 0]


def _own_log_odds(
    evidence: Evidence, rows: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the pictures alone say for each reading."""
    odds: NDArray[np.float64] = np.clip(
        evidence.accept[rows, column] - evidence.reject[rows], -MOST_LOG_ODDS, MOST_LOG_ODDS
    )
    return odds


def _doubtful_runs(
    own: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """First and last reading of each run of two or more that is not sure, and how sure it is."""
    first, last, sure = [], [], []
    doubtful = np.flatnonzero(own < SURE_LOG_ODDS)
    total = np.concatenate([[0.0], np.cumsum(own)])
    for length in range(2, LONGEST_RUN + 1):
        begin = doubtful[doubtful + length <= own.size]
        rest = total[begin + length] - total[begin + 1]
        odds = own[begin] + CONFIRMING * rest
        doubtful = begin[odds < SURE_LOG_ODDS]
        first.append(doubtful)
        last.append(doubtful + length - 1)
        sure.append(odds[odds < SURE_LOG_ODDS])
    return np.concatenate(first), np.concatenate(last), np.concatenate(sure)


def _log_steps(
    evidence: Evidence,
    earlier: NDArray[np.int64],
    later: NDArray[np.int64],
    values: tuple[NDArray[np.int64], NDArray[np.int64]],
    register: Register,
) -> NDArray[np.float64]:
    """How likely the steps from values [R] of rows to values [R, S] of later ones are (log)."""
    before, after = values
    taken_at_s = evidence.taken_at_s
    elapsed_s = np.broadcast_to((taken_at_s[later] - taken_at_s[earlier])[:, None], after.shape)
    steps = steps_between(before[:, None], after, elapsed_s, register)
    at = np.nonzero(steps.possible)
    result = np.full(after.shape, IMPOSSIBLE)
    result[at] = log_probability(steps.units[at], elapsed_s[at], register, evidence.shares_of(later[at[0]]))
    return result
