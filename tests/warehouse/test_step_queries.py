"""What reading, decoding and deriving ask: how far each has to look."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from warehouse.connection import Warehouse
from warehouse.loading import (
    accepted_readings,
    load_pictures,
    load_recognitions,
    pending_work,
    save_readings,
)
from warehouse.reread import Rereading, adopt

REGISTER: dict[str, Any] = {"register_id": "home/1-0:1.8.0"}


def test_a_picture_is_unread_until_any_reader_has_read_it(seeded: Warehouse, seeds: ModuleType) -> None:
    load_pictures(seeded, seeds.pictures([48, 49, 50], broken=[50]))
    pending = pending_work(seeded, "home/1-0:1.8.0", "read")
    assert pending.from_at == seeds.START_AT + timedelta(hours=48)
    waiting = seeded.query("unread_pictures", **REGISTER, since=pending.from_at)
    assert waiting["picture_key"].to_list() == seeds.pictures([48, 49])["picture_key"].to_list()


def test_the_decoding_window_holds_recognitions_with_their_candidates(
    seeded: Warehouse, seeds: ModuleType
) -> None:
    window = seeded.query("decoding_window", **REGISTER, since=None, until=None)
    assert window.height == 47
    assert window["taken_at"].is_sorted()
    assert window.row(4, named=True) == {
        "picture_key": seeds.pictures([4])["picture_key"].item(),
        "taken_at": seeds.START_AT + timedelta(hours=4),
        "recognised_at": seeds.START_AT,
        "reason": None,
        "tenth": None,
        "texts": ["0361004", "36100"],
        "value_units": [361_004, -1],
        "probabilities": [0.9, 0.05],
        "manual_wh": None,
        "known_wh": 36_100_400,
    }
    dark = window.filter(pl.col("reason") == "dark").row(0, named=True)
    assert (dark["texts"], dark["value_units"], dark["probabilities"]) == ([], [], [])
    span = {"since": seeds.START_AT + timedelta(hours=40), "until": seeds.START_AT + timedelta(hours=44)}
    assert seeded.query("decoding_window", **REGISTER, **span).height == 4


def test_decoding_begins_at_an_anchor_with_context(warehouse: Warehouse, seeds: ModuleType) -> None:
    seeds.seed(warehouse, 100)
    assert pending_work(warehouse, "home/1-0:1.8.0", "decode").marks == ()
    new = seeds.pictures([100, 101])
    load_pictures(warehouse, new)
    load_recognitions(warehouse, seeds.recognitions(new), seeds.candidates(new))
    pending = pending_work(warehouse, "home/1-0:1.8.0", "decode")
    hundredth = seeds.START_AT + timedelta(hours=100)
    assert (pending.from_at, pending.to_at) == (hundredth, hundredth + timedelta(hours=1))
    at = seeds.START_AT + timedelta(hours=51)
    assert warehouse.query("decoding_anchor", **REGISTER, from_at=hundredth).row(0) == (at, 36_105_100)
    between = warehouse.query("accepted_readings", **REGISTER, since=at)
    assert between.filter(pl.col("read_at") > at).height == 48


def test_a_change_in_the_past_is_decoded_until_it_no_longer_matters(
    warehouse: Warehouse, seeds: ModuleType
) -> None:
    seeds.seed(warehouse, 200)
    at = seeds.START_AT + timedelta(hours=20)
    assert warehouse.query("decoding_end", **REGISTER, to_at=at).row(0) == (
        seeds.START_AT + timedelta(hours=68),
        seeds.START_AT + timedelta(hours=116),
    )
    late = seeds.START_AT + timedelta(hours=110)
    assert warehouse.query("decoding_end", **REGISTER, to_at=late).is_empty()


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
    assert accepted_readings(warehouse, "home/1-0:1.8.0", since, unit_wh=100).height == context


def test_a_new_recognition_counts_once_it_is_adopted(seeded: Warehouse, seeds: ModuleType) -> None:
    again = seeds.pictures([4])
    later = seeds.START_AT + timedelta(days=9)
    newer = seeds.candidates(again, "c3d4").with_columns(text=pl.lit("0999999"))
    load_recognitions(seeded, seeds.recognitions(again, "c3d4", later), newer)

    def seen() -> list[str]:
        window = seeded.query("decoding_window", **REGISTER, since=None, until=None)
        assert window.height == 47
        return list(window.row(4, named=True)["texts"])

    assert seen() == ["0361004", "36100"]
    adopt(seeded, Rereading("home/1-0:1.8.0", "trocr-meter-small", "c3d4", seeds.START_AT, later))
    assert seen() == ["0999999", "0999999"]
    adopt(seeded, Rereading("home/1-0:1.8.0", "trocr-meter-small", "a1b2", None, None))
    assert seen() == ["0361004", "36100"]


def test_a_picture_that_does_not_show_the_window_or_is_gone_keeps_what_was_read(
    seeded: Warehouse, seeds: ModuleType
) -> None:
    again = seeds.pictures([4, 5, 6])
    later = seeds.START_AT + timedelta(days=9)
    reasons = pl.Series(["moved", "covered", "unreadable_picture"])
    load_recognitions(
        seeded,
        seeds.recognitions(again, "c3d4", later).with_columns(reason=reasons),
        seeds.candidates(again, "c3d4").clear(),
    )
    adopt(seeded, Rereading("home/1-0:1.8.0", "trocr-meter-small", "c3d4", None, None))
    window = seeded.query("decoding_window", **REGISTER, since=None, until=None)
    assert window["reason"].to_list()[4:7] == [None, "covered", None]
    assert [len(texts) for texts in window["texts"].to_list()[4:7]] == [2, 0, 2]


@pytest.mark.parametrize(("hour", "since_hour"), [(4, 0), (22, 0), (23, 0), (24, 23), (30, 23), (48, 47)])
def test_deriving_starts_where_the_earliest_change_may_reach(
    seeded: Warehouse, seeds: ModuleType, hour: int, since_hour: int
) -> None:
    save_readings(seeded, seeds.readings(seeds.pictures([hour])).with_columns(reason=pl.lit("mended")))
    from_at = pending_work(seeded, "home/1-0:1.8.0", "derive").from_at
    assert from_at == seeds.START_AT + timedelta(hours=hour)
    since = seeded.query("derivation_start", **REGISTER, from_at=from_at, reach_s=0)
    assert since["since"].to_list() == [seeds.START_AT + timedelta(hours=since_hour)]


@pytest.mark.parametrize(("reach_h", "since_hour"), [(0, 47), (24, 23)])
def test_a_tick_in_a_pause_reaches_back_from_the_reading_before_it(
    seeded: Warehouse, seeds: ModuleType, reach_h: int, since_hour: int
) -> None:
    save_readings(seeded, seeds.readings(seeds.pictures([47, 96])))
    from_at = seeds.START_AT + timedelta(hours=96)
    since = seeded.query("derivation_start", **REGISTER, from_at=from_at, reach_s=3600 * reach_h)
    assert since["since"].to_list() == [seeds.START_AT + timedelta(hours=since_hour)]


def test_nothing_is_derived_from_estimated_readings(seeded: Warehouse, seeds: ModuleType) -> None:
    guessed = seeds.readings(seeds.pictures(range(48, 700))).with_columns(quality=pl.lit("estimated"))
    save_readings(seeded, guessed)
    at = seeds.START_AT + timedelta(hours=700)
    since = seeded.query("derivation_start", **REGISTER, from_at=at, reach_s=0)
    assert since["since"].to_list() == [seeds.START_AT + timedelta(hours=47)]
    context = accepted_readings(seeded, REGISTER["register_id"], at, unit_wh=100)
    assert context["read_at"].min() == seeds.START_AT
