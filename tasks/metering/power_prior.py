"""What a register may do between two readings: the prior on mean power and the physical ceiling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.metering.register import SECONDS_PER_HOUR, Register

# Mean power of a household: mostly some hundred watts, then cooking, now and then up to the fuses.
EXPONENTIAL_PARTS = ((0.80, 500.0), (0.15, 3000.0))
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
    units = later - earlier
    units = np.where(units < -TOLERANCE_UNITS, units + span, units)
    units = np.where(units >= span - TOLERANCE_UNITS, units - span, units)
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
    mass = UNIFORM_PART / (ceiling_units(elapsed_s, register) + 1.0)
    for weight, mean_w in EXPONENTIAL_PARTS:
        mean = mean_w / (SECONDS_PER_HOUR * register.unit_wh) * elapsed_s
        within_one = -np.expm1(-1.0 / mean)
        still = 1.0 - mean * within_one
        advanced = mean * within_one**2 * np.exp(-(np.maximum(units, 1) - 1) / mean)
        mass = mass + weight * np.where(units == 0, still, advanced)
    logs: NDArray[np.float64] = np.log(
        np.where(units < 0, BACKWARD_PROBABILITY, mass * (1.0 - BACKWARD_PROBABILITY))
    )
    return logs
