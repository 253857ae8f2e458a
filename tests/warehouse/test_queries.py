from datetime import UTC, date, datetime
from importlib.resources import files
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from warehouse.connection import Warehouse
from warehouse.loading import load_pictures, load_registers

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}
HOME: dict[str, Any] = {"meter": "home"}
DAY: dict[str, Any] = {"local_date": date(2026, 3, 30)}
NOW = {"from_at": datetime(2026, 3, 30, tzinfo=UTC)}
ANSWERS: dict[str, dict[str, Any]] = {
    "archived_pictures": {},
    "accepted_readings": REGISTER | {"since": None},
    "changed_drums": {},
    "changed_readings": {},
    "contradicting_pictures": REGISTER | {"picture_key": "images/cellar/x.jpg"},
    "context_start": REGISTER | {"since": NOW["from_at"], "reach_s": 0},
    "correction": REGISTER | {"picture_key": "images/cellar/x.jpg"},
    "corrections": {},
    "count_readings": {},
    "current_database": {},
    "changes_since": {"known": 0},
    "datable_pictures": {"since": NOW["from_at"]},
    "decoding_anchor": REGISTER | NOW,
    "decoding_end": REGISTER | {"to_at": NOW["from_at"]},
    "decoding_window": REGISTER | {"since": None, "until": None},
    "derivation_start": REGISTER | NOW | {"reach_s": 0},
    "energy_of": HOME,
    "event": {"event_id": 1},
    "events": {},
    "find_picture": {"name": "x.jpg"},
    "habits": REGISTER,
    "habits_due": REGISTER,
    "has_pictures": {},
    "held_reading": REGISTER | {"before": NOW["from_at"], "value_wh": 0, "unit_wh": 100},
    "export_labels": {"first": None, "last": None},
    "interval_sums": REGISTER,
    "last_full_day": HOME,
    "moved_points": {},
    "local_midnight": REGISTER | {"since": None},
    "newest_readings": REGISTER | {"limit": 5},
    "next_correction_id": {},
    "next_event_id": {},
    "pending": REGISTER | {"step": "read"},
    "pictures_named": {},
    "proof_days": HOME | {"limit": 5},
    "proof_in_doubt": HOME | {"limit": 5},
    "proof_of_day": HOME | DAY,
    "proof_of_months": HOME,
    "proof_pictures": REGISTER,
    "proposals": {},
    "readings_of": HOME,
    "readings_between": REGISTER | {"from_at": None, "to_at": None},
    "reading_before": REGISTER | {"before": NOW["from_at"]},
    "register_events": REGISTER,
    "register_ids": {},
    "report_backwards": HOME,
    "report_base_load": HOME,
    "report_costs": HOME,
    "report_daily": HOME,
    "report_events": HOME,
    "report_feed_in": HOME,
    "report_gaps": HOME,
    "report_month_hours": HOME | {"month_start": date(2026, 3, 1)},
    "report_month_marks": HOME,
    "report_peaks": HOME,
    "report_quarter_hours": HOME,
    "report_reasons": HOME,
    "report_tariffs": HOME,
    "report_hours": HOME,
    "report_last_day": HOME | DAY,
    "report_newest": HOME,
    "report_quality": HOME,
    "report_readings": HOME | DAY,
    "reread_pictures": REGISTER | {"from_at": None, "to_at": None, "reader": "r", "reader_version": "1"},
    "run_summary": REGISTER,
    "schema_migrations": {},
    "thinnable_pictures": {"before": datetime(2026, 11, 22, tzinfo=UTC)},
    "lost_tariffs": {},
    "lost_words": {},
    "moved_decimals": {},
    "listed_at": {"store": "file:store"},
    "watch_times": {},
    "watch_arrivals": {},
    "watch_outcomes": {},
    "watch_base_load": {},
    "store_cursor": {"store": "file:store"},
    "settled_readings": REGISTER | {"since": NOW["from_at"]},
    "stored_energy": REGISTER | NOW | {"to_at": NOW["from_at"]},
    "table_names": {},
    "review_queue": {"register_ids": ["home/1-0:1.8.0"], "limit": 5, "least_log_odds": 6.0},
    "system_reader": HOME,
    "unfit_readings": {},
    "unread_pictures": REGISTER | {"since": None},
    "vindicated_pictures": {"store": "file:store", "since": NOW["from_at"]},
}
OF_FRAMES = {"changed_drums", "changed_readings", "moved_points", "pictures_named", "proof_pictures"}
CHANGES = {
    "adopt",
    "cover_days",
    "create_schema_migrations",
    "date_pictures",
    "delete_cost_day",
    "delete_habits",
    "delete_interval_15min",
    "delete_interval_day",
    "delete_manual_reading",
    "delete_quality_day",
    "delete_rhythm_day",
    "finish",
    "forget_changes",
    "forget_habits",
    "insert_correction",
    "insert_cost_day",
    "insert_event",
    "insert_habits",
    "insert_interval_15min",
    "insert_interval_day",
    "insert_quality_day",
    "insert_readings",
    "insert_rhythm_day",
    "keep_revisions",
    "load_candidates",
    "load_pictures",
    "load_recognitions",
    "mark",
    "mark_pictures",
    "mark_recognitions",
    "mark_registers",
    "mark_uncovered",
    "merge_proposal",
    "merge_readings",
    "move_points_of_corrections",
    "move_points_of_events",
    "note_change",
    "note_former_cameras",
    "note_moved_cameras",
    "record_migration",
    "retire_registers",
    "shift_local_times",
    "undo_correction",
    "undo_event",
    "vindicate_pictures",
    "withdraw_proposals",
}
FRAMES = {
    "report_daily": {
        "local_date": pl.Date,
        "energy_kwh": pl.Float64,
        "estimated_kwh": pl.Float64,
        "hours": pl.Float64,
        "base_load_w": pl.Int64,
        "peak_w": pl.Int64,
    },
    "report_last_day": {
        "start_local": pl.Datetime("us"),
        "minutes": pl.Int64,
        "energy_wh": pl.Int64,
        "mean_w": pl.Int64,
        "quality": pl.String,
        "first_picture": pl.String,
        "last_picture": pl.String,
    },
    "report_hours": {"local_date": pl.Date, "hour": pl.Int64, "mean_w": pl.Int64},
    "report_quality": {
        "local_date": pl.Date,
        "measured": pl.Int64,
        "repaired": pl.Int64,
        "estimated": pl.Int64,
        "rejected": pl.Int64,
        "missing": pl.Int64,
    },
    "report_readings": {
        "read_local": pl.Datetime("us"),
        "picture_key": pl.String,
        "value_kwh": pl.Float64,
        "quality": pl.String,
        "reason": pl.String,
        "recognised_text": pl.String,
        "probability": pl.Float64,
    },
}


def test_every_query_is_tested() -> None:
    found = {file.name.removesuffix(".sql") for file in (files("warehouse") / "queries").iterdir()}
    assert found == ANSWERS.keys() | CHANGES


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - OF_FRAMES))
def test_every_question_is_answered_from_an_empty_warehouse(warehouse: Warehouse, name: str) -> None:
    assert warehouse.query(name, **ANSWERS[name]).width > 0


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_report_frames_keep_their_contract(seeded: Warehouse, name: str) -> None:
    answer = seeded.query(name, **ANSWERS[name])
    assert answer.schema == FRAMES[name]
    assert not answer.is_empty()


def test_a_further_register_changes_no_answer(seeded: Warehouse, seeds: ModuleType) -> None:
    names = [name for name, asked in ANSWERS.items() if "meter" in asked]
    before = {name: seeded.query(name, **ANSWERS[name]) for name in names}
    load_registers(seeded, seeds.registers_of("1-0:1.8.0", "1-0:1.7.0"))
    assert [name for name in names if not seeded.query(name, **ANSWERS[name]).equals(before[name])] == []


def test_the_proof_of_a_picture_has_its_candidates(seeded: Warehouse) -> None:
    wanted = seeded.query("proof_of_day", **HOME, **DAY)
    proofs = seeded.query("proof_pictures", incoming=wanted, **REGISTER)
    assert proofs.height == wanted.height == 24
    read = proofs.filter(pl.col("quality") == "measured").row(0, named=True)
    assert read["probabilities"] == [0.9, 0.05]
    assert len(read["texts"]) == 2
    assert read["window_corners"] is not None


def test_doubtful_pictures_come_first(seeded: Warehouse) -> None:
    queue = seeded.query("review_queue", **ANSWERS["review_queue"])
    assert queue["quality"].to_list() == ["rejected", "repaired", "rejected"]
    assert queue["reason"].to_list() == ["no_candidate_fits", None, "dark"]
    assert (queue["after_wh"] - queue["before_wh"]).to_list()[:2] == [200, 200]
    assert seeded.query("proof_in_doubt", meter="home", limit=10).height == 4


def test_daily(seeded: Warehouse) -> None:
    answer = seeded.query("report_daily", meter="home")
    assert answer.select("local_date", "energy_kwh", "hours", "peak_w").rows() == [
        (date(2026, 3, 29), 2.3, 23.0, 100),
        (date(2026, 3, 30), 2.4, 24.0, 100),
    ]


def test_an_estimated_quarter_of_an_hour_is_no_peak(seeded: Warehouse) -> None:
    seeded.script(
        "update core.interval_15min set energy_wh = 500, quality = 'estimated' where local_minute = 600;"
        "update core.interval_15min set energy_wh = 60 where local_minute = 720"
        " and local_date = '2026-03-29';"
        "update core.interval_15min set quality = 'estimated' where local_date = '2026-03-30'"
    )
    peaks = seeded.query("report_peaks", meter="home").with_columns(pl.col("peak_local").dt.hour())
    assert peaks.rows() == [(date(2026, 3, 1), 1, 12, 240)]
    days = seeded.query("report_daily", meter="home").select("local_date", "peak_w").rows()
    assert days == [(date(2026, 3, 29), 240), (date(2026, 3, 30), None)]


def test_a_day_ran_backwards_if_a_quarter_of_an_hour_did(seeded: Warehouse) -> None:
    assert seeded.query("report_backwards", meter="home").is_empty()
    seeded.script(
        "update core.interval_15min set energy_wh = -energy_wh"
        " where start_at = (select min(start_at) from core.interval_15min)"
    )
    assert seeded.query("report_backwards", meter="home")["local_date"].to_list() == [date(2026, 3, 29)]


def test_hours_leave_out_the_hour_that_the_clocks_skip(seeded: Warehouse) -> None:
    answer = seeded.query("report_hours", meter="home")
    first = answer.filter(pl.col("local_date") == date(2026, 3, 29))
    assert first["hour"].to_list() == [0, 1, *range(3, 24)]
    assert answer["mean_w"].unique().to_list() == [100]


def test_the_last_day_names_the_pictures_that_prove_it(seeded: Warehouse) -> None:
    answer = seeded.query("report_last_day", meter="home", local_date=date(2026, 3, 29))
    shown = {f"{row['start_local']:%H:%M}": row for row in answer.iter_rows(named=True)}
    assert answer.height == 92
    assert (shown["03:15"]["minutes"], shown["03:15"]["energy_wh"], shown["03:15"]["mean_w"]) == (15, 25, 100)
    assert shown["03:15"]["first_picture"].endswith("Z_000002.jpg")
    assert shown["03:15"]["last_picture"].endswith("Z_000003.jpg")
    assert shown["08:30"]["first_picture"].endswith("Z_000006.jpg")
    assert shown["08:30"]["last_picture"].endswith("Z_000008.jpg")


@pytest.mark.parametrize(
    ("hours", "expected"), [(0, []), (10, [(date(2026, 3, 29), False)]), (48, [(date(2026, 3, 30), True)])]
)
def test_the_last_full_day(
    warehouse: Warehouse, seeds: ModuleType, hours: int, expected: list[tuple[date, bool]]
) -> None:
    seeds.seed(warehouse, hours + 1)
    assert warehouse.query("last_full_day", meter="home").rows() == expected


def test_a_runs_summary(seeded: Warehouse, seeds: ModuleType) -> None:
    load_pictures(seeded, seeds.pictures([60]))
    assert seeded.query("run_summary", register_id="home/1-0:1.8.0").rows() == [
        ("measured", None, 44),
        ("rejected", "dark", 1),
        ("rejected", "no_candidate_fits", 1),
        ("repaired", None, 1),
        ("unusable", "truncated", 1),
        ("waiting", None, 1),
    ]
