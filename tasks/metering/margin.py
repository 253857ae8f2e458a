"""How much better a chained reading is than rejecting it or another candidate, its neighbours given."""

import numpy as np
from numpy.typing import NDArray

from tasks.metering.chain import Evidence
from tasks.metering.power_prior import TOLERANCE_UNITS, log_probability, steps_between
from tasks.metering.register import Register

MOST_LOG_ODDS = 100.0
# Candidates no further apart than this (or than one unit) are no rivals: which of them it is hardly matters.
ALIKE_WH = 10


def log_odds_of(evidence: Evidence, column: NDArray[np.int64], register: Register) -> NDArray[np.float64]:
    """Log-odds of each chained reading (float64[N], NaN elsewhere), at most MOST_LOG_ODDS.

    A candidate within one unit or 10 Wh is no alternative: physics cannot tell the two apart.
    """
    odds = np.full(len(column), np.nan)
    rows = np.flatnonzero(column >= 0)
    if not rows.size:
        return odds
    place = np.arange(rows.size)
    chosen = evidence.values[rows, column[rows]]
    worth = (
        evidence.accept[rows]
        + _link_from_previous(evidence, rows, chosen, register)
        + _link_to_next(evidence, rows, chosen, register)
    )
    own = worth[place, column[rows]]
    distance = np.abs(evidence.values[rows] - chosen[:, None])
    distance = np.minimum(distance, register.span_units - distance)
    alike = max(TOLERANCE_UNITS, ALIKE_WH // register.unit_wh)
    rivals = np.where((distance > alike) & (evidence.values[rows] >= 0), worth, -np.inf)
    rejected = evidence.reject[rows] + _bridge(evidence, rows, chosen, register)
    against = np.maximum(rivals.max(axis=1), rejected)
    odds[rows] = np.clip(own - against, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    return odds


def unlinkable(
    evidence: Evidence,
    column: NDArray[np.int64],
    odds: NDArray[np.float64],
    register: Register,
    *,
    pinned: bool,
) -> int:
    """The less likely reading of the first neighbours that cannot follow one another, -1 when all can.

    Taking a doubtful reading out of the chain can leave its neighbours two tolerances apart.
    """
    rows = np.flatnonzero(column >= 0)
    values = evidence.values[rows, column[rows]]
    elapsed_s = np.diff(evidence.taken_at_s[rows])
    broken = np.flatnonzero(~steps_between(values[:-1], values[1:], elapsed_s, register).possible)
    if not broken.size:
        return -1
    earlier, later = int(rows[broken[0]]), int(rows[broken[0] + 1])
    if pinned and earlier == 0:
        return later
    return earlier if odds[earlier] < odds[later] else later


def _link(
    earlier: NDArray[np.int64], later: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """What a step is worth against a value drawn blindly, -inf where it is impossible."""
    steps = steps_between(earlier, later, elapsed_s, register)
    worth = log_probability(np.where(steps.possible, steps.units, 0), np.maximum(elapsed_s, 1), register)
    return np.where(steps.possible, worth + np.log(register.span_units), -np.inf)


def _link_from_previous(
    evidence: Evidence, rows: NDArray[np.int64], chosen: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """What every candidate is worth after the reading before it; 0 for the first."""
    worth = np.zeros((rows.size, evidence.values.shape[1]))
    elapsed_s = np.diff(evidence.taken_at_s[rows])[:, None]
    worth[1:] = _link(chosen[:-1, None], evidence.values[rows[1:]], elapsed_s, register)
    return worth


def _link_to_next(
    evidence: Evidence, rows: NDArray[np.int64], chosen: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """What every candidate is worth before the reading after it; 0 for the last."""
    worth = np.zeros((rows.size, evidence.values.shape[1]))
    elapsed_s = np.diff(evidence.taken_at_s[rows])[:, None]
    worth[:-1] = _link(evidence.values[rows[:-1]], chosen[1:, None], elapsed_s, register)
    return worth


def _bridge(
    evidence: Evidence, rows: NDArray[np.int64], chosen: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """What the step past each reading is worth, from its predecessor to its successor; 0 at the ends."""
    worth = np.zeros(rows.size)
    elapsed_s = evidence.taken_at_s[rows[2:]] - evidence.taken_at_s[rows[:-2]]
    worth[1:-1] = _link(chosen[:-2], chosen[2:], elapsed_s, register)
    return worth
