"""Settings of a register that change half-way: what people told and what was counted follow."""

import shutil
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from tasks.renamed import lost_words
from warehouse.connection import Warehouse, open_warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_event
from warehouse.loading import load_pictures, load_registers
from warehouse.migrate import RELEASED, migrate

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}
EVERYTHING: dict[str, Any] = {"from_at": None, "to_at": None, "reader": "another", "reader_version": "1"}


def set_to(warehouse: Warehouse, seeds: ModuleType, **values: object) -> None:
    load_registers(warehouse, seeds.registers().with_columns(**{k: pl.lit(v) for k, v in values.items()}))


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
        set_to(warehouse, seeds, **step)
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
    set_to(seeded, seeds, **values)
    assert seeded.sql("select step from core.pending order by step")["step"].to_list() == steps


@pytest.mark.parametrize(
    ("values", "kept"), [({"max_power_w": 30_000}, 1), ({"runs_backwards": True}, 0), ({"decimals": 0}, 0)]
)
def test_habits_of_another_kind_of_counter_are_forgotten(
    warehouse: Warehouse, seeds: ModuleType, values: dict[str, object], kept: int
) -> None:
    habits = pl.DataFrame({"kind": ["power"], "i": [0], "j": [0], "value": [1.0]})
    warehouse.execute("insert_habits", incoming=habits, **REGISTER)
    set_to(warehouse, seeds, **values)
    assert warehouse.query("habits", **REGISTER).height == kept


def pictures_known(warehouse: Warehouse) -> list[object]:
    """All that tells of a register's pictures."""
    for table in ("quality_day", "rhythm_day"):
        warehouse.execute(f"delete_{table}", **REGISTER, since=None)
        warehouse.execute(f"insert_{table}", **REGISTER, since=None)
    named = warehouse.sql("select picture_key from raw.pictures order by all limit 1").item()
    return [
        warehouse.sql("from core.quality_day order by all").rows(),
        warehouse.sql("from core.rhythm_day order by all").rows(),
        warehouse.query("reread_pictures", **REGISTER, **EVERYTHING).rows(),
        warehouse.query("run_summary", **REGISTER).rows(),
        warehouse.query("proof_in_doubt", meter="home", limit=10).rows(),
        warehouse.query("find_picture", name=named).rows(),
        warehouse.sql("select reason, count(*) from out.pictures group by all order by all").rows(),
    ]


def test_a_camera_of_another_name_takes_no_pictures_away(seeded: Warehouse, seeds: ModuleType) -> None:
    before = pictures_known(seeded)
    for camera in ("attic", "garage", "cellar", "attic"):
        set_to(seeded, seeds, camera=camera)
        assert pictures_known(seeded) == before
    cameras = seeded.sql("select camera, isfinite(until_at) from core.cameras order by all")
    assert cameras.rows() == [("attic", False), ("cellar", True), ("garage", True)]


def test_what_a_former_camera_takes_later_shows_no_register(warehouse: Warehouse, seeds: ModuleType) -> None:
    load_pictures(warehouse, seeds.pictures([0, 1]))
    set_to(warehouse, seeds, camera="attic")
    later = pl.col("taken_at") + timedelta(days=40_000)
    late = seeds.pictures([2, 3]).with_columns(
        taken_at=pl.when(seeds.hour_of() == 3).then(later).otherwise("taken_at")
    )
    load_pictures(warehouse, late)
    reasons = warehouse.sql("select reason from out.pictures order by picture_key")["reason"].to_list()
    assert reasons == [None, None, None, "unknown_camera"]
    assert warehouse.query("unread_pictures", **REGISTER, since=None).height == 3


def pictures_of_meters(
    warehouse: Warehouse, seeds: ModuleType, phases: list[dict[str, str]]
) -> dict[str, list[str]]:
    """Which pictures show each meter, where every camera takes one between two changes of the settings."""
    warehouse.script("delete from core.registers")
    shot = pl.col("taken_at") + timedelta(days=40_000)
    for number, cameras in enumerate(phases):
        tables = (
            seeds.registers().with_columns(
                register_id=pl.lit(f"{meter}/1-0:1.8.0"), meter=pl.lit(meter), camera=pl.lit(camera)
            )
            for meter, camera in cameras.items()
        )
        load_registers(warehouse, pl.concat(tables))
        for camera in ("cellar", "roof"):
            taken = seeds.pictures([number]).with_columns(
                camera=pl.lit(camera),
                picture_key=pl.lit(f"{camera} {number}"),
                taken_at=shot if number else "taken_at",
            )
            load_pictures(warehouse, taken)
    listed = warehouse.sql(
        "select g.meter, list(p.picture_key order by p.picture_key) from core.cameras g "
        "join raw.pictures p on p.camera = g.camera and p.taken_at >= g.from_at and p.taken_at < g.until_at "
        "group by g.meter"
    )
    for (register_id,) in warehouse.sql("select register_id from core.registers where place = 0").rows():
        unread = warehouse.query("unread_pictures", register_id=register_id, since=None)
        assert sorted(unread["picture_key"]) == dict(listed.rows())[register_id.partition("/")[0]]
    return dict(listed.rows())


APART, SWAPPED = {"main": "cellar", "sun": "roof"}, {"main": "roof", "sun": "cellar"}
CELLAR, ROOF = ["cellar 0", "cellar 1"], ["roof 0", "roof 1"]


@pytest.mark.parametrize(
    ("phases", "shown"),
    [
        ([APART, APART], {"main": CELLAR, "sun": ROOF}),
        ([APART, SWAPPED], {"main": ["cellar 0", "roof 1"], "sun": ["cellar 1", "roof 0"]}),
        (
            [APART, SWAPPED, APART],
            {"main": ["cellar 0", "cellar 2", "roof 1"], "sun": ["cellar 1", "roof 0", "roof 2"]},
        ),
        ([{"main": "cellar"}, SWAPPED], {"main": ["cellar 0", *ROOF], "sun": ["cellar 1"]}),
        (
            [{"main": "cellar"}, {"main": "roof"}, SWAPPED],
            {"main": ["cellar 0", "roof 0", "roof 1", "roof 2"], "sun": ["cellar 1", "cellar 2"]},
        ),
        ([APART, {"sun": "cellar"}], {"main": CELLAR, "sun": ["cellar 1", "roof 0"]}),
        ([{"main": "cellar"}, {"house": "cellar"}], {"main": CELLAR, "house": CELLAR}),  # another name for it
        ([{"main": "cellar"}, {"main": "cellar", "sun": "cellar"}], {"main": CELLAR, "sun": CELLAR}),
        (
            [
                {"main": "cellar", "sun": "cellar"},
                {"main": "roof", "sun": "roof"},
            ],  # one camera, another name
            {"main": ["cellar 0", *ROOF], "sun": ["cellar 0", *ROOF]},
        ),
        (
            [{"old": "cellar"}, {"main": "cellar"}, {"main": "roof"}, {"main": "cellar"}],
            {
                "old": [*CELLAR, "cellar 2", "cellar 3"],
                "main": [*CELLAR, "cellar 2", "cellar 3", *ROOF, "roof 2"],
            },
        ),
        ([{"main": "cellar"}, {"main": "roof"}, {"main": "cellar"}], {"main": [*CELLAR, "cellar 2", *ROOF]}),
        (
            [APART, SWAPPED, {"main": "hall", "sun": "hut"}, {"main": "roof", "sun": "hut"}],
            {"main": ["cellar 0", "roof 1", "roof 2", "roof 3"], "sun": ["cellar 1", "roof 0"]},
        ),
    ],
)
def test_a_camera_moved_to_another_meter_leaves_its_pictures_behind(
    warehouse: Warehouse, seeds: ModuleType, phases: list[dict[str, str]], shown: dict[str, list[str]]
) -> None:
    assert pictures_of_meters(warehouse, seeds, phases) == shown


def test_a_camera_renamed_before_the_upgrade_gets_its_pictures_back(
    tmp_path: Path, seeds: ModuleType
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    for file in RELEASED.iterdir():
        if file.name < "0011" and file.name.endswith(".sql"):
            shutil.copyfile(str(file), before / file.name)
    with open_warehouse(tmp_path / "w.duckdb") as upgraded:
        migrate(upgraded, before)
        found = seeds.pictures(range(24))
        old = seeds.registers().drop("runs_backwards", "place").with_columns(camera=pl.lit("attic"))
        for name, frame in (
            ("core.registers", old),
            ("raw.pictures", found),
            ("raw.recognitions", seeds.recognitions(found)),
        ):
            upgraded.merge(name, frame, keys=frame.columns)
        migrate(upgraded)
        set_to(upgraded, seeds, camera="attic")
        assert upgraded.sql("select step from core.pending")["step"].to_list() == ["derive"]
        assert upgraded.query("reread_pictures", **REGISTER, **EVERYTHING).height == 24


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
            f" select * replace ('home/{code}' as register_id, {energy_wh} as energy_wh) from day;"
            f"insert into core.cost_day by name select 'home/{code}' as register_id, local_date,"
            f" '{currency}' as currency, {energy_wh} as energy_wh, 0 as unpriced_wh,"
            f" {-0.08 * energy_wh / 1000} as energy_cost, 0 as fee from day"
        )
    days = seeded.query("report_feed_in", meter="home").sort("currency")
    assert days["energy_kwh"].sum() == pytest.approx(energy_kwh)
    told = [(currency, pytest.approx(amount)) for currency, amount in earned]
    assert days.select("currency", "earned").rows() == told


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
    set_to(seeded, seeds, **values)
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
    set_to(seeded, seeds)
    assert lost_words(seeded) == []
