from datetime import UTC, datetime

import numpy as np
import pytest

from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

START_AT = datetime(2026, 3, 20, tzinfo=UTC)
HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_household_uses_a_believable_amount(seed: int) -> None:
    power_w = simulate_household(START_AT, 28, seed)
    daily_kwh = power_w.reshape(28, 1440).sum(axis=1) / 60_000
    hourly_w = power_w.reshape(28, 24, 60).mean(axis=(0, 2))
    assert 8 <= daily_kwh.mean() <= 11
    assert daily_kwh.min() > 6
    assert power_w.max() < 8000
    assert hourly_w[17:21].mean() > 3 * hourly_w[0:4].mean()


def test_weekends_differ() -> None:
    power_w = simulate_household(START_AT, 70, 0).reshape(70, 1440)
    weekend = np.isin((np.arange(70) + START_AT.weekday()) % 7, (5, 6))
    noon = slice(10 * 60, 13 * 60)
    assert power_w[weekend][:, noon].mean() > 1.3 * power_w[~weekend][:, noon].mean()


@pytest.mark.parametrize("days", [0, 1, 2])
def test_the_same_seed_gives_the_same_household(days: int) -> None:
    first, again = simulate_household(START_AT, days, 7), simulate_household(START_AT, days, 7)
    assert first.shape == (days * 1440,)
    assert np.array_equal(first, again)


def test_appliances_keep_to_local_time_when_clocks_change() -> None:
    before, after = simulate_household(datetime(2026, 3, 26, 23, tzinfo=UTC), 14, 3).reshape(2, 7, 1440)
    assert before.mean(axis=0)[17 * 60 : 21 * 60].mean() > before.mean() * 2
    assert after.mean(axis=0)[16 * 60 : 20 * 60].mean() > after.mean() * 2


@pytest.mark.parametrize(
    ("power_w", "start_units", "expected"),
    [
        ([], 5.0, [5.0]),
        ([6000.0, 6000.0], 5.0, [5.0, 6.0, 7.0]),
        ([3000.0], 9_999_999.75, [9_999_999.75, 0.25]),
    ],
)
def test_the_register_turns_and_rolls_over(
    power_w: list[float], start_units: float, expected: list[float]
) -> None:
    assert register_positions(np.array(power_w), start_units, HOME).tolist() == pytest.approx(expected)
