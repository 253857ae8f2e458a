"""A made-up reader: what it makes of a register's pictures, with the misreads that real readers make."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.register import Register

WIDTH = 5
# Digits that are taken for one another on worn drums, in the dark and behind reflections.
CONFUSIONS = ("869", "74", "73", "85", "91", "63", "580", "12", "6309", "4870")
KINDS = ("substitution", "drop", "double", "stale", "nothing")
KIND_SHARES = (0.70, 0.10, 0.05, 0.10, 0.05)
TWO_DIGITS = 0.2
OVERCONFIDENT = 0.15
TRUTH_AMONG_CANDIDATES = 0.7
LONGEST_STALE_S = 6 * 3600
BURST_PICTURES = (2, 25)


@dataclass(frozen=True, slots=True)
class Misreads:
    """How a reader fails.

    Args:
        share: of the pictures with a misread of their own (a digit mistaken, dropped or doubled, an earlier
            picture delivered again, nothing seen).
        bursts: probability per picture that a run of 2 to 24 begins in which one drum is misread alike.
        jitter: share of the readings one unit off, as the last drum turns.
    """

    share: float
    bursts: float = 0.0
    jitter: float = 0.03


@dataclass(frozen=True, slots=True)
class Recognised:
    """Candidates (int64[N, 5], -1 for a wrong number of digits or none) and their probabilities."""

    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def simulate_reader(
    truth: NDArray[np.int64], register: Register, misreads: Misreads, seed: int, *, every_s: int
) -> Recognised:
    """What a reader makes of pictures that show `truth` (units, one every `every_s` seconds)."""
    chance = np.random.default_rng(seed)
    count = truth.size
    off = np.where(chance.random(count) < misreads.jitter, chance.choice([-1, 1], count), 0)
    shown = (truth + off) % register.span_units
    top, probability = shown.copy(), 1 - np.minimum(0.5, chance.exponential(0.03, count))
    kind = np.where(
        chance.random(count) < misreads.share, chance.choice(len(KINDS), count, p=KIND_SHARES), -1
    )
    longest_stale = max(1, LONGEST_STALE_S // every_s)
    _misread_singly(
        top,
        probability,
        shown,
        truth,
        kind=kind,
        register=register,
        chance=chance,
        longest_stale=longest_stale,
    )
    in_burst = _misread_in_bursts(
        top, probability, shown, bursts=misreads.bursts, register=register, chance=chance
    )
    kind[in_burst] = 0
    listed = np.isin(kind, (0, 1, 2)) & (chance.random(count) < TRUTH_AMONG_CANDIDATES)
    nothing = kind == KINDS.index("nothing")
    return _ranked(top, probability, shown, listed, nothing=nothing, register=register, chance=chance)


def _misread_singly(
    top: NDArray[np.int64],
    probability: NDArray[np.float64],
    shown: NDArray[np.int64],
    truth: NDArray[np.int64],
    *,
    kind: NDArray[np.int64],
    register: Register,
    chance: np.random.Generator,
    longest_stale: int,
) -> None:
    """Put a misread of its own kind in the place of some readings."""
    mistaken = np.flatnonzero(kind == 0)
    top[mistaken] = _confused(shown[mistaken], register, chance)
    twice = mistaken[chance.random(mistaken.size) < TWO_DIGITS]
    top[twice] = _confused(top[twice], register, chance)
    top[(kind == 1) | (kind == 2)] = -1  # noqa: PLR2004  (places in KINDS)
    unsure = np.flatnonzero((kind >= 0) & (kind <= 2))  # noqa: PLR2004
    sure = chance.random(unsure.size) < OVERCONFIDENT
    probability[unsure] = np.where(
        sure, chance.uniform(0.9, 0.99, unsure.size), chance.uniform(0.4, 0.9, unsure.size)
    )
    stale = np.flatnonzero(kind == KINDS.index("stale"))
    top[stale] = truth[np.maximum(0, stale - chance.integers(1, longest_stale + 1, stale.size))]
    probability[stale] = chance.uniform(0.9, 0.995, stale.size)


def _misread_in_bursts(
    top: NDArray[np.int64],
    probability: NDArray[np.float64],
    shown: NDArray[np.int64],
    *,
    bursts: float,
    register: Register,
    chance: np.random.Generator,
) -> NDArray[np.bool_]:
    """Misread one drum alike in whole runs; return which pictures are in one."""
    in_burst = np.zeros(top.size, dtype=np.bool_)
    for start in np.flatnonzero(chance.random(top.size) < bursts):
        if in_burst[start]:
            continue
        run = slice(int(start), int(start + chance.integers(*BURST_PICTURES)))
        place = 10 ** int(chance.integers(register.digits))
        taken_for = np.array([int(chance.choice(list(others))) for others in CONFUSIONS])
        digit = shown[run] // place % 10
        top[run] = shown[run] + (taken_for[digit] - digit) * place
        probability[run] = chance.uniform(0.45, 0.9, len(top[run]))
        in_burst[run] = True
    return in_burst


def _ranked(
    top: NDArray[np.int64],
    probability: NDArray[np.float64],
    shown: NDArray[np.int64],
    listed: NDArray[np.bool_],
    *,
    nothing: NDArray[np.bool_],
    register: Register,
    chance: np.random.Generator,
) -> Recognised:
    """The candidates by probability: the reading, the truth where it is listed, and confusions of it."""
    candidates = np.full((top.size, WIDTH), -1, dtype=np.int64)
    probabilities = np.zeros((top.size, WIDTH))
    candidates[:, 0], probabilities[:, 0] = top, probability
    base = np.where(top >= 0, top, shown)
    for k in range(1, WIDTH):
        rest = 1 - probabilities.sum(axis=1)
        candidates[:, k] = _confused(base, register, chance)
        probabilities[:, k] = np.maximum(1e-4, rest * chance.uniform(0.2, 0.6, top.size))
        if k == 1:
            candidates[listed, 1] = shown[listed]
            probabilities[listed, 1] = rest[listed] * chance.uniform(0.4, 0.9, int(listed.sum()))
    order = np.argsort(-probabilities, axis=1, kind="stable")
    candidates = np.take_along_axis(candidates, order, 1)
    probabilities = np.take_along_axis(probabilities, order, 1)
    candidates[nothing], probabilities[nothing] = -1, 0.0
    return Recognised(candidates, probabilities)


def _confused(
    values: NDArray[np.int64], register: Register, chance: np.random.Generator
) -> NDArray[np.int64]:
    """The values with one drum taken for a similar digit."""
    place = np.power(10, chance.integers(0, register.digits, values.size), dtype=np.int64)
    digit = values // place % 10
    widths = np.array([len(others) for others in CONFUSIONS])
    table = np.array([[int(others[k % len(others)]) for k in range(4)] for others in CONFUSIONS])
    other = table[digit, chance.integers(0, widths[digit])] if values.size else digit
    confused: NDArray[np.int64] = values + (other - digit) * place
    return confused
