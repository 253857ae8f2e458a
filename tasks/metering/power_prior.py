"""What a register may do between two readings: the prior on mean power and the physical ceiling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.register import SECONDS_PER_HOUR, Register

# Mean power of a household: mostly some hundred watts, then cooking, now and then up to the fuses.
EXPONENTIAL_SHARES = np.array([0.80, 0.15])
EXPONENTIAL_MEANS_W = np.array([500.0, 3000.0])
UNIFORM_PART = 0.05
BACKWARD_PROBABILITY = 0.02
TOLERANCE_UNITS = 1


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps from earlier to later values: units advanced (across a rollover too), and which are possible.

    Args:
        units: int64, at least -TOLERANCE_UNITS.
        possible: whether the fuses allow it and time has passed.
    """

    units: NDArray[np.int64]
    possible: NDArray[np.bool_]


def steps_between(
    earlier: NDArray[np.int64], later: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register
) -> Steps:
    """Units advanced from `earlier` to `later`, and whether `elapsed_s` allows it (all broadcast)."""
    span = register.span_units
    units = (later - earlier + TOLERANCE_UNITS) % span - TOLERANCE_UNITS
    possible = (elapsed_s > 0) & (units <= ceiling_units(elapsed_s, register) + TOLERANCE_UNITS)
    return Steps(units, possible)


def ceiling_units(elapsed_s: NDArray[np.int64], register: Register) -> NDArray[np.int64]:
    """Whole units the fuses let through in this time."""
    ceiling: NDArray[np.int64] = register.max_power_w * elapsed_s // (SECONDS_PER_HOUR * register.unit_wh)
    return ceiling


def log_probability(
    units: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register
) -> NDArray[np.float64]:
    """Log of the probability that the register advances by exactly so many units in so many seconds.

    The last drum's hidden phase is uniform, so a true energy of E units shows as d with the weight
    max(0, 1 - |E - d|); integrating that over an exponential of mean m gives the closed forms below.
    They stay right when a unit takes months and when thousands pass in a minute.
    """
    per_second = EXPONENTIAL_MEANS_W / (SECONDS_PER_HOUR * register.unit_wh)
    mean = per_second.reshape(-1, *[1] * elapsed_s.ndim) * elapsed_s
    within_one = -np.expm1(-1.0 / mean)
    moved = mean * within_one
    advanced = moved * within_one * np.exp((1 - np.maximum(units, 1)) / mean)
    parts = np.where(units == 0, 1.0 - moved, advanced)
    mass = (EXPONENTIAL_SHARES @ parts.reshape(len(parts), -1)).reshape(parts.shape[1:])
    mass += UNIFORM_PART / (ceiling_units(elapsed_s, register) + 2.0)
    mass *= 1.0 - BACKWARD_PROBABILITY
    logs: NDArray[np.float64] = np.log(np.where(units < 0, BACKWARD_PROBABILITY, mass))
    return logs
