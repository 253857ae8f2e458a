"""How likely each candidate is, all other pictures of the series given (forward-backward over chains)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.evidence import IMPOSSIBLE, Evidence
from tasks.metering.power_prior import ceiling_units, log_probability, steps_between
from tasks.metering.register import Register

# Predecessors looked at: the last pictures; where none of them leads on, single ones further and further
# back.
NEAR = 12
FARTHEST = 3000
FAR = np.unique(np.concatenate([np.arange(NEAR + 1, 25), np.geomspace(25, FARTHEST, 24).astype(np.int64)]))
OPEN_ENDS = 8
BLOCK = 512
# Of so many misreads one shows a value that the fuses allow; each of those is as likely.
MISREADS_PER_FITTING = 30
# Two doubtful values that fit one another are this likely misread alike.
ALIKE_MISREADS = 0.5
# A picture's states this far (nats) below its best one are not continued: no later evidence makes up for it.
DEAD_BELOW_BEST = 100.0


@dataclass(frozen=True, slots=True)
class FarLinks:
    """Links of one picture that reach further back than the near ones: state, candidate and worth of each."""

    states: NDArray[np.int64]
    targets: NDArray[np.int64]
    worth: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NearLinks:
    """A block of pictures and what links them with the pictures shortly before them.

    Args:
        first: index of the block's first picture.
        place: int32[L], place of each possible link in a matrix [picture, state before, candidate].
        odds: float64[L], probability of its step against that of a misread there.
        shape: of that matrix.
    """

    first: int
    place: NDArray[np.int32]
    odds: NDArray[np.float64]
    shape: tuple[int, int, int]

    def matrix(self) -> NDArray[np.float64]:
        """The links as a matrix, 0 where there is none."""
        dense = np.zeros(self.shape)
        dense.ravel()[self.place] = self.odds
        return dense


@dataclass(frozen=True, slots=True)
class Forward:
    """What every state is worth when the chain ends there (log), and the links that led there."""

    worth: NDArray[np.float64]
    near: list[NearLinks]
    far: dict[int, FarLinks]


def log_evidence(evidence: Evidence, register: Register) -> float:
    """Nats by which the chains through these pictures beat rejecting them all."""
    worth = _forward(evidence, register, begins_pinned=False).worth
    return float(np.logaddexp.reduce(worth.ravel(), initial=0.0))


def posterior(
    evidence: Evidence, register: Register, *, begins_pinned: bool = False, ends_pinned: bool = False
) -> NDArray[np.float64]:
    """Log-probability of every candidate given all pictures: float64[N, K], IMPOSSIBLE where there is none.

    A chain accepts some pictures and skips the others; it is worth what its candidates gain over rejecting
    them, and for each step its probability against that of a misread there. All chains are added up. A pinned
    end must be in the chain with its first candidate.

    Returns:
        All IMPOSSIBLE when no chain leads from pin to pin.
    """
    if not len(evidence.values):
        return np.zeros(evidence.values.shape)
    forward = _forward(evidence, register, begins_pinned=begins_pinned)
    total = forward.worth[-1, 0] if ends_pinned else np.logaddexp.reduce(forward.worth.ravel())
    if not ends_pinned and not begins_pinned:
        total = np.logaddexp(0.0, total)
    if total < IMPOSSIBLE / 2:
        return np.full(evidence.values.shape, IMPOSSIBLE)
    onward = _backward(evidence, forward, ends_pinned=ends_pinned)
    likely: NDArray[np.float64] = np.maximum(forward.worth + onward - total, IMPOSSIBLE)
    return likely


def _gain(evidence: Evidence) -> NDArray[np.float64]:
    """What accepting each candidate gains over rejecting the picture."""
    gain: NDArray[np.float64] = np.where(
        evidence.values >= 0, evidence.accept - evidence.reject[:, None], IMPOSSIBLE
    )
    return gain


@np.errstate(divide="ignore")
def _forward(evidence: Evidence, register: Register, *, begins_pinned: bool) -> Forward:
    """Sum over all chains up to each state."""
    count, width = evidence.values.shape
    gain, near, far, ends = _gain(evidence), [], dict[int, FarLinks](), _OpenEnds()
    read: list[bool] = np.any(evidence.values >= 0, axis=1).tolist()
    worth = np.full((count + NEAR, width), IMPOSSIBLE)
    flat, best, highest = worth.ravel(), IMPOSSIBLE, np.maximum.reduce
    for block in _near_links(evidence, register):
        near.append(block)
        for i, links in enumerate(block.matrix(), start=block.first):
            if not read[i]:
                continue
            before = flat[i * width : (i + NEAR) * width]
            most = highest(before)
            onto = np.log(np.exp(before - most) @ links) + most
            if highest(onto + gain[i]) < best:
                onto = np.logaddexp.reduce(before[:, None] + np.log(links), axis=0)
                found = _far_links(evidence, register, worth, ends.rows, i)
                if found is not None:
                    far[i] = found
                    np.logaddexp.at(onto, found.targets, flat[NEAR * width + found.states] + found.worth)
            if i == 0 or not begins_pinned:
                onto = np.logaddexp(onto, 0.0)
            here = np.maximum(onto + gain[i], IMPOSSIBLE)
            top = float(highest(here))
            here[here < top - DEAD_BELOW_BEST] = IMPOSSIBLE
            worth[i + NEAR] = here
            ends.add(i, top)
            best = max(best, top)
    return Forward(worth[NEAR:], near, far)


@np.errstate(divide="ignore")
def _backward(evidence: Evidence, forward: Forward, *, ends_pinned: bool) -> NDArray[np.float64]:
    """Sum over all chains from each state on."""
    count, width = evidence.values.shape
    gain = _gain(evidence)
    onward = np.full((count + NEAR, width), IMPOSSIBLE if ends_pinned else 0.0)
    onward[-1, 0] = 0.0
    flat = onward.ravel()
    for block in reversed(forward.near):
        matrix = block.matrix()
        for i in range(block.first + len(matrix) - 1, block.first - 1, -1):
            # Beside a state that no chain leads to, whatever follows it, the others would underflow.
            ahead = np.where(forward.worth[i] > IMPOSSIBLE / 2, gain[i] + onward[i + NEAR], IMPOSSIBLE)
            most = np.maximum.reduce(ahead)
            if most < IMPOSSIBLE / 2:
                continue
            before = slice(i * width, (i + NEAR) * width)
            flat[before] = np.logaddexp(
                flat[before], np.log(matrix[i - block.first] @ np.exp(ahead - most)) + most
            )
            if i in forward.far:
                links = forward.far[i]
                np.logaddexp.at(flat, NEAR * width + links.states, links.worth + ahead[links.targets])
    return onward[NEAR:]


def _near_links(evidence: Evidence, register: Register) -> Iterator[NearLinks]:
    """The links of all pictures with the NEAR pictures before them, block by block."""
    count, width = evidence.values.shape
    padded = np.concatenate([np.full((NEAR, width), -1, dtype=np.int64), evidence.values])
    times = np.concatenate([np.zeros(NEAR, dtype=np.int64), evidence.taken_at_s])
    doubts = np.concatenate([np.ones((NEAR, width)), evidence.doubts()])
    for first in range(0, count, BLOCK):
        rows = np.arange(first, min(first + BLOCK, count))
        before = rows[:, None] + np.arange(NEAR)
        earlier = padded[before].reshape(len(rows), NEAR * width, 1)
        later = evidence.values[rows][:, None, :]
        elapsed_s = np.repeat(evidence.taken_at_s[rows, None] - times[before], width, axis=1)[:, :, None]
        steps = steps_between(earlier, later, elapsed_s, register)
        at = np.nonzero(steps.possible & (earlier >= 0) & (later >= 0))
        past_s = elapsed_s[at[0], at[1], 0]
        doubt = doubts[before].reshape(len(rows), -1)[at[0], at[1]] * doubts[rows + NEAR][at[0], at[2]]
        linked = log_probability(steps.units[at], past_s, register, evidence.shares_of(rows[at[0]]))
        linked += _confirms(doubt, past_s, register)
        shape = (len(rows), NEAR * width, width)
        yield NearLinks(first, np.ravel_multi_index(at, shape).astype(np.int32), np.exp(linked), shape)


def _confirms(
    doubt: NDArray[np.float64], elapsed_s: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """How much (log) two values confirm each other by following one another, whatever the step.

    Args:
        doubt: float64[E], the product of their doubts.
        elapsed_s: int64[E].
        register: the counter.
    """
    feasible = np.minimum(
        MISREADS_PER_FITTING * (ceiling_units(elapsed_s, register) + 2), register.span_units
    )
    confirms: NDArray[np.float64] = np.log(feasible) * (1.0 - ALIKE_MISREADS * doubt)
    return confirms


class _OpenEnds:
    """The pictures at which the worthiest chains stand that nothing has continued for a while."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self._recent: list[tuple[int, float]] = []
        self._kept: list[tuple[float, int]] = []

    def add(self, row: int, worth: float) -> None:
        """Remember a picture; it counts as an end when the next ones are worth less."""
        if self._recent and worth < self._recent[-1][1]:
            last_row, last_worth = self._recent[-1]
            self._kept.append((last_worth, last_row))
            self._kept = sorted(self._kept, reverse=True)[:OPEN_ENDS]
            self.rows = [kept for _, kept in self._kept]
        self._recent = [(row, worth)]


def _far_links(
    evidence: Evidence, register: Register, worth: NDArray[np.float64], ends: list[int], i: int
) -> FarLinks | None:
    """Links of picture `i` with single pictures further back, None when there are none."""
    rows = np.union1d(i - FAR[i >= FAR], [row for row in ends if row < i - NEAR]).astype(np.int64)
    row, k = np.nonzero(worth[rows + NEAR] > IMPOSSIBLE / 2)
    rows = rows[row]
    elapsed_s = (evidence.taken_at_s[i] - evidence.taken_at_s[rows])[:, None]
    steps = steps_between(evidence.values[rows, k][:, None], evidence.values[i], elapsed_s, register)
    origin, target = np.nonzero(steps.possible & (evidence.values[i] >= 0))
    if not origin.size:
        return None
    shares = evidence.shares_of(np.full(origin.size, i))
    linked = log_probability(steps.units[origin, target], elapsed_s[origin, 0], register, shares)
    states = (rows * evidence.values.shape[1] + k)[origin]
    doubts = evidence.rows(np.append(rows, i)).doubts()
    doubt = doubts[np.arange(rows.size)[origin], k[origin]] * doubts[-1, target]
    return FarLinks(states, target, linked + _confirms(doubt, elapsed_s[origin, 0], register))
