from datetime import date, timedelta
from importlib.resources import files
from types import ModuleType

import polars as pl
import pytest

from warehouse.connection import Warehouse
from warehouse.loading import load_pictures, load_recognitions, save_readings

REGISTER: dict[str, object] = {"register_id": "home/1-0:1.8.0"}
HOME: dict[str, object] = {"meter": "home"}
DAY: dict[str, object] = {"local_date": date(2026, 3, 30)}
ANSWERS: dict[str, dict[str, object]] = {
    "archived_pictures": {},
    "accepted_readings": REGISTER | {"since": None},
    "count_readings": {},
    "current_database": {},
    "decoding_anchor": REGISTER,
    "decoding_window": REGISTER | {"since": None},
    "derivation_start": REGISTER,
    "energy_of": HOME,
    "interval_sums": REGISTER,
    "known_sources": {},
    "last_full_day": HOME,
    "newest_readings": REGISTER | {"limit": 5},
    "next_decision_at": {},
    "readings_of": HOME,
    "report_daily": HOME,
    "report_hours": HOME,
    "report_last_day": HOME | DAY,
    "report_newest": HOME,
    "report_quality": HOME,
    "report_readings": HOME | DAY,
    "run_summary": REGISTER,
    "schema_migrations": {},
    "store_cursor": {"store": "file:store"},
    "unread_pictures": REGISTER,
}
CHANGES = {
    "create_schema_migrations",
    "delete_interval_15min",
    "delete_interval_day",
    "insert_interval_15min",
    "insert_interval_day",
    "keep_revisions",
    "load_candidates",
    "load_pictures",
    "load_recognitions",
    "merge_readings",
    "record_derivation",
    "record_migration",
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


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_question_is_answered_from_an_empty_warehouse(warehouse: Warehouse, name: str) -> None:
    assert warehouse.query(name, **ANSWERS[name]).width > 0


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_report_frames_keep_their_contract(seeded: Warehouse, name: str) -> None:
    answer = seeded.query(name, **ANSWERS[name])
    assert answer.schema == FRAMES[name]
    assert not answer.is_empty()


def test_daily(seeded: Warehouse) -> None:
    answer = seeded.query("report_daily", meter="home")
    assert answer.select("local_date", "energy_kwh", "hours", "peak_w").rows() == [
        (date(2026, 3, 29), 2.3, 23.0, 100),
        (date(2026, 3, 30), 2.4, 24.0, 100),
    ]


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


def test_quality_counts_every_picture_and_the_missing_ones(seeded: Warehouse) -> None:
    seeded.script("delete from raw.pictures where picture_key like '%Z_000030.jpg'")
    assert seeded.query("report_quality", meter="home").rows() == [
        (date(2026, 3, 29), 19, 1, 0, 3, 0),
        (date(2026, 3, 30), 23, 0, 0, 0, 1),
        (date(2026, 3, 31), 1, 0, 0, 0, 0),
    ]


def test_an_irregular_series_misses_nothing(warehouse: Warehouse, seeds: ModuleType) -> None:
    load_pictures(warehouse, seeds.pictures([0, 1, 5, 6, 20, 22, 40, 47, 100]))
    answer = warehouse.query("report_quality", meter="home")
    assert answer["missing"].sum() == 0
    assert answer.height == 5


def test_the_days_readings_include_unusable_pictures(seeded: Warehouse) -> None:
    answer = seeded.query("report_readings", meter="home", local_date=date(2026, 3, 29))
    rejected = answer.filter(pl.col("quality") == "rejected")
    assert answer.height == 23
    assert rejected["read_local"].dt.hour().to_list() == [6, 8, 10]
    assert rejected["reason"].to_list() == ["truncated", "dark", "no_candidate_fits"]
    assert rejected["value_kwh"].to_list() == [None, None, None]
    assert answer["value_kwh"][0] == 36_100.0


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


def test_a_picture_is_unread_until_any_reader_has_read_it(seeded: Warehouse, seeds: ModuleType) -> None:
    load_pictures(seeded, seeds.pictures([48, 49, 50], broken=[50]))
    waiting = seeded.query("unread_pictures", **REGISTER)
    assert waiting["picture_key"].to_list() == seeds.pictures([48, 49])["picture_key"].to_list()


def test_the_decoding_window_holds_the_newest_recognitions(seeded: Warehouse, seeds: ModuleType) -> None:
    again = seeds.pictures([4])
    later = seeds.START_AT + timedelta(days=9)
    newer = seeds.candidates(again, "c3d4").with_columns(text=pl.lit("0999999"))
    load_recognitions(seeded, seeds.recognitions(again, "c3d4", later), newer)
    window = seeded.query("decoding_window", **REGISTER, since=None)
    assert window.height == 47
    assert window["taken_at"].is_sorted()
    assert window.row(4, named=True) == {
        "picture_key": again["picture_key"].item(),
        "taken_at": seeds.START_AT + timedelta(hours=4),
        "recognised_at": later,
        "reason": None,
        "texts": ["0999999", "0999999"],
        "value_units": [361_004, -1],
        "probabilities": [0.9, 0.05],
    }
    dark = window.filter(pl.col("reason") == "dark").row(0, named=True)
    assert (dark["texts"], dark["value_units"], dark["probabilities"]) == ([], [], [])
    since = seeds.START_AT + timedelta(hours=40)
    assert seeded.query("decoding_window", **REGISTER, since=since).height == 7


def test_decoding_begins_at_an_anchor_with_context(warehouse: Warehouse, seeds: ModuleType) -> None:
    seeds.seed(warehouse, 100)
    assert warehouse.query("decoding_anchor", **REGISTER).row(0) == (None, 0, None, None)
    new = seeds.pictures([100, 101])
    load_pictures(warehouse, new)
    load_recognitions(warehouse, seeds.recognitions(new), seeds.candidates(new))
    at = seeds.START_AT + timedelta(hours=51)
    assert warehouse.query("decoding_anchor", **REGISTER).row(0) == (
        seeds.START_AT + timedelta(hours=100),
        2,
        at,
        36_105_100,
    )
    between = warehouse.query("accepted_readings", **REGISTER, since=at)
    assert between.filter(pl.col("read_at") > at).height == 48


@pytest.mark.parametrize(("held_wh", "context"), [(36_100_000, 500), (36_100_100, 690), (36_100_200, 500)])
def test_context_reaches_back_to_the_reading_that_still_holds(
    warehouse: Warehouse, seeds: ModuleType, held_wh: int, context: int
) -> None:
    standing = seeds.readings(seeds.pictures(range(700))).with_columns(
        value_wh=pl.when(seeds.hour_of_reading() == 10).then(held_wh).otherwise(36_100_000),
        quality=pl.lit("measured"),
        reason=pl.lit(None, dtype=pl.String),
    )
    save_readings(warehouse, standing)
    since = seeds.START_AT + timedelta(hours=700)
    assert warehouse.query("accepted_readings", **REGISTER, since=since).height == context


def test_a_new_recognition_of_an_old_picture_is_undecided(seeded: Warehouse, seeds: ModuleType) -> None:
    again = seeds.pictures([4])
    later = seeds.START_AT + timedelta(days=9)
    load_recognitions(seeded, seeds.recognitions(again, "c3d4", later), seeds.candidates(again, "c3d4"))
    assert seeded.query("decoding_anchor", **REGISTER).row(0)[:2] == (seeds.START_AT + timedelta(hours=4), 1)
    save_readings(seeded, seeds.readings(again, later))
    assert seeded.query("decoding_anchor", **REGISTER).row(0)[:2] == (None, 0)


@pytest.mark.parametrize(("hour", "since_hour"), [(4, 0), (22, 0), (23, 0), (24, 23), (30, 23), (48, 47)])
def test_deriving_starts_where_the_earliest_change_may_reach(
    seeded: Warehouse, seeds: ModuleType, hour: int, since_hour: int
) -> None:
    save_readings(seeded, seeds.readings(seeds.pictures([hour])).with_columns(quality=pl.lit("repaired")))
    start = seeded.query("derivation_start", **REGISTER).row(0, named=True)
    assert start["since"] == seeds.START_AT + timedelta(hours=since_hour)
