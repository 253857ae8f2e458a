from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tasks.reports.effects import effect_of, periods_around
from tasks.reports.forecast import standard_season

START = date(2026, 3, 3)


def days(seed: int, saved_kwh: float, size: int = 120) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    dates = [START - timedelta(days=60) + timedelta(days=number) for number in range(size)]
    energy = 9 * standard_season(dates) + chance.normal(0, 1, size)
    energy += np.array([1.5 * (each.weekday() >= 5) - saved_kwh * (each >= START) for each in dates])
    return pl.DataFrame({"local_date": dates, "energy_kwh": energy}).with_columns(
        estimated_kwh=pl.lit(0.0), is_full=pl.lit(value=True)
    )


def test_a_saving_is_found_with_its_interval() -> None:
    effect = effect_of(days(1, saved_kwh=1.2), *periods_around(START, START + timedelta(days=59)))
    assert effect is not None
    assert effect.low_kwh <= -1.2 * 365.25 <= effect.high_kwh
    assert effect.kwh_per_year == pytest.approx(-1.2 * 365.25, rel=0.3)
    assert effect.is_sure
    assert (effect.before_days, effect.after_days) == (56, 56)
    assert effect.before_last < START < effect.after_first


def test_the_interval_holds_the_truth_in_most_households() -> None:
    held = []
    for seed in range(60):
        effect = effect_of(days(seed, saved_kwh=0.5), *periods_around(START, START + timedelta(days=59)))
        held.append(effect is not None and effect.low_kwh <= -0.5 * 365.25 <= effect.high_kwh)
    assert np.mean(held) >= 0.85


def test_nothing_saved_is_not_called_sure() -> None:
    sure = []
    for seed in range(60):
        effect = effect_of(days(seed, saved_kwh=0.0), *periods_around(START, START + timedelta(days=59)))
        sure.append(effect is not None and effect.is_sure)
    assert np.mean(sure) <= 0.15


def test_too_few_days_tell_nothing() -> None:
    newest = START + timedelta(days=6)
    assert (
        effect_of(days(1, 1).filter(pl.col("local_date") <= newest), *periods_around(START, newest)) is None
    )
