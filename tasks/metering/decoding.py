"""Series decoding: the candidates of a register's pictures become readings, or rejected with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.anew import read_stretch
from tasks.metering.evidence import Evidence, weigh
from tasks.metering.habits import Habits
from tasks.metering.power_prior import DEFAULT_SHARES, TOLERANCE_UNITS
from tasks.metering.quality import ReadingQuality, RejectionReason
from tasks.metering.register import Register
from tasks.metering.stretch import Break, ProposedExchange, stretches
from tasks.metering.told import first_break

SETTLE_AFTER = 4
# Probabilities that nobody has calibrated are trusted less; then a confident misread costs at most log 0.02.
UNCALIBRATED_TRUST, UNCALIBRATED_FLOOR, CALIBRATED_FLOOR = 0.8, 0.02, 0.005


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of each picture, in the order given.

    Args:
        value_units: int64[N], -1 where rejected. A reading that both neighbours contradict by one unit takes
            the nearest value they allow, so it may lie one unit beside its candidate.
        rank: int64[N], 1 for the best candidate, -1 where none was accepted.
        log_odds: float64[N], for accepted and doubtful readings; NaN elsewhere.
        settled: bool[N], whether enough later readings were accepted for the result to stand.
        quality: measured, repaired, estimated (pinned by its neighbours), manual or rejected.
        reason: why a picture was not read, None where it was.
        low_units: int64[N], least value the register can have shown; -1 but for estimated readings.
        high_units: int64[N], the greatest.
        exchange: the first break that only a person can explain, or None.
    """

    value_units: NDArray[np.int64]
    rank: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    settled: NDArray[np.bool_]
    quality: tuple[ReadingQuality, ...]
    reason: tuple[str | None, ...]
    low_units: NDArray[np.int64]
    high_units: NDArray[np.int64]
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
    pins: NDArray[np.int64] | None = None,
    breaks: Sequence[Break] = (),
    habits: Habits | None = None,
    hours: NDArray[np.int64] | None = None,
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
        pins: int64[N], what a person read (units), -1 elsewhere; the chain goes through it.
        breaks: instants at which the register jumped, and from what to what.
        habits: what earlier readings taught; with them, the probabilities are calibrated.
        hours: int64[N], local hours; without them the habits' mean over the day holds.

    Raises:
        ValueError: when the pictures are not in order or the shapes do not agree.
    """
    _check_shapes(taken_at_s, candidates, probabilities)
    evidence = _evidence_of(taken_at_s, candidates, probabilities, register, habits=habits, hours=hours)
    pins = np.full(len(taken_at_s), -1, dtype=np.int64) if pins is None else pins
    rank = np.full(len(taken_at_s), -1, dtype=np.int64)
    value, low, high = pins.copy(), rank.copy(), rank.copy()
    odds = np.where(pins >= 0, np.inf, np.nan)
    exchange: ProposedExchange | None = None
    for stretch in stretches(taken_at_s, pins, breaks, anchor):
        part = evidence.rows(stretch.rows)
        found, other = read_stretch(part, stretch, register)
        exchange = exchange or other
        value[stretch.rows] = found.value_units
        rank[stretch.rows] = np.where(found.column >= 0, found.column + 1, -1)
        odds[stretch.rows] = found.log_odds
        low[stretch.rows], high[stretch.rows] = found.low_units, found.high_units
    accepted = (rank > 0) | (pins >= 0)
    known = list(zip(taken_at_s[accepted].tolist(), value[accepted].tolist(), strict=True))
    known = known if anchor is None else [anchor, *known]
    return Decoded(
        value_units=value,
        rank=rank,
        log_odds=odds,
        settled=accepted[::-1].cumsum()[::-1] - accepted >= settle_after,
        quality=_qualities(value, rank, pins, candidates),
        reason=_reasons(evidence, accepted, odds, probabilities, reasons),
        low_units=low,
        high_units=high,
        exchange=first_break(exchange, known, taken_at_s[pins >= 0], breaks, register),
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
    *,
    habits: Habits | None,
    hours: NDArray[np.int64] | None,
) -> Evidence:
    """What the pictures say by themselves, with what earlier ones taught."""
    if not candidates.shape[1]:
        candidates, probabilities = np.full((len(candidates), 1), -1), np.zeros((len(candidates), 1))
    usable = np.where((candidates >= 0) & (candidates < register.span_units), candidates, -1)
    if habits is None:
        return weigh(
            taken_at_s,
            usable,
            probabilities,
            DEFAULT_SHARES,
            trust=UNCALIBRATED_TRUST,
            floor=UNCALIBRATED_FLOOR,
        )
    elapsed_s = np.diff(taken_at_s, prepend=taken_at_s[:1])
    shares = habits.shares[-1] if hours is None else habits.shares_at(hours, elapsed_s)
    calibrated = habits.calibrate(usable, probabilities)
    return weigh(taken_at_s, usable, calibrated, shares, habits.ways, trust=1.0, floor=CALIBRATED_FLOOR)


def _qualities(
    value: NDArray[np.int64], rank: NDArray[np.int64], pins: NDArray[np.int64], candidates: NDArray[np.int64]
) -> tuple[ReadingQuality, ...]:
    """How far each result can be trusted."""
    top = candidates[:, 0] if candidates.shape[1] else np.full(len(value), -1)
    names = np.select(
        [pins >= 0, value < 0, rank < 0, (rank == 1) & (np.abs(value - top) <= TOLERANCE_UNITS)],
        [ReadingQuality.MANUAL, ReadingQuality.REJECTED, ReadingQuality.ESTIMATED, ReadingQuality.MEASURED],
        ReadingQuality.REPAIRED,
    )
    return tuple(map(ReadingQuality, names.tolist()))


def _reasons(
    evidence: Evidence,
    accepted: NDArray[np.bool_],
    odds: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    given: Sequence[str | None] | None,
) -> tuple[str | None, ...]:
    """Why each picture was not read."""
    usable: NDArray[np.bool_] = np.any(evidence.values >= 0, axis=1)
    read: NDArray[np.bool_] = np.any(probabilities > 0, axis=1)
    same_instant = np.isin(evidence.taken_at_s, evidence.taken_at_s[accepted])
    missing = np.where(read, RejectionReason.WRONG_NUMBER_OF_DIGITS, RejectionReason.NO_CANDIDATE_FITS)
    fitting = np.where(np.isfinite(odds), RejectionReason.DOUBTFUL, RejectionReason.NO_CANDIDATE_FITS)
    names = np.where(~usable, missing, np.where(same_instant, RejectionReason.SAME_INSTANT, fitting)).tolist()
    reasons: list[str | None] = [None if taken else name for taken, name in zip(accepted, names, strict=True)]
    for i in np.flatnonzero(~accepted & ~usable).tolist() if given is not None else ():
        reasons[i] = (given[i] if given is not None else None) or reasons[i]
    return tuple(reasons)
