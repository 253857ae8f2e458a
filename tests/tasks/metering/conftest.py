from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

START_AT = datetime(2026, 3, 20, tzinfo=UTC)
WIDTH = 5


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
    misread: float,
    seed: int,
    start_units: float = 361_097,
    every_min: int = 15,
) -> Series:
    """A household's pictures; a misread has one wrong digit and in 70 % the truth as its second candidate."""
    chance = np.random.default_rng(seed)
    positions = register_positions(simulate_household(START_AT, days, seed), start_units, register)
    minutes = np.arange(0, positions.size, every_min)
    truth = np.floor(positions[minutes]).astype(np.int64)
    top, probability = truth.copy(), 1 - np.minimum(0.5, chance.exponential(0.03, truth.size))
    wrong = np.flatnonzero(chance.random(truth.size) < misread)
    top[wrong] = _mistaken(truth[wrong], register, chance)
    probability[wrong] = chance.uniform(0.4, 0.95, wrong.size)
    candidates = np.stack([top, *(_mistaken(top, register, chance) for _ in range(1, WIDTH))], axis=1)
    repairable = wrong[chance.random(wrong.size) < 0.7]
    candidates[repairable, 1] = truth[repairable]
    probabilities = (1 - probability)[:, None] * 0.5 ** np.arange(WIDTH)
    probabilities[:, 0] = probability
    return Series(int(START_AT.timestamp()) + 60 * minutes, candidates, probabilities, truth)


def _mistaken(
    values: NDArray[np.int64], register: Register, chance: np.random.Generator
) -> NDArray[np.int64]:
    """The values with one digit mistaken for another."""
    place = np.power(10, chance.integers(0, register.digits, values.size), dtype=np.int64)
    digit = values // place % 10
    other = (digit + chance.integers(1, 10, values.size)) % 10
    mistaken: NDArray[np.int64] = values + (other - digit) * place
    return mistaken
