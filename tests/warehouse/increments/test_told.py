"""What people tell, or are asked, while pictures go on coming."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from tasks.decode import (
    decode_work,
    find_work,
    keep_late,
    proposal_sentence,
)
from tasks.drums import changed_drums
from tasks.examine_settings import examine_readings
from tasks.metering.events import EventKind
from tasks.register_events import register_events
from tasks.settings import MeterSettings, Settings
from tests.warehouse.increments.conftest import HOURS, REGISTER, state, work
from warehouse.connection import open_warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_event
from warehouse.loading import load_pictures, load_recognitions, load_registers, mark


def exchanged(
    candidates: pl.DataFrame, seeds: ModuleType, hours: range = range(HOURS), first: int = 80
) -> pl.DataFrame:
    """From hour `first` on another meter counts, from 1234 kWh on."""
    units = 12_340 + seeds.hour_of() - first
    return (
        candidates.join(seeds.pictures(list(hours)).select("picture_key", "taken_at"), on="picture_key")
        .with_columns(
            text=pl.when((seeds.hour_of() >= first) & (pl.col("rank") == 1))
            .then(units.cast(pl.String).str.zfill(7))
            .otherwise("text")
        )
        .drop("taken_at")
    )


@pytest.mark.parametrize("is_followed", [True, False])
@pytest.mark.usefixtures("empty")
def test_what_was_decoded_for_long_does_not_undo_what_was_told_meanwhile(
    settings: Settings, seeds: ModuleType, is_followed: bool
) -> None:
    found, register = seeds.pictures(list(range(HOURS))), settings.register(REGISTER)
    broke_at = seeds.START_AT + timedelta(hours=80)
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(warehouse, seeds.recognitions(found), exchanged(seeds.candidates(found), seeds))
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        mark(warehouse, REGISTER, "decode", None, None)
        begun = find_work(warehouse, REGISTER)
        assert begun is not None
        add_event(warehouse, Event(REGISTER, "exchange", broke_at, last_wh=36_107_950, first_wh=1_233_950))
    if is_followed:
        work(settings)
    late = keep_late(settings, register, begun, decode_work(begun, register, settings.timezone))
    assert (late is None) == is_followed
    work(settings)
    assert state(settings)[2]["energy_wh"].sum() == 50 + 50 + 100 * (HOURS - 2)


@pytest.mark.usefixtures("empty")
def test_an_exchange_is_proposed_and_consumption_runs_on_once_it_is_confirmed(
    settings: Settings, seeds: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    found = seeds.pictures(list(range(HOURS)))
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(warehouse, seeds.recognitions(found), exchanged(seeds.candidates(found), seeds))
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        proposal = warehouse.query("proposals").row(0, named=True)
    assert proposal["broke_at"] == seeds.START_AT + timedelta(hours=80)
    assert (proposal["last_wh"], proposal["first_wh"]) == (36_107_900, 1_234_000)
    assert "smartmeter event add exchange --meter home --register 1-0:1.8.0" in caplog.text
    alone = state(settings)[2]["energy_wh"].sum()
    assert alone < 8_000
    with open_warehouse(settings.warehouse) as warehouse:
        number = add_event(
            warehouse,
            Event(REGISTER, "exchange", proposal["broke_at"], last_wh=36_107_950, first_wh=1_233_950),
        )
        assert warehouse.query("proposals").is_empty()
    work(settings)
    readings, _, days = state(settings)[:3]
    assert readings["value_wh"].drop_nulls().len() > 140
    assert days["energy_wh"].sum() == 50 + 50 + 100 * (HOURS - 2)
    with open_warehouse(settings.warehouse) as warehouse:
        undo_event(warehouse, number)
    work(settings)
    assert state(settings)[2]["energy_wh"].sum() == alone


@pytest.mark.usefixtures("empty")
def test_a_proposal_waits_while_older_pictures_come_late(settings: Settings, seeds: ModuleType) -> None:
    last = 300
    found = seeds.pictures([hour for hour in range(last) if hour != 10])
    late = seeds.pictures([10])
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(
            warehouse, seeds.recognitions(found), exchanged(seeds.candidates(found), seeds, range(last), 250)
        )
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        waiting = warehouse.query("proposals")
        load_pictures(warehouse, late)
        load_recognitions(warehouse, seeds.recognitions(late), seeds.candidates(late))
    assert waiting["n_pictures"].item() > 0
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        assert warehouse.query("proposals").drop("proposed_at").equals(waiting.drop("proposed_at"))
        load_registers(warehouse, seeds.registers().clear())
        assert warehouse.query("proposals").is_empty()  # its command would be refused
        load_registers(warehouse, seeds.registers())
        assert warehouse.query("proposals").height == 1


@pytest.mark.usefixtures("worked")
def test_a_mistyped_reading_is_named_with_how_to_take_it_back(settings: Settings, seeds: ModuleType) -> None:
    key, at = seeds.pictures([70]).select("picture_key", "taken_at").row(0)
    with open_warehouse(settings.warehouse) as warehouse:
        correct(warehouse, Correction(REGISTER, key, at, 46_107_000))
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        proposal = warehouse.query("proposals").row(0, named=True)
        contradicting = warehouse.query(
            "contradicting_pictures", register_id=REGISTER, picture_key=key
        ).item()
    assert contradicting >= 60
    sentence = proposal_sentence(proposal)
    assert f"your reading of {key} (46107.000 kWh) contradicts" in sentence
    assert f"smartmeter correct {key} --undo --register {REGISTER}" in sentence
    assert "smartmeter event add exchange" in sentence, "it may be right"


@pytest.mark.usefixtures("empty")
def test_a_correction_of_the_new_meters_first_picture_leaves_the_question_open(
    settings: Settings, seeds: ModuleType
) -> None:
    away, first = 24 * 120, 80
    hours = [*range(first), *range(first + away, first + away + 40)]
    found = seeds.pictures(hours)
    (key, at), last_at = found.select("picture_key", "taken_at").row(first), found["taken_at"][first - 1]
    candidates = exchanged(seeds.candidates(found), seeds, range(hours[-1] + 1), first + away)
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(warehouse, seeds.recognitions(found), candidates)
        correct(warehouse, Correction(REGISTER, key, at, 1_234_000))
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        proposal = warehouse.query("proposals").row(0, named=True)
        days = warehouse.sql("from core.interval_day")
    assert (proposal["last_at"], proposal["broke_at"]) == (last_at, at)
    sentence = proposal_sentence(proposal)
    assert f"your reading of {key} (1234.000 kWh) can't have followed the 36107.900 kWh" in sentence
    assert f"smartmeter correct {key} --undo --register {REGISTER}" in sentence
    assert "smartmeter event add exchange" in sentence, "it may be right"
    assert "wait for your word" not in sentence
    assert days["energy_wh"].sum() == 100 * (first - 1) + 100 * 39
    assert days.filter(pl.col("start_at") > last_at, pl.col("end_at") < at).is_empty()


@pytest.mark.parametrize(("value_wh", "fewest", "most"), [(36_107_000, 0, 0), (36_109_000, 10, 20)])
@pytest.mark.usefixtures("worked")
def test_what_a_reading_contradicts_is_counted_where_pictures_go_on_after_it_too(
    settings: Settings, seeds: ModuleType, value_wh: int, fewest: int, most: int
) -> None:
    key, at = seeds.pictures([70]).select("picture_key", "taken_at").row(0)
    with open_warehouse(settings.warehouse) as warehouse:
        correct(warehouse, Correction(REGISTER, key, at, value_wh))
    work(settings)
    with open_warehouse(settings.warehouse) as warehouse:
        of = {"register_id": REGISTER, "picture_key": key}
        assert fewest <= warehouse.query("contradicting_pictures", **of).item() <= most
        assert warehouse.query("proposals").is_empty()


@pytest.mark.parametrize(
    ("digits", "decimals", "says", "unfit"),
    [
        (8, 0, "128 of its 128 settled readings no longer fit and do not count", 1),
        (7, 0, "settled readings and all energy are taken by the new decimals", 1),
    ],
)
@pytest.mark.usefixtures("worked")
def test_other_drums_are_told_with_the_way_back(  # noqa: PLR0917 - what varies, and where it happens
    settings: Settings, seeds: ModuleType, digits: int, decimals: int, says: str, unfit: int
) -> None:
    before = state(settings)
    meter = MeterSettings(camera="cellar", digits=digits, decimals=decimals)
    other = settings.model_copy(update={"meters": {"home": meter}})
    rows = seeds.registers().with_columns(digits=pl.lit(digits), decimals=pl.lit(decimals))
    with open_warehouse(settings.warehouse) as warehouse:
        (sentence,) = changed_drums(warehouse, rows)
        assert changed_drums(warehouse, seeds.registers()) == []
        load_registers(warehouse, rows)
    assert says in sentence
    assert "set digits = 7 and decimals = 1 again" in sentence
    work(other)
    lost = list(examine_readings(other))
    with open_warehouse(settings.warehouse) as warehouse:
        load_registers(warehouse, seeds.registers())
    assert len(lost) == unfit
    assert all("set digits = 7 and decimals = 1 again" in each.remedy for each in lost)
    work(settings)
    assert list(examine_readings(settings)) == []
    assert state(settings)[2].equals(before[2]), "going back brings every day back"


@pytest.mark.parametrize(
    ("hour", "told", "around"),
    [
        (11.5, {"offset_wh": 500}, (36_101_100, 36_101_600)),
        (11.5, {"offset_wh": 500, "last_wh": 36_101_150}, (36_101_150, 36_101_600)),
        (11.5, {"last_wh": 36_101_150, "first_wh": 40_000_000}, (36_101_150, 40_000_000)),
        (-1, {"offset_wh": 500}, (None, None)),
    ],
)
@pytest.mark.usefixtures("worked")
def test_an_offset_is_told_by_what_the_register_showed_around_it(
    settings: Settings, seeds: ModuleType, hour: float, told: dict[str, Any], around: tuple[int | None, ...]
) -> None:
    happened_at = seeds.START_AT + timedelta(hours=hour)
    with open_warehouse(settings.warehouse) as warehouse:
        add_event(warehouse, Event(REGISTER, "offset", happened_at, **told))
        (event,) = register_events(warehouse, REGISTER)
    assert event.kind is EventKind.OFFSET
    assert (event.last_wh, event.first_wh) == around
