"""What a register may do between two readings: the prior on mean power and the physical ceiling."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from tasks.metering.register import SECONDS_PER_HOUR, Register

# Mean power of a household is taken for a mixture of exponentials, of bands of equal width up to the fuses
# (what a household never draws, it hardly draws now), and a part that is uniform up to the fuses.
MEANS_W = np.array([60.0, 180.0, 500.0, 1200.0, 3000.0, 8000.0])
BANDS = 12
PARTS = len(MEANS_W) + BANDS
# Before anything is known of the household: mostly some hundred watts, then cooking.
DEFAULT_SHARES = np.concatenate([[0.0, 0.0, 0.80, 0.0, 0.15, 0.0], np.zeros(BANDS)])
UNIFORM_PART = 0.05
BACKWARD_PROBABILITY = 0.02
TOLERANCE_UNITS = 1
# After days without pictures a new meter, near 0, looks like a rollover. Beyond a day one may take a sixth of
# the fuses' power: no household draws more on average (of 24 kW: 35,000 kWh a year).
A_DAY_S, ROLLOVER_SHARE = 86_400, 6


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps from earlier to later values: units advanced (across a rollover too), and which are possible.

    Args:
        units: int64, at least -TOLERANCE_UNITS; of a register that may run backwards, any sign.
        possible: whether the fuses allow it and time has passed.
    """

    units: NDArray[np.int64]
    possible: NDArray[np.bool_]


def steps_between(
    earlier: NDArray[np.int64], later: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register
) -> Steps:
    """Units advanced from `earlier` to `later`, and whether `elapsed_s` allows it (all broadcast).

    A rollover in a longer time takes a mean power that a household has.
    """
    span = register.span_units
    lowest = -(span // 2) if register.runs_backwards else -TOLERANCE_UNITS
    units = later - earlier
    units = units + span * ((units < lowest).astype(np.int64) - (units >= lowest + span))
    ceiling = ceiling_units(elapsed_s, register) + TOLERANCE_UNITS
    possible = (elapsed_s > 0) & (units <= ceiling) & (units >= np.maximum(lowest, -ceiling))
    if not register.runs_backwards and np.max(elapsed_s, initial=0) > A_DAY_S:
        likely_s = np.minimum(elapsed_s, A_DAY_S) + (elapsed_s - A_DAY_S).clip(0) // ROLLOVER_SHARE
        rolls_over = units > later - earlier
        possible &= ~rolls_over | (units <= ceiling_units(likely_s, register) + TOLERANCE_UNITS)
    return Steps(units, possible)


def may_follow(earlier_wh: int, later_wh: int, elapsed: timedelta, register: Register) -> bool:
    """Whether a register can have gone from one reading to another in this time.

    Args:
        earlier_wh: what it showed first.
        later_wh: what it is said to have shown then.
        elapsed: the time between the two.
        register: its drums and its fuses.
    """
    earlier, later = (np.array([wh // register.unit_wh]) for wh in (earlier_wh, later_wh))
    elapsed_s = np.array([max(1, int(elapsed.total_seconds()))])
    return bool(steps_between(earlier, later, elapsed_s, register).possible.all())


def ceiling_units(elapsed_s: NDArray[np.int64], register: Register) -> NDArray[np.int64]:
    """Whole units the fuses let through in this time."""
    ceiling: NDArray[np.int64] = register.max_power_w * elapsed_s // (SECONDS_PER_HOUR * register.unit_wh)
    return ceiling


def log_probability(
    units: NDArray[np.int64],
    elapsed_s: NDArray[np.int64],
    register: Register,
    shares: NDArray[np.float64] = DEFAULT_SHARES,
) -> NDArray[np.float64]:
    """Log of the probability that the register advances by exactly so many units in so many seconds.

    The last drum's hidden phase is uniform, so a true energy of E units shows as d with the weight
    max(0, 1 - |E - d|); integrating that over an exponential of mean m or over a band gives the closed forms
    of `step_masses`. They stay right when a unit takes months and when thousands pass in a minute. A register
    that may run backwards does so as likely as forwards.

    Args:
        units: int64[E], possible steps as `steps_between` gives them.
        elapsed_s: int64[E], above 0.
        register: its unit and ceiling.
        shares: float64[PARTS] or [E, PARTS], what each exponential of MEANS_W and each band contributes; the
            rest is uniform.
    """
    used = np.flatnonzero(shares.reshape(-1, PARTS).any(axis=0))
    masses = step_masses(np.abs(units) if register.runs_backwards else units, elapsed_s, register, used)
    mass = (masses * shares[..., used]).sum(axis=-1)
    mass += (1.0 - shares.sum(axis=-1)) / (ceiling_units(elapsed_s, register) + 2.0)
    if register.runs_backwards:
        mass *= np.where(units == 0, 1.0, 0.5)
    else:
        mass = np.where(units < 0, BACKWARD_PROBABILITY, (1.0 - BACKWARD_PROBABILITY) * mass)
    logs: NDArray[np.float64] = np.log(mass)
    return logs


def step_masses(
    units: NDArray[np.int64],
    elapsed_s: NDArray[np.int64],
    register: Register,
    used: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """The probability of each step under each part of the prior (or those `used`): float64[E, PARTS]."""
    used = np.arange(PARTS) if used is None else used
    is_band = used >= len(MEANS_W)
    exponentials = _exponential_masses(units, elapsed_s, register, MEANS_W[used[~is_band]])
    if not is_band.any():
        return exponentials
    return np.concatenate(
        [exponentials, _band_masses(units, elapsed_s, register, used[is_band] - len(MEANS_W))], axis=-1
    )


def _exponential_masses(
    units: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register, means_w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The probability of each step under exponentials of these means: float64[E, M]."""
    lengths, which = np.unique(elapsed_s, return_inverse=True)
    mean = lengths[:, None] * (means_w / (SECONDS_PER_HOUR * register.unit_wh))
    within_one = -np.expm1(-1.0 / mean)
    moved = mean * within_one
    advanced = (moved * within_one)[which] * np.exp(
        (1 - np.maximum(units, 1))[..., None] * (1.0 / mean)[which]
    )
    return np.where(units[..., None] == 0, (1.0 - moved)[which], advanced)


def _band_masses(
    units: NDArray[np.int64], elapsed_s: NDArray[np.int64], register: Register, bands: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The probability of each step under these bands of power: float64[E, B]."""
    width = elapsed_s * (register.max_power_w / (BANDS * SECONDS_PER_HOUR * register.unit_wh))
    # The integral of max(0, 1 - |e|) from -1 up to each edge of a band, as seen from the step.
    edges = np.clip(np.arange(BANDS + 1) * width[..., None] - units[..., None], -1.0, 1.0)
    below = edges - 0.5 * edges * np.abs(edges)
    masses: NDArray[np.float64] = np.diff(below, axis=-1)[..., bands] / width[..., None]
    return masses
