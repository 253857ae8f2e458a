"""What the pictures of a series say on their own, and what is known of the household beforehand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.course import DEFAULT_WAYS
from tasks.metering.power_prior import DEFAULT_SHARES

# Stands for minus infinity: it can be subtracted from itself.
IMPOSSIBLE = -1e30
MOST_LOG_ODDS = 30.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the pictures say on their own, before the series is asked.

    Args:
        taken_at_s: int64[N], ascending.
        values: int64[N, K] units, -1 where there is no candidate.
        accept: float64[N, K], log-probability of each candidate, IMPOSSIBLE where there is none.
        reject: float64[N], log-probability that none of them is right.
        shares: float64[PARTS] or [N, PARTS], the prior on the power before each picture (see `power_prior`).
        ways: float64[rooms, 7], how power goes on (see `course`).
    """

    taken_at_s: NDArray[np.int64]
    values: NDArray[np.int64]
    accept: NDArray[np.float64]
    reject: NDArray[np.float64]
    shares: NDArray[np.float64]
    ways: NDArray[np.float64]

    def rows(self, chosen: slice | NDArray[np.int64]) -> "Evidence":
        """The evidence of some of the pictures."""
        return Evidence(
            self.taken_at_s[chosen],
            self.values[chosen],
            self.accept[chosen],
            self.reject[chosen],
            self.shares if self.shares.ndim == 1 else self.shares[chosen],
            self.ways,
        )

    def shares_of(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The prior of some of the pictures."""
        return self.shares if self.shares.ndim == 1 else self.shares[rows]

    def doubts(self) -> NDArray[np.float64]:
        """How likely each candidate is wrong, as far as its picture tells: float64[N, K]."""
        doubts: NDArray[np.float64] = -np.expm1(np.maximum(self.accept, -MOST_LOG_ODDS))
        return doubts


def weigh(
    taken_at_s: NDArray[np.int64],
    values: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    shares: NDArray[np.float64] = DEFAULT_SHARES,
    ways: NDArray[np.float64] = DEFAULT_WAYS,
    *,
    trust: float,
    floor: float,
) -> Evidence:
    """Evidence from candidates and their probabilities; equal values in one row are added up on the first.

    Args:
        taken_at_s: as in `Evidence`.
        values: as in `Evidence`.
        probabilities: float64[N, K].
        shares: as in `Evidence`.
        ways: as in `Evidence`.
        trust: exponent of the probabilities; 1 when they are calibrated.
        floor: least probability that no candidate is right: what a confident misread can cost at most.
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
    accept = np.where(present, trust * np.log(np.clip(share, 1e-6, 1.0)), IMPOSSIBLE)
    reject = np.log(np.clip(1.0 - share.sum(axis=1), floor, 1.0))
    return Evidence(taken_at_s, values, accept, reject, shares, ways)
