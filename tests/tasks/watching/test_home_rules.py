"""What is wrong with the server's side: store, ingest, runs, settings."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.watching.facts import Run
from tasks.watching.faults import KINDS
from tasks.watching.home_rules import unusable_settings
from tasks.watching.rules import find_incidents
from tests.tasks.watching.conftest import (
    CAMERA,
    FINE,
    HOUR,
    LIMITS,
    NOW_AT,
    STORE,
    found,
    pictures,
    with_store,
)


@pytest.mark.parametrize(
    ("schedule", "ago", "is_told"),
    [
        ("2-59/15 * * * *", timedelta(hours=1, minutes=58), False),
        ("2-59/15 * * * *", timedelta(hours=2, minutes=16), True),
        ("0 6 * * *", timedelta(hours=6), False),
        ("0 6 * * *", timedelta(hours=30), True),
        ("0 11 * * *", timedelta(hours=25), False),
        ("0 0 1 * *", timedelta(days=23), False),
        ("", timedelta(days=60), False),
    ],
)
def test_an_ingest_is_missed_where_its_schedule_asked_for_one(
    schedule: str, ago: timedelta, is_told: bool
) -> None:
    seen = with_store(listed_at=NOW_AT - ago)
    faults = find_incidents(seen, replace(LIMITS, ingest_schedule=schedule)).faults
    assert [each.fault_id for each in faults] == ["ingest"] * is_told


def test_a_dead_store_is_told_instead_of_all_that_follows_from_it() -> None:
    late = replace(STORE, trouble="token revoked", refused=True, listed_at=NOW_AT - 9 * HOUR)
    failing = (Run("ingest/home", "r", NOW_AT, 3), Run("report/home", "r", NOW_AT))
    seen = replace(FINE, store=late, runs=failing, published_at=NOW_AT - 9 * HOUR)
    assert found(replace(seen, cameras=(replace(CAMERA, taken_at=pictures(until=9 * HOUR)),))) == {
        "store-refused"
    }


@pytest.mark.parametrize(
    ("run", "store", "fault"),
    [
        (Run("keep-home/home", "r", NOW_AT - 50 * HOUR, 1), {}, "run:keep-home/home"),
        (Run("keep-home/home", "r", NOW_AT - 50 * HOUR, 1), {"trouble": "no answer"}, "run:keep-home/home"),
        (Run("backup/home", "r", NOW_AT, 1), {"trouble": "no answer"}, None),
        (Run("evaluate/home", "r", NOW_AT - 23 * HOUR, 1, is_repeated=False), {}, "asked:evaluate/home"),
        (Run("evaluate/home", "r", NOW_AT - 25 * HOUR, 1, is_repeated=False), {}, None),
        (Run("evaluate/home", "r", NOW_AT, is_repeated=False), {}, None),
        (Run("ingest/home", "r", NOW_AT, 1), {}, None),
        (Run("ingest/home", "r", NOW_AT, 1, is_repeated=False), {}, "asked:ingest/home"),
    ],
    ids=[
        "scheduled",
        "store away",
        "for want of the store",
        "asked for",
        "asked for days ago",
        "succeeded",
        "soon again",
        "an ingest on demand",
    ],
)
def test_a_run_that_failed_is_told_until_it_is_repeated_or_for_a_day(
    run: Run, store: dict[str, str], fault: str | None
) -> None:
    faults = find_incidents(replace(with_store(**store), runs=(run,)), LIMITS).faults
    told = {each.fault_id: each.remedy for each in faults if not each.fault_id.startswith("store")}
    assert set(told) == ({fault} if fault else set())
    assert all(("by its schedule" in remedy) == run.is_repeated for remedy in told.values())


def test_settings_that_cannot_be_used_are_told_and_leave_all_else_as_it_was() -> None:
    judgement = unusable_settings("meters.home.digits: too many")
    assert [each.fault_id for each in judgement.faults] == ["settings"]
    assert "meters.home.digits: too many" in judgement.faults[0].sentence
    assert judgement.unjudged == set(KINDS) - {"settings"}
    assert found(FINE, "settings") == set(), "and it is over once they can be"


@pytest.mark.parametrize(
    ("usable_h_ago", "faults"),
    [
        (None, {"ingest", "run:ingest/home"}),
        (6, {"ingest", "run:ingest/home"}),
        (4, {"ingest"}),
        (1, set()),
        (0, set()),
    ],
)
def test_what_failed_for_unusable_settings_is_not_told_once_they_are_mended(
    usable_h_ago: float | None, faults: set[str]
) -> None:
    failed = replace(FINE, runs=(Run("ingest/home", "r", NOW_AT - 5 * HOUR, 3),))
    seen = replace(failed, store=replace(STORE, listed_at=NOW_AT - 9 * HOUR))
    usable_at = None if usable_h_ago is None else NOW_AT - usable_h_ago * HOUR
    judgement = find_incidents(seen, LIMITS, frozenset(), usable_at)
    assert {each.fault_id for each in judgement.faults} == faults
    assert {"ingest", "run:ingest/home"} - faults <= judgement.unjudged, "what was told before stays open"
