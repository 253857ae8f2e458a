"""Settings of a register that change half-way: what people told and what was counted follow."""

from types import ModuleType
from typing import Any

import polars as pl
import pytest

from tasks.renamed import lost_words
from tests.warehouse.conftest import set_to
from warehouse.connection import Warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_event
from warehouse.loading import load_registers

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}


def told(warehouse: Warehouse) -> list[tuple[int | None, ...]]:
    return (
        warehouse.sql("select value_wh from core.corrections order by correction_id").rows()
        + warehouse.sql("select last_wh, first_wh, offset_wh from core.events order by event_id").rows()
    )


SEEN = [(36_119_700,), (36_109_700, 1_200, None), (None, None, -500), (None, None, None)]
BY_WHOLE_DRUMS = [(361_197_000,), (361_097_000, 12_000, None), (None, None, -5_000), (None, None, None)]
BY_THREE = [(361_197,), (361_097, 12, None), (None, None, -5), (None, None, None)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"decimals": 0}], BY_WHOLE_DRUMS),
        ([{"decimals": 3}], BY_THREE),
        ([{"decimals": 0}, {"decimals": 1}], SEEN),
        ([{"decimals": 3}, {"decimals": 0}, {"decimals": 1}], SEEN),
        ([{"decimals": 0, "digits": 6}], SEEN),  # another counter, or a drum overlooked: the kWh stand
        ([{"max_power_w": 30_000}], SEEN),
    ],
)
def test_what_people_told_goes_by_the_drums_they_saw(
    warehouse: Warehouse,
    seeds: ModuleType,
    caplog: pytest.LogCaptureFixture,
    steps: list[dict[str, object]],
    expected: list[tuple[int | None, ...]],
) -> None:
    register_id, at = REGISTER["register_id"], seeds.START_AT
    correct(warehouse, Correction(register_id, "images/cellar/x.jpg", at, 36_119_700))
    add_event(warehouse, Event(register_id, "exchange", at, last_wh=36_109_700, first_wh=1_200))
    undo_event(warehouse, add_event(warehouse, Event(register_id, "offset", at, offset_wh=-500)))
    add_event(warehouse, Event(register_id, "note", at, note="a word"))
    caplog.set_level("INFO", "warehouse")
    for step in steps:
        set_to(warehouse, **step)
    assert told(warehouse) == expected
    assert ("1 readings set by people and 2 events" in caplog.text) == (
        "digits" not in steps[0] and "decimals" in steps[0]
    )


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({"runs_backwards": True}, ["decode", "derive"]),
        ({"decimals": 2}, ["decode", "derive"]),
        ({"timezone": "Europe/Lisbon"}, ["derive"]),
        ({"camera": "attic"}, ["derive", "read"]),
        ({}, []),
    ],
)
def test_changed_settings_are_worked_out_anew(
    seeded: Warehouse, seeds: ModuleType, values: dict[str, object], steps: list[str]
) -> None:
    set_to(seeded, **values)
    assert seeded.sql("select step from core.pending order by step")["step"].to_list() == steps


@pytest.mark.parametrize(
    ("values", "kept"), [({"max_power_w": 30_000}, 1), ({"runs_backwards": True}, 0), ({"decimals": 0}, 0)]
)
def test_habits_of_another_kind_of_counter_are_forgotten(
    warehouse: Warehouse, seeds: ModuleType, values: dict[str, object], kept: int
) -> None:
    habits = pl.DataFrame({"kind": ["power"], "i": [0], "j": [0], "value": [1.0]})
    warehouse.execute("insert_habits", incoming=habits, **REGISTER)
    set_to(warehouse, **values)
    assert warehouse.query("habits", **REGISTER).height == kept


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ([["1-0:1.8.2", "1-0:1.8.1"]], "1-0:1.8.2"),
        ([["1-0:1.8.1", "1-0:1.8.2"], ["1-0:1.8.2", "1-0:1.8.1"]], "1-0:1.8.2"),
        ([["1-0:1.8.1"]], "1-0:1.8.1"),
        ([["1-0:1.8.1"], ["1-0:1.8.0"]], "1-0:1.8.0"),
        ([["1-0:1.8.1", "1-0:1.8.0"], ["1-0:1.8.0"]], "1-0:1.8.0"),
    ],
)
def test_the_first_register_of_the_settings_is_shown(
    warehouse: Warehouse, seeds: ModuleType, settings: list[list[str]], shown: str
) -> None:
    for codes in settings:
        load_registers(warehouse, seeds.registers_of(*codes))
    assert warehouse.sql("select meter, obis_code from core.first_registers").rows() == [("home", shown)]


@pytest.mark.parametrize(("codes", "days"), [(["1-0:1.8.0"], 0), (["1-0:1.8.0", "1-0:2.8.0"], 2)])
def test_feeding_in_is_told_of_a_configured_register(
    seeded: Warehouse, seeds: ModuleType, codes: list[str], days: int
) -> None:
    load_registers(seeded, seeds.registers_of("1-0:1.8.0", "1-0:2.8.0"))
    seeded.script(
        "insert into core.interval_day by name "
        "select * replace ('home/1-0:2.8.0' as register_id) from core.interval_day"
    )
    load_registers(seeded, seeds.registers_of(*codes))
    assert seeded.query("report_feed_in", meter="home").height == days


@pytest.mark.parametrize(
    ("codes", "energy_kwh", "earned"),
    [
        ({"1-0:2.8.0": 5_000}, 5.0, [("EUR", 0.4)]),
        ({"1-0:2.8.1": 3_000, "1-0:2.8.2": 2_000}, 5.0, [("EUR", 0.4)]),
        ({"1-0:2.8.0": 5_000, "1-0:2.8.1": 3_000, "1-0:2.8.2": 2_000}, 5.0, [("EUR", 0.4)]),
        ({"1-0:2.8.2": 2_000, "1-0:2.8.1": 3_000, "1-0:2.8.0": 5_000}, 5.0, [("EUR", 0.4)]),
        ({"1-0:2.8.1": 3_000, "1-0:2.8.3": 2_000}, 5.0, [("CHF", 0.16), ("EUR", 0.24)]),
    ],
    ids=["one", "two", "with their total", "the total last", "each by a currency of its own"],
)
def test_feeding_in_is_the_sum_of_its_registers_or_their_total(
    seeded: Warehouse,
    seeds: ModuleType,
    codes: dict[str, int],
    energy_kwh: float,
    earned: list[tuple[str, float]],
) -> None:
    load_registers(seeded, seeds.registers_of("1-0:1.8.0", *codes))
    seeded.script("create table day as from core.interval_day order by local_date limit 1")
    for code, energy_wh in codes.items():
        currency = "CHF" if code.endswith("3") else "EUR"
        seeded.script(
            "insert into core.interval_day by name"
            f" select * replace ('home/{code}' as register_id, {energy_wh} as energy_wh,"
            f" {energy_wh // 2} as estimated_wh, {energy_wh} as covered_s) from day;"
            f"insert into core.cost_day by name select 'home/{code}' as register_id, local_date,"
            f" '{currency}' as currency, {energy_wh} as energy_wh, 0 as unpriced_wh,"
            f" {-0.08 * energy_wh / 1000} as energy_cost, 0 as fee from day"
        )
    days = seeded.query("report_feed_in", meter="home").sort("currency")
    assert days["energy_kwh"].sum() == pytest.approx(energy_kwh)
    told = [(currency, pytest.approx(amount)) for currency, amount in earned]
    assert days.select("currency", "earned").rows() == told
    assert days["estimated_kwh"].sum() == pytest.approx(energy_kwh / 2)
    shown = [codes["1-0:2.8.0"]] if "1-0:2.8.0" in codes else codes.values()
    assert days["hours"].min() == pytest.approx(min(shown) / 3600)


def test_days_of_a_version_without_unknown_spans_are_whole_at_once_and_derived_anew_once(
    seeded: Warehouse, seeds: ModuleType
) -> None:
    days = "select hours from out.consumption_day order by local_date"
    expected = seeded.sql(days)
    seeded.script("delete from core.pending; update core.interval_day set covered_s = null")
    for _ in range(2):
        load_registers(seeded, seeds.registers())
    assert seeded.sql(days).equals(expected)
    assert seeded.sql("select register_id, step, from_at from core.pending").rows() == [
        ("home/1-0:1.8.0", "derive", None)
    ]


@pytest.mark.parametrize(
    ("values", "seen_later", "says"),
    [
        ({"register_id": "house/1-0:1.8.0", "meter": "house"}, True, "call its table [meters.home] again"),
        (
            {"register_id": "home/1-0:1.8.1", "obis_code": "1-0:1.8.1"},
            True,
            'set obis_code = "1-0:1.8.0" again',
        ),
        ({"register_id": "house/1-0:1.8.0", "meter": "house"}, False, None),  # another one of its pictures
        ({"register_id": "hut/1-0:1.8.0", "meter": "hut", "camera": "attic"}, True, None),
    ],
)
def test_words_of_a_register_of_another_name_are_told_until_it_is_called_so_or_told_again(
    seeded: Warehouse, seeds: ModuleType, values: dict[str, str], seen_later: bool, says: str | None
) -> None:
    if not seen_later:
        seeded.script(
            "insert into core.register_readings by name "
            f"select * replace ('{values['register_id']}' as register_id) from core.register_readings"
        )
    set_to(seeded, **values)
    assert lost_words(seeded) == [], "nothing was told"
    register_id, at = REGISTER["register_id"], seeds.START_AT
    add_event(seeded, Event(register_id, "exchange", at))
    correct(seeded, Correction(register_id, "manual/20260328_230000Z", at, 36_109_700))
    found = lost_words(seeded)
    assert len(found) == (says is not None)
    assert all("events: 1, readings: 1" in sentence and str(says) in remedy for sentence, remedy in found)
    add_event(seeded, Event(values["register_id"], "exchange", at))
    assert len(lost_words(seeded)) == len(found), "only a part of it is told anew"
    correct(seeded, Correction(values["register_id"], "manual/20260328_230000Z", at, 36_109_700))
    assert lost_words(seeded) == []
    correct(seeded, Correction(register_id, "manual/20260328_220000Z", at, 36_109_700))
    assert len(lost_words(seeded)) == len(found)
    set_to(seeded)
    assert lost_words(seeded) == []
