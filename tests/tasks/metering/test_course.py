import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.metering.course import DEFAULT_WAYS, learn_ways, log_worth, neighbours_of
from tasks.metering.register import Register

FINE = Register("home/1-0:1.8.0", digits=9, decimals=3, max_power_w=24_000)
TURNING = Register("home/1-0:1.8.0", digits=9, decimals=3, max_power_w=24_000, runs_backwards=True)
MINUTE = 60


def worth_of(values: list[int], register: Register = FINE, seconds: list[int] | None = None) -> list[float]:
    """How likely each value is for where it lies, in nats."""
    chosen = np.array(values)
    at_s = np.arange(len(values)) * MINUTE if seconds is None else np.array(seconds)
    neighbours = neighbours_of(chosen, at_s, register)
    return [float(worth) for worth in log_worth(chosen, at_s, neighbours, register, DEFAULT_WAYS)]


@pytest.mark.parametrize(
    ("likelier", "unlikelier"),
    [
        pytest.param([0, 10, 20, 30, 40], [0, 10, 14, 30, 40], id="steady power"),
        pytest.param([0, 10, 20, 21, 22], [0, 10, 11, 21, 22], id="the power before goes on"),
        pytest.param([0, 1, 2, 12, 22], [0, 1, 11, 12, 22], id="the power after began earlier"),
        pytest.param([999_999_985, 999_999_995, 5, 15], [999_999_985, 999_999_995, 13, 15], id="rollover"),
    ],
)
def test_a_reading_lies_where_the_power_around_it_puts_it(likelier: list[int], unlikelier: list[int]) -> None:
    assert worth_of(likelier)[2] > worth_of(unlikelier)[2]


@pytest.mark.parametrize(
    ("values", "register", "at"),
    [
        pytest.param([0, 10, 20], FINE, 0, id="none before"),
        pytest.param([0, 10, 20], FINE, 2, id="none after"),
        pytest.param([0, 0, 2], FINE, 1, id="neighbours too close to tell"),
        pytest.param([0, 10, 40], TURNING, 1, id="a register that may run backwards"),
    ],
)
def test_where_nothing_tells_anywhere_is_as_good(values: list[int], register: Register, at: int) -> None:
    assert worth_of(values, register)[at] == 0.0


def steps(chance: np.random.Generator, *, steady: bool) -> NDArray[np.int64]:
    """Units a minute: the same for hours, or another each time."""
    return np.repeat(chance.integers(3, 40, 50), 40) if steady else chance.integers(0, 40, 2000)


def test_a_steady_household_teaches_to_expect_steadiness() -> None:
    chance = np.random.default_rng(5)
    at_s = np.arange(2001) * MINUTE
    shares = []
    for steady in (True, False):
        values = np.concatenate([[0], steps(chance, steady=steady).cumsum()])
        ways = learn_ways(values, at_s, FINE)
        assert ways.sum(axis=1) == pytest.approx(1.0)
        shares.append(ways[-1, 0])
    assert shares[0] > 2 * shares[1]


@pytest.mark.parametrize("values", [[], [5], [5, 6]])
def test_too_few_readings_teach_nothing(values: list[int]) -> None:
    learned = learn_ways(np.array(values, np.int64), np.arange(len(values)) * MINUTE, FINE)
    assert learned.tolist() == DEFAULT_WAYS.tolist()
