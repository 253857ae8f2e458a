import itertools
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reports.data import rows
from tasks.reports.steps import base_load_levels, base_load_steps

FIRST = date(2026, 1, 1)
CHANGED = 150


def nights(watts: np.ndarray, error_w: int | None = 5) -> pl.DataFrame:
    return rows(
        "base_load",
        *(
            (FIRST + timedelta(days=number), round(float(value)), error_w, None, None)
            for number, value in enumerate(watts)
        ),
    )


def household(seed: int, size: int = 200) -> np.ndarray:
    """Nights about 130 W, one in twenty with visitors or a charging car."""
    chance = np.random.default_rng(seed)
    watts = 130 + chance.normal(0, 6, size)
    watts[chance.random(size) < 0.05] += chance.uniform(40, 2000)
    return watts


@pytest.mark.parametrize("seed", range(12))
def test_45_w_more_are_found_within_a_week_and_to_10_w(seed: int) -> None:
    watts = household(seed)
    watts[CHANGED:] += 45
    a_week_later = base_load_steps(nights(watts[: CHANGED + 7]))
    assert len(a_week_later) == 1
    step = base_load_steps(nights(watts))[-1]
    assert abs((step.since - FIRST).days - CHANGED) <= 7
    assert step.change_w == pytest.approx(45, abs=10)
    assert step.kwh_per_year == pytest.approx(45 * 8.766, abs=90)


def test_visitors_and_cars_are_no_change() -> None:
    found = [len(base_load_steps(nights(household(seed)))) for seed in range(40)]
    assert sum(found) <= 1


def test_a_coarse_register_is_not_called_sharp() -> None:
    level = base_load_levels(nights(np.full(14, 175.0), error_w=12))[0]
    assert level.uncertainty_w == pytest.approx(1.25 * 12 / 14**0.5)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 20_000), max_size=60))
def test_levels_are_in_order_and_hold_every_night(watts: list[int]) -> None:
    levels = base_load_levels(nights(np.array(watts, float)))
    assert sum(level.n_nights for level in levels) == (len(watts) if len(watts) >= 5 else 0)
    assert all(earlier.last < later.first for earlier, later in itertools.pairwise(levels))
