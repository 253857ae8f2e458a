import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import IntervalsDoNotAddUp
from warehouse.events import Correction, correct
from warehouse.loading import (
    SavedReadings,
    accepted_readings,
    load_pictures,
    load_recognitions,
    load_registers,
    mark,
    pending_work,
    replace_intervals,
    save_readings,
)

REGISTER = "home/1-0:1.8.0"

LOAD_FOR_EVER = """
import sys
from pathlib import Path
import polars as pl
from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures, load_recognitions
with open_warehouse(Path(sys.argv[1])) as warehouse:
    names = ("pictures", "recognitions", "candidates")
    frames = [pl.read_parquet(f"{sys.argv[2]}/{name}.parquet") for name in names]
    print("loading", flush=True)
    for start in range(0, frames[0].height, 20):
        chosen = frames[0].slice(start, 20)
        load_pictures(warehouse, chosen)
        load_recognitions(warehouse, *(f.join(chosen, on="picture_key", how="semi") for f in frames[1:]))
        print(start, flush=True)
"""


def test_registers_follow_the_settings(warehouse: Warehouse, seeds: ModuleType) -> None:
    assert load_registers(warehouse, seeds.registers()) == 0
    assert load_registers(warehouse, seeds.registers().with_columns(max_power_w=pl.lit(30_000))) == 1
    assert warehouse.sql("from core.registers order by register_id")["max_power_w"].to_list() == [30_000]


@pytest.mark.parametrize(
    ("hours", "new"), [([], 0), ([0, 1, 2], 0), ([2, 3, 4], 2), ([5, 5, 5], 1), ([6, 6, 0], 1)]
)
def test_a_picture_is_loaded_once(
    warehouse: Warehouse, seeds: ModuleType, hours: list[int], new: int
) -> None:
    load_pictures(warehouse, seeds.pictures([0, 1, 2]))
    if hours:
        assert load_pictures(warehouse, seeds.pictures(hours)) == new
    assert warehouse.sql("from raw.pictures").height == 3 + new


def test_a_loaded_picture_is_never_edited(warehouse: Warehouse, seeds: ModuleType) -> None:
    load_pictures(warehouse, seeds.pictures([0]))
    assert load_pictures(warehouse, seeds.pictures([0], broken=[0])) == 0
    assert warehouse.sql("select reason from raw.pictures")["reason"].to_list() == [None]


def test_what_cannot_be_loaded_says_why(warehouse: Warehouse, seeds: ModuleType) -> None:
    with pytest.raises(duckdb.BinderException, match="colour"):
        load_pictures(warehouse, seeds.pictures([0]).with_columns(colour=pl.lit("red")))
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="reason"):
        load_pictures(warehouse, seeds.pictures([0]).drop("reason"))
    assert warehouse.sql("from raw.pictures").is_empty()


def test_a_recognition_is_loaded_once_with_its_candidates(warehouse: Warehouse, seeds: ModuleType) -> None:
    found = seeds.pictures([0, 1])
    load_pictures(warehouse, found)
    assert load_recognitions(warehouse, seeds.recognitions(found), seeds.candidates(found)) == 2
    other_run = seeds.candidates(found).with_columns(rank=pl.col("rank") + 1)
    assert load_recognitions(warehouse, seeds.recognitions(found), other_run) == 0
    assert load_recognitions(warehouse, seeds.recognitions(found, "c3"), seeds.candidates(found, "c3")) == 2
    counts = warehouse.sql("select reader_version, count(*) from raw.candidates group by all order by all")
    assert counts.rows() == [("a1b2", 4), ("c3", 4)]


def test_saving_readings_again_touches_nothing(seeded: Warehouse, seeds: ModuleType) -> None:
    before = seeded.sql("from core.register_readings order by read_at")
    again = seeds.readings(seeds.pictures(range(48), broken=[5]).filter(pl.col("reason").is_null()))
    assert save_readings(seeded, again) == SavedReadings(inserted=0, revised=0, refreshed=0)
    assert seeded.sql("from core.register_readings order by read_at").equals(before)
    assert seeded.sql("from core.reading_revisions").is_empty()


@pytest.mark.parametrize(
    ("change", "saved", "is_redecided"),
    [
        ({"value_wh": 36_100_300}, SavedReadings(0, 1, 0), True),
        ({"value_wh": None, "quality": "rejected", "reason": "doubtful"}, SavedReadings(0, 1, 0), True),
        ({"quality": "repaired"}, SavedReadings(0, 1, 0), True),
        ({"settled": False}, SavedReadings(0, 0, 1), False),
        ({"log_odds": 3.0}, SavedReadings(0, 0, 1), False),
        ({"log_odds": None}, SavedReadings(0, 0, 1), False),
        ({}, SavedReadings(0, 0, 0), False),
    ],
)
def test_a_changed_decision_keeps_the_old_one(
    seeded: Warehouse,
    seeds: ModuleType,
    change: dict[str, object],
    saved: SavedReadings,
    is_redecided: bool,
) -> None:
    old = seeded.sql("from core.register_readings where recognised_text = '0361002'")
    new = seeds.readings(seeds.pictures([2])).with_columns(
        pl.lit(value, dtype=old.schema[name]).alias(name) for name, value in change.items()
    )
    assert save_readings(seeded, new) == saved
    kept = seeded.sql("from core.register_readings where recognised_text = '0361002'").row(0, named=True)
    assert {name: kept[name] for name in change} == change
    assert (kept["decided_at"] > old["decided_at"].item()) == is_redecided
    revisions = seeded.sql("select * exclude replaced_at from core.reading_revisions")
    assert revisions.rows() == (old.rows() if is_redecided else [])


def test_what_a_person_set_stands(seeded: Warehouse, seeds: ModuleType) -> None:
    key = seeds.pictures([2])["picture_key"].item()
    taken_at = seeds.START_AT + timedelta(hours=2)
    correct(seeded, Correction(REGISTER, key, taken_at, 36_100_150))
    manual = seeds.readings(seeds.pictures([2])).with_columns(
        value_wh=pl.lit(36_100_150), quality=pl.lit("manual")
    )
    save_readings(seeded, manual)
    save_readings(seeded, seeds.readings(seeds.pictures([2])))
    kept = seeded.sql(
        "select value_wh, quality from core.register_readings where recognised_text = '0361002'"
    )
    assert kept.rows() == [(36_100_150, "manual")]
    assert seeded.sql("select quality from core.reading_revisions")["quality"].to_list() == ["measured"]
    window = seeded.query("decoding_window", register_id=REGISTER, since=None, until=None)
    assert window.filter(pl.col("manual_wh").is_not_null())["picture_key"].to_list() == [key]


def test_decisions_carry_growing_instants_when_the_clock_is_set_back(
    seeded: Warehouse, seeds: ModuleType
) -> None:
    seeded.script("update core.register_readings set decided_at = now() + interval 1 day")
    newest = seeded.sql("select max(decided_at) as at from core.register_readings").item()
    save_readings(seeded, seeds.readings(seeds.pictures([48])))
    assert seeded.sql("select max(decided_at) as at from core.register_readings").item() > newest


def test_intervals_are_replaced_from_a_midnight_on(seeded: Warehouse, seeds: ModuleType) -> None:
    save_readings(seeded, seeds.readings(seeds.pictures([48, 49])))
    pending = pending_work(seeded, REGISTER, "derive")
    found = seeded.query("derivation_start", register_id=REGISTER, from_at=pending.from_at, reach_s=0)
    since = found.item()
    accepted = accepted_readings(seeded, REGISTER, since, unit_wh=100)
    quarter_hours, days = seeds.intervals(accepted)
    later = pl.col("start_at") >= since
    before = seeded.sql("from core.interval_day order by local_date")
    replace_intervals(
        seeded,
        REGISTER,
        since,
        quarter_hours=quarter_hours.filter(later),
        days=days.filter(later),
        done=pending,
    )
    after = seeded.sql("from core.interval_day order by local_date")
    assert since == seeds.START_AT + timedelta(hours=47)
    assert after.head(1).equals(before.head(1))
    assert after["energy_wh"].to_list() == [2300, 2400, 200]
    assert after["n_readings"].to_list() == [22, 24, 3]
    assert pending_work(seeded, REGISTER, "derive").marks == ()


@pytest.mark.parametrize("which", ["quarter_hours", "days"])
def test_intervals_that_do_not_add_up_change_nothing(
    seeded: Warehouse, seeds: ModuleType, which: str
) -> None:
    mark(seeded, REGISTER, "derive", None, None)
    before = (
        seeded.sql("from core.interval_15min order by start_at"),
        pending_work(seeded, REGISTER, "derive"),
    )
    quarter_hours, days = seeds.intervals(seeded.query("accepted_readings", register_id=REGISTER, since=None))
    frames = {"quarter_hours": quarter_hours, "days": days}
    frames[which] = frames[which].with_columns(energy_wh=pl.col("energy_wh") + 1)
    with pytest.raises(IntervalsDoNotAddUp, match=r"4700 Wh"):
        replace_intervals(seeded, REGISTER, None, **frames, counted_wh=4700, done=before[1])
    assert seeded.sql("from core.interval_15min order by start_at").equals(before[0])
    assert pending_work(seeded, REGISTER, "derive") == before[1]


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3])
def test_a_killed_load_leaves_whole_batches(tmp_path: Path, seeds: ModuleType, after_s: float) -> None:
    found = seeds.pictures(range(8, 2008))
    frames = (found, seeds.recognitions(found), seeds.candidates(found))
    for name, frame in zip(("pictures", "recognitions", "candidates"), frames, strict=True):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as opened:
        seeds.migrate(opened)
    command = [sys.executable, "-c", LOAD_FOR_EVER, str(path), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.kill()
        acknowledged = len(process.stdout.read().splitlines())
    with open_warehouse(path) as opened:
        loaded = opened.sql("from raw.pictures").height
        read = opened.sql("from raw.recognitions").height
        orphans = opened.sql(
            "from raw.candidates anti join raw.recognitions "
            "using (picture_key, register_id, reader, reader_version)"
        )
        assert loaded >= 20 * (acknowledged - 1)
        assert (loaded % 20, read % 20, orphans.height) == (0, 0, 0)
        load_pictures(opened, frames[0])
        load_recognitions(opened, *frames[1:])
        counts = [
            opened.sql(f"from raw.{name}").height for name in ("pictures", "recognitions", "candidates")
        ]
    assert counts == [frame.height for frame in frames]
