"""What a register's settled readings teach: its household's power by the hour, its reader's honesty."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.metering.course import DEFAULT_WAYS, learn_ways
from tasks.metering.mixture import fitted_shares
from tasks.metering.power_prior import BANDS, DEFAULT_SHARES, PARTS, UNIFORM_PART, ceiling_units, step_masses
from tasks.metering.register import Register

HOURS = 24
# Between readings further apart no single hour speaks; the household's mean over the day does.
ONE_HOUR_S = 3600
# What is known before counts like so many steps of an hour, or so many pictures of a bin.
PRIOR_STEPS, PRIOR_PICTURES = 40.0, 20.0
ROUNDS = 40
# Power seen in one band makes the bands beside it likelier by this share of it.
BESIDE = 0.25
# A household may get a car tomorrow: no band has less than this share.
LEAST_SHARE = 0.002
TOP_EDGES = np.array([0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0])
LOWER_EDGES = np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0])
# Where the best candidate is wrong, so often no other one is right, before anything is known.
NONE_RIGHT = 0.5
# However honest a reader has been, it may be wrong next time.
MOST_TRUSTED = 0.995


@dataclass(frozen=True, slots=True)
class Habits:
    """A learned prior, for `decode`.

    Args:
        shares: float64[25, PARTS], what each part of `power_prior` contributes in each local hour; the last
            row holds for longer times.
        top: how often the best candidate was right, for its probability between TOP_EDGES.
        lower: the same of the other candidates, between LOWER_EDGES.
        none: how often no candidate was right, for the best one's probability between TOP_EDGES.
        ways: float64[rooms, 7], how its power goes on (see `course`).
    """

    shares: NDArray[np.float64]
    top: NDArray[np.float64]
    lower: NDArray[np.float64]
    none: NDArray[np.float64]
    ways: NDArray[np.float64]

    def shares_at(self, hours: NDArray[np.int64], elapsed_s: NDArray[np.int64]) -> NDArray[np.float64]:
        """The prior of each step: that of its local hour, or of the day where it takes long."""
        rows: NDArray[np.float64] = self.shares[np.where(elapsed_s <= ONE_HOUR_S, hours, HOURS)]
        return rows

    def calibrate(
        self, candidates: NDArray[np.int64], probabilities: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How often such candidates were right: float64[N, K], rows adding up to less than 1."""
        right = np.empty_like(probabilities)
        best = _bins(probabilities[:, :1], TOP_EDGES)
        right[:, :1] = self.top[best]
        right[:, 1:] = self.lower[_bins(probabilities[:, 1:], LOWER_EDGES)]
        right = np.where(candidates >= 0, right, 0.0)
        # One of them is right, or none.
        right /= right.sum(axis=1, keepdims=True) + self.none[best]
        return right

    def to_frame(self) -> pl.DataFrame:
        """The habits as rows: kind, i, j, value."""
        parts = {
            "power": self.shares,
            "top": self.top[:, None],
            "lower": self.lower[:, None],
            "none": self.none[:, None],
            "ways": self.ways,
        }
        return pl.concat(
            pl.DataFrame(
                {
                    "kind": np.full(part.size, kind),
                    "i": np.repeat(np.arange(part.shape[0]), part.shape[1]),
                    "j": np.tile(np.arange(part.shape[1]), part.shape[0]),
                    "value": part.ravel(),
                },
                schema={"kind": pl.String(), "i": pl.Int64(), "j": pl.Int64(), "value": pl.Float64()},
            )
            for kind, part in parts.items()
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "Habits":
        """The habits from the rows that `to_frame` gave.

        Raises:
            ValueError: when they are not complete; learn them anew.
        """
        parts = {
            kind: frame.filter(pl.col("kind") == kind).sort("i", "j")["value"].to_numpy()
            for kind in ("power", "top", "lower", "none", "ways")
        }
        expected = (
            (HOURS + 1) * PARTS,
            len(TOP_EDGES) - 1,
            len(LOWER_EDGES) - 1,
            len(TOP_EDGES) - 1,
            DEFAULT_WAYS.size,
        )
        if tuple(part.size for part in parts.values()) != expected:
            raise ValueError("These habits are not complete; learn them anew.")
        return cls(
            parts["power"].reshape(HOURS + 1, -1),
            parts["top"],
            parts["lower"],
            parts["none"],
            parts["ways"].reshape(DEFAULT_WAYS.shape),
        )


def learn(
    seconds: NDArray[np.int64],
    hours: NDArray[np.int64],
    values: NDArray[np.int64],
    candidates: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    register: Register,
) -> Habits:
    """Habits from settled pictures.

    Args:
        seconds: int64[N], ascending.
        hours: int64[N], local hour of the day.
        values: int64[N], the decoded reading in units, -1 where it was rejected.
        candidates: int64[N, K], as `decode` takes them.
        probabilities: float64[N, K].
        register: the counter.
    """
    right = (candidates == values[:, None]) & (candidates >= 0) & (values[:, None] >= 0)
    read = candidates >= 0
    best, first = _bins(probabilities[:, :1], TOP_EDGES), read[:, :1]
    nothing = ~right.any(axis=1, keepdims=True)
    claimed = _middles(TOP_EDGES)
    top = _shares_right(best, right[:, :1], first, claimed)
    none = _shares_right(best, nothing, first, NONE_RIGHT * (1.0 - claimed))
    others = _bins(probabilities[:, 1:], LOWER_EDGES)
    lower = _shares_right(others, right[:, 1:], read[:, 1:], _middles(LOWER_EDGES))
    given = np.flatnonzero(values >= 0)
    elapsed_s = np.diff(seconds[given])
    units = (np.diff(values[given]) + 1) % register.span_units - 1
    usable = (elapsed_s > 0) & (elapsed_s <= ONE_HOUR_S) & (units >= 0)
    usable &= units <= ceiling_units(elapsed_s, register) + 1
    shares = _shares_by_hour(units[usable], elapsed_s[usable], hours[given][1:][usable], register)
    return Habits(
        shares,
        top,
        lower,
        np.maximum(none, 1.0 - MOST_TRUSTED),
        learn_ways(values[given], seconds[given], register),
    )


def _shares_by_hour(
    units: NDArray[np.int64], elapsed_s: NDArray[np.int64], hours: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """The mixture that explains the steps best, hour by hour (expectation-maximisation)."""
    blind = 1.0 / (ceiling_units(elapsed_s, register) + 2.0)
    masses = np.column_stack([step_masses(units, elapsed_s, register), blind])
    day = _fit_shares(masses, np.append(DEFAULT_SHARES, UNIFORM_PART))
    by_hour = [_fit_shares(masses[hours == hour], day) for hour in range(HOURS)]
    return np.stack([*by_hour, day])[:, :-1]


def _fit_shares(masses: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of a mixture, drawn towards those known before; never nothing for any part."""
    anchor = 0.98 * known + 0.02 / len(known)
    shares = fitted_shares(masses, anchor, weight=PRIOR_STEPS, rounds=ROUNDS)
    bands = slice(-1 - BANDS, -1)
    beside = np.convolve(shares[bands], [0.5, 0.0, 0.5], mode="same")
    shares[bands] = np.maximum((1.0 - BESIDE) * shares[bands] + BESIDE * beside, LEAST_SHARE)
    smoothed: NDArray[np.float64] = shares / shares.sum()
    return smoothed


def _bins(probabilities: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each probability."""
    bins: NDArray[np.int64] = np.clip(np.digitize(probabilities, edges) - 1, 0, len(edges) - 2)
    return bins


def _middles(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle of each bin."""
    middles: NDArray[np.float64] = (edges[:-1] + edges[1:]) / 2
    return middles


def _shares_right(
    bins: NDArray[np.int64], right: NDArray[np.bool_], read: NDArray[np.bool_], claimed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often something held in each bin, drawn towards what is claimed."""
    seen = np.bincount(bins[read], minlength=len(claimed))
    hits = np.bincount(bins[right & read], minlength=len(claimed))
    return np.minimum((hits + PRIOR_PICTURES * claimed) / (seen + PRIOR_PICTURES), MOST_TRUSTED)
