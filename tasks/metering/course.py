"""How a household's power goes on: where between its neighbours a reading is likely to lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.mixture import fitted_shares
from tasks.metering.power_prior import TOLERANCE_UNITS
from tasks.metering.register import Register

# A reading lies where the mean power between its neighbours puts it, where the power before them does, or
# where the power after them does, each closely and less closely; or anywhere between them.
CLOSELY, LESS_CLOSELY = (0.0, 0.6, 0.02), (1.0, 0.6, 0.08)
# How much power changes depends on how many units lie between the neighbours.
ROOM_EDGES = np.array([2, 5, 12, 40])
DEFAULT_WAYS = np.tile([0.2, 0.07, 0.07, 0.2, 0.08, 0.08, 0.3], (len(ROOM_EDGES) + 1, 1))
# Between closer neighbours each value is as good as the next one.
LEAST_ROOM = 3
# Power further away than this says nothing.
LONGEST_S = 2 * 3600
# What is known before counts like so many readings.
PRIOR_READINGS = 100.0
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The chosen values around each reading; where there is none, `has_*` is False.

    Args:
        before: int64[R] units.
        before_s: int64[R].
        has_before: bool[R].
        after: int64[R] units.
        after_s: int64[R].
        has_after: bool[R].
        rate_before: float64[R], units a second between the two readings before, NaN where nobody knows.
        rate_after: float64[R], the same between the two readings after.
    """

    before: NDArray[np.int64]
    before_s: NDArray[np.int64]
    has_before: NDArray[np.bool_]
    after: NDArray[np.int64]
    after_s: NDArray[np.int64]
    has_after: NDArray[np.bool_]
    rate_before: NDArray[np.float64]
    rate_after: NDArray[np.float64]

    def rows(self, chosen: NDArray[np.int64]) -> "Neighbours":
        """Those of some of the readings."""
        return Neighbours(
            self.before[chosen],
            self.before_s[chosen],
            self.has_before[chosen],
            self.after[chosen],
            self.after_s[chosen],
            self.has_after[chosen],
            self.rate_before[chosen],
            self.rate_after[chosen],
        )

    def room_units(self, register: Register) -> NDArray[np.int64]:
        """Units between the two neighbours."""
        room: NDArray[np.int64] = advance(self.before, self.after, register)
        return room


def advance(earlier: NDArray[np.int64], later: NDArray[np.int64], register: Register) -> NDArray[np.int64]:
    """Units from earlier to later values across a rollover, at least -TOLERANCE_UNITS."""
    units: NDArray[np.int64] = (later - earlier + TOLERANCE_UNITS) % register.span_units - TOLERANCE_UNITS
    return units


def neighbours_of(values: NDArray[np.int64], seconds: NDArray[np.int64], register: Register) -> Neighbours:
    """The readings next to each one."""
    has_before, has_after = np.ones((2, len(values)), dtype=np.bool_)
    has_before[0], has_after[-1] = False, False
    elapsed_s = np.diff(seconds)
    units = advance(values[:-1], values[1:], register)
    rate = np.full(len(values) + 3, np.nan)
    known = (elapsed_s > 0) & (elapsed_s <= LONGEST_S) & (units <= register.span_units // 2)
    rate[2:-2][known] = np.maximum(units[known], 0) / elapsed_s[known]
    return Neighbours(
        np.roll(values, 1),
        np.roll(seconds, 1),
        has_before,
        np.roll(values, -1),
        np.roll(seconds, -1),
        has_after,
        rate[:-3],
        rate[3:],
    )


def log_worth(
    values: NDArray[np.int64],
    seconds: NDArray[np.int64],
    neighbours: Neighbours,
    register: Register,
    ways: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How much likelier values are for where they lie between their neighbours, than if anywhere did as well.

    Args:
        values: int64[R] units.
        seconds: int64[R].
        neighbours: of each.
        register: the counter.
        ways: float64[rooms, 7], as `learn_ways` gives them.

    Returns:
        float64[R], logarithms; 0 where there are not two neighbours, or nothing between them to choose.
    """
    room = np.maximum(neighbours.room_units(register), 0)
    chosen = ways[np.searchsorted(ROOM_EDGES, room, side="right")]
    likely = (_masses(values, seconds, neighbours, register) * chosen).sum(axis=1)
    tells = (
        neighbours.has_before & neighbours.has_after & (room >= LEAST_ROOM) & (not register.runs_backwards)
    )
    worth: NDArray[np.float64] = np.where(tells, np.log(likely * (room + 1 + 2 * TOLERANCE_UNITS)), 0.0)
    return worth


def learn_ways(
    values: NDArray[np.int64], seconds: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """How often a household's readings lay in each of the ways (expectation-maximisation).

    Args:
        values: int64[N] units, of readings in the order in which they were taken.
        seconds: int64[N].
        register: the counter.

    Returns:
        float64[rooms, 7], rows adding up to 1; drawn towards DEFAULT_WAYS.
    """
    ways = DEFAULT_WAYS.copy()
    if len(values) <= 2 or register.runs_backwards:  # noqa: PLR2004  (none has two neighbours)
        return ways
    neighbours = neighbours_of(values, seconds, register)
    room = neighbours.room_units(register)
    masses = _masses(values, seconds, neighbours, register)
    near = neighbours.after_s - neighbours.before_s <= LONGEST_S
    usable = neighbours.has_before & neighbours.has_after & near & (room <= register.span_units // 2)
    place = np.searchsorted(ROOM_EDGES, np.maximum(room, 0), side="right")
    for row, known in enumerate(DEFAULT_WAYS):
        found = masses[usable & (place == row)]
        ways[row] = fitted_shares(found, known, weight=PRIOR_READINGS, rounds=ROUNDS)
    return ways


def _masses(
    values: NDArray[np.int64], seconds: NDArray[np.int64], neighbours: Neighbours, register: Register
) -> NDArray[np.float64]:
    """The probability of each value in each of the ways: float64[R, 7]."""
    span = register.span_units
    room = np.maximum(neighbours.room_units(register), 0)
    past_s, left_s = seconds - neighbours.before_s, neighbours.after_s - seconds
    steady = room * past_s / np.maximum(past_s + left_s, 1)
    carried = np.clip(neighbours.rate_before * past_s, 0, room)
    back = np.clip(room - neighbours.rate_after * left_s, 0, room)
    places = np.stack([steady, *(np.where(np.isnan(each), steady, each) for each in (carried, back))], axis=1)
    advanced = (values - neighbours.before + span // 2) % span - span // 2
    off = np.abs(advanced[:, None] - places)
    masses = []
    for flat, units, part in (CLOSELY, LESS_CLOSELY):
        spread = (units + part * room)[:, None]
        masses.append(np.exp(-np.maximum(off - flat, 0.0) / spread) / (2 * (spread + flat)))
    return np.column_stack([*masses, 1.0 / (room + 1 + 2 * TOLERANCE_UNITS)])
