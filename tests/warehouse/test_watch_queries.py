"""What the watch asks: rhythm, arrivals, outcomes and nights of each camera and register."""

from datetime import date, timedelta
from types import ModuleType

import polars as pl

from warehouse.connection import Warehouse
from warehouse.loading import load_pictures


def test_the_times_end_with_the_newest_believable_picture(seeded: Warehouse, seeds: ModuleType) -> None:
    ahead = seeds.pictures([900]).with_columns(reason=pl.lit("from_the_future"))
    load_pictures(seeded, ahead)
    load_pictures(seeded, seeds.pictures([400]).with_columns(camera=pl.lit("garage")))
    times = seeded.query("watch_times")
    cellar = times.filter(pl.col("camera") == "cellar")
    assert cellar["taken_at"].to_list() == [seeds.START_AT + timedelta(hours=hour) for hour in range(48)]
    assert times.filter(pl.col("camera") == "garage").height == 1
    load_pictures(seeded, seeds.pictures([370]))
    recent = seeded.query("watch_times").filter(pl.col("camera") == "cellar")
    assert recent["taken_at"].min() == seeds.START_AT + timedelta(hours=35), "a fortnight and no more"


def test_arrivals_are_the_newest_with_what_they_say_of_the_clock(
    seeded: Warehouse, seeds: ModuleType
) -> None:
    facts = ['{"clock_synchronised": true}', '{"clock_synchronised": false}', None]
    load_pictures(seeded, seeds.pictures([48, 49, 50]).with_columns(facts=pl.Series(facts)))
    arrivals = seeded.query("watch_arrivals")
    assert arrivals.height == 5
    assert arrivals["synchronised"].to_list() == [None, False, True, None, None]


def test_outcomes_tell_rejected_and_broken_pictures_from_read_ones(seeded: Warehouse) -> None:
    outcomes = seeded.query("watch_outcomes").sort("taken_at")
    assert outcomes.height == 48
    unread = outcomes.filter(~pl.col("is_read"))
    hours = {
        int(key.split("_")[-1][:6]): reason for key, reason in unread.select("picture_key", "reason").rows()
    }
    assert hours == {5: "truncated", 7: "dark", 9: "no_candidate_fits"}


def test_an_outcome_holds_every_candidate_as_it_was_seen(seeded: Warehouse) -> None:
    outcomes = seeded.query("watch_outcomes")
    seen = dict(outcomes.select("picture_key", "seen").rows())
    candidates = seeded.sql(
        "select picture_key, text, probability from raw.candidates order by picture_key, rank"
    )
    for key, rows in candidates.group_by("picture_key"):
        told = " ".join(f"{text} {share:.4g}" for _, text, share in rows.iter_rows())
        assert seen[str(key[0])] == told
    assert outcomes.filter(pl.col("reason") == "dark")["seen"].to_list() == [None]


def test_nights_come_oldest_first(seeded: Warehouse) -> None:
    assert seeded.query("watch_base_load").select("local_date", "base_load_w").rows() == [
        (date(2026, 3, 29), 100.0),
        (date(2026, 3, 30), 100.0),
    ]


def test_a_store_was_listed_when_it_gave_all_or_anything(seeded: Warehouse, seeds: ModuleType) -> None:
    def listed_at(store: str) -> object:
        return seeded.query("listed_at", store=store).item()

    assert listed_at("file:store") is None
    cursor = {"store": ["file:store"], "cursor": ["7"], "listed_at": [seeds.START_AT]}
    seeded.merge("raw.store_cursors", pl.DataFrame(cursor), keys=["store"])
    assert listed_at("file:store") == seeds.START_AT + timedelta(hours=47, minutes=1)
    assert listed_at("dropbox:/") is None
