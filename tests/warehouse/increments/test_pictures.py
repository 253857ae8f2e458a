"""Whatever the order in which pictures come and people correct them, the result is the same."""

from datetime import timedelta
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from tasks.decode import (
    DECODED_AT_ONCE,
    decode_pending,
)
from tasks.derive import derive_pending
from tasks.settings import Settings
from tests.warehouse.increments.conftest import HOURS, REGISTER, assert_same, load, state, work
from warehouse.connection import open_warehouse
from warehouse.events import Correction, correct, undo_correction


def test_the_whole_is_what_it_should_be(at_once: list[pl.DataFrame]) -> None:
    readings, _, days = at_once[:3]
    assert readings["value_wh"].drop_nulls().len() >= 132
    assert readings.filter(pl.col("quality") == "measured").height == 132
    assert days["energy_wh"].sum() == 100 * (HOURS - 1)


@pytest.mark.parametrize("order", ["ordered", "shuffled", "backwards"])
@pytest.mark.usefixtures("empty")
def test_increments_come_to_the_same_as_everything_at_once(
    settings: Settings, seeds: ModuleType, at_once: list[pl.DataFrame], order: str
) -> None:
    chance = np.random.default_rng(5)
    jitter = {"ordered": 0, "shuffled": 40, "backwards": 0}[order]
    hours = np.argsort(np.arange(HOURS) + chance.uniform(0, 1, HOURS) * jitter)
    for batch in np.array_split(hours[::-1] if order == "backwards" else hours, 4):
        load(settings, seeds, batch.tolist())
        work(settings)
    assert_same(state(settings), at_once)


@pytest.mark.usefixtures("empty")
def test_what_takes_long_to_decode_comes_to_the_same(
    settings: Settings, seeds: ModuleType, at_once: list[pl.DataFrame]
) -> None:
    many = DECODED_AT_ONCE + 10
    load(settings, seeds, range(many))
    work(settings)
    readings = state(settings)[0]
    assert readings.height == many
    assert readings.head(HOURS - 4).equals(at_once[0].head(HOURS - 4))
    load(settings, seeds, [many])
    work(settings)
    assert state(settings)[0].head(many - 4).equals(readings.head(many - 4))


@pytest.mark.usefixtures("worked")
def test_nothing_new_is_no_work(settings: Settings, seeds: ModuleType) -> None:
    assert (decode_pending(settings, REGISTER), derive_pending(settings, REGISTER)) == (0, 0)
    load(settings, seeds, range(40))
    assert (decode_pending(settings, REGISTER), derive_pending(settings, REGISTER)) == (0, 0)


@pytest.mark.parametrize("hours", [(0, 4), (60,), (149,)])
@pytest.mark.usefixtures("worked")
def test_corrected_pictures_stand_and_undoing_it_leaves_no_trace(
    settings: Settings, seeds: ModuleType, at_once: list[pl.DataFrame], hours: tuple[int, ...]
) -> None:
    keys = seeds.pictures(list(hours))["picture_key"].to_list()
    with open_warehouse(settings.warehouse) as warehouse:
        for key, hour in zip(keys, hours, strict=True):
            taken_at = seeds.START_AT + timedelta(hours=hour)
            correct(warehouse, Correction(REGISTER, key, taken_at, 36_100_000 + 100 * hour))
    work(settings)
    readings, _, days = state(settings)[:3]
    corrected = readings.filter(pl.col("picture_key").is_in(keys)).select("value_wh", "quality")
    assert corrected.rows() == [(36_100_000 + 100 * hour, "manual") for hour in hours]
    assert days["energy_wh"].sum() == 100 * (HOURS - 1)
    if hours == (149,):
        load(settings, seeds, range(HOURS, HOURS + 5))
        work(settings)
        assert state(settings)[0].filter(picture_key=keys[0])["quality"].to_list() == ["manual"]
    with open_warehouse(settings.warehouse) as warehouse:
        for key in keys:
            undo_correction(warehouse, REGISTER, key)
    work(settings)
    assert state(settings)[0].head(HOURS).equals(at_once[0])


@pytest.mark.usefixtures("worked")
def test_a_reading_without_a_picture_comes_and_goes(
    settings: Settings, seeds: ModuleType, at_once: list[pl.DataFrame]
) -> None:
    taken_at = seeds.START_AT + timedelta(hours=30, minutes=20)
    with open_warehouse(settings.warehouse) as warehouse:
        correct(warehouse, Correction(REGISTER, "manual/x", taken_at, 36_103_000))
    work(settings)
    assert state(settings)[0].filter(picture_key="manual/x")["value_wh"].to_list() == [36_103_000]
    with open_warehouse(settings.warehouse) as warehouse:
        undo_correction(warehouse, REGISTER, "manual/x")
    work(settings)
    assert_same(state(settings), at_once)
