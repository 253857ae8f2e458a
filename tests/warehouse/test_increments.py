"""Whatever the order in which pictures come and people correct them, the result is the same."""

import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from tasks.decode import (
    DECODED_AT_ONCE,
    decode_pending,
    decode_work,
    find_work,
    keep_late,
    proposal_sentence,
)
from tasks.derive import derive_pending
from tasks.drums import changed_drums
from tasks.examine_settings import examine_readings
from tasks.metering.events import EventKind
from tasks.register_events import register_events
from tasks.settings import MeterSettings, Settings
from warehouse.connection import open_warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_correction, undo_event
from warehouse.loading import load_pictures, load_recognitions, load_registers, mark

REGISTER = "home/1-0:1.8.0"
HOURS = 150


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    meter = MeterSettings(camera="cellar", digits=7, decimals=1)
    return Settings(home=tmp_path_factory.mktemp("home"), meters={"home": meter})


@pytest.fixture
def empty(settings: Settings, migrated_file: Path) -> None:
    """A warehouse that knows its register, and nothing else."""
    shutil.copyfile(migrated_file, settings.warehouse)


@pytest.fixture(scope="module")
def worked_file(settings: Settings, seeds: ModuleType, migrated_file: Path) -> Path:
    """A warehouse that got everything at once, and worked on it."""
    shutil.copyfile(migrated_file, settings.warehouse)
    load(settings, seeds, range(HOURS))
    work(settings)
    return settings.warehouse.rename(settings.home / "worked.duckdb")


@pytest.fixture
def worked(settings: Settings, worked_file: Path) -> None:
    """A copy of it, to go on with."""
    shutil.copyfile(worked_file, settings.warehouse)


def load(settings: Settings, seeds: ModuleType, hours: Iterable[int]) -> None:
    found = seeds.pictures(list(hours))
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, found)
        load_recognitions(warehouse, seeds.recognitions(found), misread(seeds.candidates(found)))


def work(settings: Settings) -> None:
    decode_pending(settings, REGISTER)
    derive_pending(settings, REGISTER)


def misread(candidates: pl.DataFrame) -> pl.DataFrame:
    """Every ninth picture is read too high."""
    value = pl.col("value_units")
    high = pl.when(value % 9 == 4).then(value + 5000).otherwise(value)
    return candidates.with_columns(
        text=pl.when(value.is_null()).then("text").otherwise(high.cast(pl.String).str.zfill(7))
    )


def state(settings: Settings) -> list[pl.DataFrame]:
    questions = (
        "select picture_key, read_at, value_wh, quality, reason from core.register_readings order by all",
        "from core.interval_15min order by start_at",
        "from core.interval_day order by local_date",
        "from core.quality_day order by all",
        "from core.rhythm_day order by all",
        "from core.cost_day order by all",
    )
    with open_warehouse(settings.warehouse) as warehouse:
        assert warehouse.sql("from core.pending where step <> 'read'").is_empty()
        return [warehouse.sql(question) for question in questions]


def assert_same(found: list[pl.DataFrame], expected: list[pl.DataFrame]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.equals(other)


@pytest.fixture(scope="module")
def at_once(settings: Settings, worked_file: Path) -> list[pl.DataFrame]:
    shutil.copyfile(worked_file, settings.warehouse)
    return state(settings)


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
