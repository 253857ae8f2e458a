import numpy as np
import pytest

from tasks.metering.power_prior import PARTS, log_probability, step_masses, steps_between
from tasks.metering.register import Register


def register(decimals: int, digits: int = 7) -> Register:
    return Register("home/1-0:1.8.0", digits, decimals, 24_000)


@pytest.mark.parametrize("decimals", [0, 1, 3])
@pytest.mark.parametrize("elapsed_s", [1, 10, 900, 86_400])
def test_the_probabilities_of_all_steps_add_up_to_one(decimals: int, elapsed_s: int) -> None:
    counter = register(decimals, digits=9)
    units = np.arange(-1, 24_000 * elapsed_s // 3600 // counter.unit_wh + 3)
    total = np.exp(log_probability(units, np.full(units.shape, elapsed_s), counter)).sum()
    assert total == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("decimals", [0, 1, 3])
@pytest.mark.parametrize("elapsed_s", [10, 900, 86_400])
def test_each_part_of_the_prior_adds_up_to_one(decimals: int, elapsed_s: int) -> None:
    counter = register(decimals, digits=9)
    units = np.arange(10 * 24_000 * elapsed_s // 3600 // counter.unit_wh + 3)
    masses = step_masses(units, np.full(units.shape, elapsed_s), counter)
    assert masses.shape == (units.size, PARTS)
    assert masses.sum(axis=0) == pytest.approx(np.ones(PARTS), abs=1e-3)


@pytest.mark.parametrize(
    ("elapsed_s", "likelier", "unlikelier"),
    [
        (10, 0, 1),
        (900, 0, 20),
        (900, 1, 60),
        (86_400, 90, 4000),
        (40 * 86_400, 4000, 200_000),
    ],
)
def test_ordinary_steps_are_likelier(elapsed_s: int, likelier: int, unlikelier: int) -> None:
    a, b = log_probability(np.array([likelier, unlikelier]), np.array([elapsed_s] * 2), register(1))
    assert a > b


@pytest.mark.parametrize(
    ("earlier", "later", "elapsed_s", "units", "possible"),
    [
        (100, 100, 10, 0, True),
        (100, 101, 1, 1, True),
        (100, 102, 1, 2, False),
        (100, 99, 10, -1, True),
        (100, 98, 10, 9_999_998, False),
        (9_999_999, 0, 900, 1, True),
        (0, 9_999_999, 900, -1, True),
        (100, 160, 900, 60, True),
        (100, 161, 900, 61, True),
        (100, 162, 900, 62, False),
        (100, 100, 0, 0, False),
        (5_000_000, 4_000_000, 400 * 86_400, 9_000_000, False),
        (0, 2_000_000, 365 * 86_400, 2_000_000, True),
        (9_995_000, 0, 86_400, 5_000, True),
        (9_990_000, 12, 60 * 86_400, 10_012, True),
        (9_900_000, 12, 60 * 86_400, 100_012, False),
        (9_000_000, 9_100_012, 60 * 86_400, 100_012, True),
    ],
)
def test_steps_roll_over_and_stay_below_the_ceiling(
    earlier: int, later: int, elapsed_s: int, units: int, possible: bool
) -> None:
    steps = steps_between(np.array([earlier]), np.array([later]), np.array([elapsed_s]), register(1))
    assert (steps.units[0], steps.possible[0]) == (units, possible)
