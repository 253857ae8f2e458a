from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.metering.misreads import Misreads, simulate_reader
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

START_AT = datetime(2026, 3, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Series:
    """What a reader makes of a household's pictures, and the truth."""

    taken_at_s: NDArray[np.int64]
    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]


@pytest.fixture
def read_household() -> Callable[..., Series]:
    return simulated_series


def simulated_series(
    register: Register,
    *,
    days: int,
    misreads: Misreads,
    seed: int,
    start_units: float = 361_097,
    every_min: int = 15,
    electric_car: bool = True,
) -> Series:
    """A household, and what a reader makes of its pictures."""
    power_w = simulate_household(START_AT, days, seed, electric_car=electric_car)
    positions = register_positions(power_w, start_units, register)
    minutes = np.arange(0, positions.size, every_min)
    truth = np.floor(positions[minutes]).astype(np.int64)
    read = simulate_reader(truth, register, misreads, seed, every_s=60 * every_min)
    return Series(int(START_AT.timestamp()) + 60 * minutes, read.candidates, read.probabilities, truth)
