from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.metering.decoding import Decoded, decode
from tasks.metering.misreads import Misreads, simulate_reader
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household
from tasks.metering.stretch import Break

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
QUARTER = 900
DAY = 86_400
START_AT = datetime(2026, 3, 20, tzinfo=UTC)


Picture = tuple[int, list[tuple[int, float]]]


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


def decoded(
    pictures: Sequence[Picture],
    register: Register = HOME,
    *,
    anchor: tuple[int, int] | None = None,
    reasons: Sequence[str | None] | None = None,
    pins: dict[int, int] | None = None,
    breaks: Sequence[Break] = (),
) -> Decoded:
    """Decode pictures given as (seconds, [(value, probability), ...])."""
    width = max((len(found) for _, found in pictures), default=0)
    candidates = np.full((len(pictures), width), -1, dtype=np.int64)
    probabilities = np.zeros((len(pictures), width))
    for i, (_, found) in enumerate(pictures):
        for k, (value, probability) in enumerate(found):
            candidates[i, k], probabilities[i, k] = value, probability
    at_s = np.array([seconds for seconds, _ in pictures], dtype=np.int64)
    pinned = np.full(len(pictures), -1, dtype=np.int64)
    for i, value in (pins or {}).items():
        pinned[i] = value
    return decode(
        at_s, candidates, probabilities, register, anchor=anchor, reasons=reasons, pins=pinned, breaks=breaks
    )


def clear(values: Sequence[int], every_s: int = QUARTER, start_s: int = 0) -> list[Picture]:
    """Pictures that are read without doubt."""
    return [(start_s + i * every_s, [(value, 0.95)]) for i, value in enumerate(values)]
