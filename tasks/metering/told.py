"""What people told against what was read: readings of theirs that can't have followed the one before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.metering.power_prior import steps_between
from tasks.metering.register import Register
from tasks.metering.stretch import Break, Instant, ProposedExchange


def contradicting_rows(
    seconds: NDArray[np.int64],
    units: NDArray[np.int64],
    told: NDArray[np.bool_],
    jumped_s: Sequence[int],
    register: Register,
) -> NDArray[np.int64]:
    """The rows of a person's readings that can't have followed the reading before them.

    Args:
        seconds: int64[R] of all readings, ascending.
        units: int64[R], what they are.
        told: bool[R], which of them a person set.
        jumped_s: instants of known jumps; across one, any reading may follow.
        register: what may follow what.
    """
    elapsed_s = np.maximum(np.diff(seconds), 1)
    possible = steps_between(units[:-1], units[1:], elapsed_s, register).possible
    rows: NDArray[np.int64] = np.flatnonzero(told[1:] & ~possible) + 1
    return np.setdiff1d(rows, np.searchsorted(seconds, jumped_s))


def first_break(
    exchange: ProposedExchange | None,
    accepted: Sequence[Instant],
    pinned_s: NDArray[np.int64],
    breaks: Sequence[Break],
    register: Register,
) -> ProposedExchange | None:
    """An exchange that pictures tell, or a person's reading that can't have followed: the earlier one.

    Args:
        exchange: what pictures tell; where they contradict the same reading, their word is the clearer one.
        accepted: the readings, ascending.
        pinned_s: instants of those that a person set.
        breaks: known jumps.
        register: what may follow what.
    """
    if not len(accepted):
        return exchange
    seconds, units = np.array(accepted, dtype=np.int64).T
    jumped_s = [jump.at_s for jump in breaks]
    rows = contradicting_rows(seconds, units, np.isin(seconds, pinned_s), jumped_s, register)
    if not rows.size or (exchange is not None and exchange.last_at_s <= seconds[rows[0]]):
        return exchange
    row = int(rows[0])
    earlier, later = accepted[row - 1], accepted[row]
    return ProposedExchange(*later, 0, *earlier, 0.0)
