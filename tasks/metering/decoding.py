"""Series decoding: the candidates of a register's pictures become readings, or rejected with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.chain import Chain, Evidence, best_chain, weigh
from tasks.metering.margin import log_odds_of, unlinkable
from tasks.metering.quality import ReadingQuality, RejectionReason
from tasks.metering.register import Register

LEAST_LOG_ODDS = 2.0
SETTLE_AFTER = 4
# A second chain worth this many nats (about a dozen readings) beside the accepted one is proposed.
EXCHANGE_SCORE = 200.0


@dataclass(frozen=True, slots=True)
class ProposedExchange:
    """Before and after an instant the pictures disagree: the meter was exchanged, or one side is misread.

    It is proposed and never assumed: the pictures of the other side stay rejected until a person decides.

    Args:
        taken_at_s: instant of the first picture after the break.
        value_units: what the register would have shown then.
        readings: how many pictures the rejected side would give.
    """

    taken_at_s: int
    value_units: int
    readings: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of each picture, in the order given.

    Args:
        value_units: int64[N], -1 where rejected.
        rank: int64[N], 1 for the best candidate, -1 where rejected.
        log_odds: float64[N], for accepted and doubtful readings; NaN elsewhere.
        settled: bool[N], whether enough later readings were accepted for the result to stand.
        quality: measured, repaired or rejected.
        reason: why a picture gives no reading, None where it gives one.
        exchange: a break that only a person can explain, or None.
    """

    value_units: NDArray[np.int64]
    rank: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    settled: NDArray[np.bool_]
    quality: tuple[ReadingQuality, ...]
    reason: tuple[str | None, ...]
    exchange: ProposedExchange | None


def decode(
    taken_at_s: NDArray[np.int64],
    candidates: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    register: Register,
    *,
    reasons: Sequence[str | None] | None = None,
    anchor: tuple[int, int] | None = None,
    settle_after: int = SETTLE_AFTER,
) -> Decoded:
    """The most likely readings of one register's pictures.

    Args:
        taken_at_s: int64[N], ascending; of pictures of the same second at most one gives a reading.
        candidates: int64[N, K], values in units of the last drum, best first; -1 where the text has another
            number of digits or there is no candidate.
        probabilities: float64[N, K], 0 where there is no candidate.
        register: the counter they show.
        reasons: the recognition's own reason for pictures that have no candidate.
        anchor: (taken_at_s, value_units) of a settled reading before the first picture; begins the chain.
        settle_after: how many later readings must be accepted before a result is settled.

    Raises:
        ValueError: when the pictures are not in order or the shapes do not agree.
    """
    evidence = _evidence_of(taken_at_s, candidates, probabilities, register, anchor)
    chain = best_chain(evidence, register, pinned=anchor is not None)
    column, odds = _accept_likely(evidence, chain.column, register, pinned=anchor is not None)
    exchange = _propose_exchange(evidence, chain, register)
    skip = 0 if anchor is None else 1
    column, odds, evidence = column[skip:], odds[skip:], evidence.rows(slice(skip, None))
    accepted = column >= 0
    return Decoded(
        value_units=np.where(accepted, evidence.values[np.arange(len(column)), column], -1),
        rank=np.where(accepted, column + 1, -1),
        log_odds=odds,
        settled=accepted[::-1].cumsum()[::-1] - accepted >= settle_after,
        quality=tuple(_quality(int(c)) for c in column),
        reason=_reasons(evidence, accepted, odds, probabilities, reasons),
        exchange=exchange,
    )


def _check_shapes(
    taken_at_s: NDArray[np.int64], candidates: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> None:
    """Refuse pictures out of order and matrices that do not belong together."""
    pictures, _ = candidates.shape
    if candidates.shape != probabilities.shape or pictures != len(taken_at_s):
        raise ValueError(f"{len(taken_at_s)} pictures need candidates and probabilities of one shape [N, K].")
    if (np.diff(taken_at_s) < 0).any():
        raise ValueError("Pictures must be in the order in which they were taken.")


def _evidence_of(
    taken_at_s: NDArray[np.int64],
    candidates: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    register: Register,
    anchor: tuple[int, int] | None,
) -> Evidence:
    """What the pictures say, behind the anchor where there is one."""
    _check_shapes(taken_at_s, candidates, probabilities)
    if not candidates.shape[1]:
        candidates, probabilities = np.full((len(candidates), 1), -1), np.zeros((len(candidates), 1))
    usable = np.where((candidates >= 0) & (candidates < register.span_units), candidates, -1)
    evidence = weigh(taken_at_s, usable, probabilities)
    return evidence if anchor is None else _with_anchor(evidence, anchor)


def _with_anchor(evidence: Evidence, anchor: tuple[int, int]) -> Evidence:
    """The evidence with the settled reading before it."""
    taken_at_s, value_units = anchor
    values = np.full((1, evidence.values.shape[1]), -1, dtype=np.int64)
    accept = np.full(values.shape, -np.inf)
    values[0, 0], accept[0, 0] = value_units, 0.0
    return Evidence(
        np.concatenate([[taken_at_s], evidence.taken_at_s]),
        np.concatenate([values, evidence.values]),
        np.concatenate([accept, evidence.accept]),
        np.concatenate([[0.0], evidence.reject]),
    )


def _accept_likely(
    evidence: Evidence, column: NDArray[np.int64], register: Register, *, pinned: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The chain without the readings that are doubtful, and every chained reading's log-odds."""
    odds = log_odds_of(evidence, column, register)
    kept = np.where(odds >= LEAST_LOG_ODDS, column, -1)
    if pinned:
        kept[0] = column[0]
    while (surplus := unlinkable(evidence, kept, odds, register, pinned=pinned)) >= 0:
        kept[surplus] = -1
    return kept, odds


def _propose_exchange(evidence: Evidence, chain: Chain, register: Register) -> ProposedExchange | None:
    """A break before or after the chain, when the pictures beyond it make a long chain of their own."""
    inside = np.flatnonzero(chain.column >= 0)
    if not inside.size:
        return None
    first, last = int(inside[0]), int(inside[-1])
    after = best_chain(evidence.rows(slice(last + 1, None)), register)
    before = best_chain(evidence.rows(slice(0, first)), register)
    if max(after.score, before.score) < EXCHANGE_SCORE:
        return None
    other, start = (after, last + 1) if after.score >= before.score else (before, 0)
    row = start + int(np.flatnonzero(other.column >= 0)[0]) if other is after else first
    column = other.column[row - start] if other is after else chain.column[first]
    readings = int((other.column >= 0).sum())
    return ProposedExchange(int(evidence.taken_at_s[row]), int(evidence.values[row, column]), readings)


def _quality(column: int) -> ReadingQuality:
    """The quality that the chosen candidate's place gives."""
    if column < 0:
        return ReadingQuality.REJECTED
    return ReadingQuality.MEASURED if column == 0 else ReadingQuality.REPAIRED


def _reasons(
    evidence: Evidence,
    accepted: NDArray[np.bool_],
    odds: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    given: Sequence[str | None] | None,
) -> tuple[str | None, ...]:
    """Why each rejected picture gives no reading."""
    usable: NDArray[np.bool_] = np.any(evidence.values >= 0, axis=1)
    read: NDArray[np.bool_] = np.any(probabilities > 0, axis=1)
    same_instant = np.isin(evidence.taken_at_s, evidence.taken_at_s[accepted])
    doubtful = np.isfinite(odds)
    reasons: list[str | None] = []
    for i in range(len(accepted)):
        own = given[i] if given is not None else None
        if accepted[i]:
            reasons.append(None)
        elif not usable[i]:
            missing = RejectionReason.WRONG_NUMBER_OF_DIGITS if read[i] else RejectionReason.NO_CANDIDATE_FITS
            reasons.append(own or missing)
        elif same_instant[i]:
            reasons.append(RejectionReason.SAME_INSTANT)
        else:
            reasons.append(RejectionReason.DOUBTFUL if doubtful[i] else RejectionReason.NO_CANDIDATE_FITS)
    return tuple(reasons)
