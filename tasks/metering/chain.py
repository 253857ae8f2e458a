"""The most likely chain through every picture's candidates, skipping pictures that fit nowhere (Viterbi)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.power_prior import log_probability, steps_between
from tasks.metering.register import Register

CONFIDENCE_WEIGHT = 0.8
REJECT_FLOOR = 0.02
SMALLEST_PROBABILITY = 1e-6
# A picture's states this far (nats) below its best one are not continued: no later evidence makes up for it.
DEAD_BELOW_BEST = 100.0
# Predecessors looked at: those of the last pictures; all of the last thousands where that does not pay.
NEAR, FAR = 12, 3000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the pictures say on their own, before the series is asked.

    Args:
        taken_at_s: int64[N], ascending.
        values: int64[N, K] units, -1 where there is no candidate.
        accept: float64[N, K], weighted log-probability of each candidate, -inf where there is none.
        reject: float64[N], log-probability that none of them is right.
    """

    taken_at_s: NDArray[np.int64]
    values: NDArray[np.int64]
    accept: NDArray[np.float64]
    reject: NDArray[np.float64]

    def rows(self, chosen: slice | NDArray[np.int64]) -> "Evidence":
        """The evidence of some of the pictures."""
        return Evidence(
            self.taken_at_s[chosen], self.values[chosen], self.accept[chosen], self.reject[chosen]
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of readings: which candidate each picture gives, and what the chain is worth.

    Args:
        column: int64[N], index of the chosen candidate, -1 where none of them fits.
        score: nats by which the chain beats rejecting everything.
    """

    column: NDArray[np.int64]
    score: float


def weigh(
    taken_at_s: NDArray[np.int64], values: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> Evidence:
    """Evidence from candidates and their probabilities; equal values in one row are added up on the first.

    The floor on rejecting is what a confident misread can cost at most.
    """
    present = values >= 0
    share = np.where(present, np.clip(probabilities, 0.0, 1.0), 0.0)
    values = values.copy()
    for later in range(1, values.shape[1]):
        same = present[:, :later] & (values[:, :later] == values[:, later, None]) & present[:, later, None]
        twice = same.any(axis=1)
        first = same.argmax(axis=1)
        share[twice, first[twice]] += share[twice, later]
        share[twice, later] = 0.0
        values[twice, later] = -1
        present[twice, later] = False
    logs = CONFIDENCE_WEIGHT * np.log(np.clip(share, SMALLEST_PROBABILITY, 1.0))
    accept = np.where(present, logs, -np.inf)
    reject = np.log(np.clip(1.0 - share.sum(axis=1), REJECT_FLOOR, 1.0))
    return Evidence(taken_at_s, values, accept, reject)


def best_chain(evidence: Evidence, register: Register, *, pinned: bool = False) -> Chain:
    """The most likely chain; with `pinned` it must begin at the first picture's first candidate.

    Scores are gains over rejecting a picture, so skipping one costs nothing at any distance. A link is worth
    the probability of its step against a value drawn blindly from the register's span. Of equally likely
    chains the one with the better ranked candidates and the nearer predecessors wins.
    """
    pictures = np.flatnonzero(np.isfinite(evidence.accept).any(axis=1))
    column = np.full(len(evidence.values), -1, dtype=np.int64)
    if not pictures.size:
        return Chain(column, 0.0)
    column[pictures], score = _best_columns(evidence.rows(pictures), register, pinned=pinned)
    return Chain(column, score)


def _best_columns(evidence: Evidence, register: Register, *, pinned: bool) -> tuple[NDArray[np.int64], float]:
    """The chain through pictures that all have a candidate, and its score."""
    count, width = evidence.values.shape
    gain = evidence.accept - evidence.reject[:, None]
    blind = float(np.log(register.span_units))
    score = np.full(count * width, -np.inf)
    origin = np.full(count * width, -1, dtype=np.int64)
    best = -1
    for i in range(count):
        fresh = 0.0 if i == 0 or not pinned else -np.inf
        states = _live(score, (i - NEAR) * width, i * width)
        if best >= 0 and best < (i - NEAR) * width:
            states = np.append(best, states)
        total, source = _extend(evidence, score, i, states, register)
        if i > NEAR and (total + gain[i]).max() + blind < score[best]:
            states = _live(score, (i - FAR) * width, i * width)
            total, source = _extend(evidence, score, i, states, register)
        begins = total + blind < fresh
        total = np.where(begins, fresh, total + blind) + gain[i]
        column = int(total.argmax())
        total[total < total[column] - DEAD_BELOW_BEST] = -np.inf
        score[i * width : (i + 1) * width] = total
        origin[i * width : (i + 1) * width] = np.where(begins, -1, source)
        if total[column] > -np.inf and (best < 0 or total[column] >= score[best]):
            best = i * width + column
    best_score = float(score[best])
    columns = np.full(count, -1, dtype=np.int64)
    while best >= 0:
        columns[best // width] = best % width
        best = int(origin[best])
    return columns, best_score


def _live(score: NDArray[np.float64], start: int, stop: int) -> NDArray[np.int64]:
    """States from `start` to `stop` that a chain has reached."""
    first = max(start, 0)
    return np.flatnonzero(score[first:stop] > -np.inf) + first


def _extend(
    evidence: Evidence, score: NDArray[np.float64], i: int, states: NDArray[np.int64], register: Register
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each candidate of picture `i`: the best of these states plus the step from it, and which it is."""
    width = evidence.values.shape[1]
    if not states.size:
        return np.full(width, -np.inf), np.full(width, -1, dtype=np.int64)
    elapsed_s = (evidence.taken_at_s[i] - evidence.taken_at_s[states // width])[:, None]
    earlier = evidence.values.ravel()[states][:, None]
    steps = steps_between(earlier, evidence.values[i], elapsed_s, register)
    origin, target = (steps.possible & (evidence.values[i] >= 0)).nonzero()
    total = np.full(steps.units.shape, -np.inf)
    total[origin, target] = score[states[origin]] + log_probability(
        steps.units[origin, target], elapsed_s[origin, 0], register
    )
    winner = len(states) - 1 - total[::-1].argmax(axis=0)
    return total[winner, np.arange(width)], states[winner]
