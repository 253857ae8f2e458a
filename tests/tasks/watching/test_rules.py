"""Every kind of fault: what it takes to be told, and to be over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.watching.facts import Run, Seen
from tasks.watching.faults import KINDS
from tasks.watching.home_rules import unusable_settings
from tasks.watching.rules import find_incidents
from tests.tasks.watching.conftest import (
    CAMERA,
    FINE,
    GB,
    HOUR,
    LIMITS,
    NOW_AT,
    QUARTER,
    REGISTER,
    STORE,
    alike,
    arrivals,
    found,
    nights,
    outcomes,
    pictures,
    reports,
    with_camera,
    with_meter,
    with_store,
)


def test_nothing_is_wrong_where_all_is_fine() -> None:
    assert found(FINE) == set()
    assert found(FINE, *KINDS, f"unread:{REGISTER}", "silent:cellar") == set()


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (with_camera(taken_at=pictures(until=timedelta(minutes=91))), "silent:cellar"),
        (with_camera(arrivals=arrivals(False, False, False)), "clock:cellar"),
        (with_camera(arrivals=arrivals(True, True, True, reason="from_the_future")), "clock:cellar"),
        (with_camera(health=reports(disk_free_bytes=GB)), "card:cellar"),
        (with_camera(health=reports(waiting=100)), "outbox:cellar"),
        (with_camera(health=reports(dropped=3)), "outbox:cellar"),
        (with_camera(health=reports(restarts=12)), "restarts:cellar"),
        (with_camera(health=reports(throttled=("undervoltage",))), "power:cellar"),
        (with_camera(health=reports(throttled=("undervoltage_has_occurred",))), "power:cellar"),
        (with_camera(health=reports(temperature_c=83.0)), "hot:cellar"),
        (with_meter(outcomes=outcomes(*["dark"] * 8, None)), f"unread:{REGISTER}"),
        (with_meter(outcomes=outcomes(*["moved"] * 8, None)), f"unread:{REGISTER}"),
        (with_meter(outcomes=outcomes(*["truncated"] * 8)), f"unread:{REGISTER}"),
        (with_meter(outcomes=outcomes(*["doubtful"] * 8, None)), f"unread:{REGISTER}"),
        (with_meter(outcomes=alike(4)), f"frozen:{REGISTER}"),
        (with_meter(outcomes=alike(4, of=4)), f"frozen:{REGISTER}"),
        (with_meter(base_load=nights(100, 160, 155, 170)), f"base-load:{REGISTER}"),
        (with_meter(base_load=nights(100, 40, 45, 30)), f"base-load:{REGISTER}"),
        (with_store(used_bytes=1.9 * GB), "store-full"),
        (with_store(trouble="token revoked", refused=True), "store-refused"),
        (with_store(trouble="no answer"), "store-unreachable"),
        (with_store(listed_at=NOW_AT - 3 * HOUR), "ingest"),
        (replace(FINE, published_at=NOW_AT - 3 * HOUR), "ingest"),
        (replace(FINE, runs=(Run("backup/home", "r", NOW_AT, 1, "why"),)), "run:backup/home"),
        (replace(FINE, runs=(Run("ingest/home", "r", NOW_AT, 2),)), "run:ingest/home"),
        (replace(FINE, disk_free_bytes=90 * GB), "disk"),
        (replace(FINE, warehouse_trouble="not a database"), "warehouse"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_fault_alone_is_found_alone_and_says_what_to_do(seen: Seen, fault: str) -> None:
    assert found(seen) == {fault}
    each = find_incidents(seen, LIMITS).faults[0]
    assert each.title
    assert each.remedy
    assert fault.partition(":")[0] in KINDS


@pytest.mark.parametrize(
    "seen",
    [
        with_camera(taken_at=pictures(until=timedelta(minutes=89))),
        with_camera(taken_at=pictures()[-3:]),
        with_camera(arrivals=arrivals(False, True, False)),
        with_camera(arrivals=arrivals(None, None, None)),
        with_camera(health=()),
        with_camera(health=reports(waiting=99)),
        with_camera(health=reports(restarts=11)),
        with_camera(health=reports(restarts=0)),
        with_camera(health=reports(restarts=12, boot_id="another")),
        with_meter(outcomes=outcomes(*["dark"] * 7, None)),
        with_meter(outcomes=outcomes(*["dark"] * 7)),
        with_meter(outcomes=alike(3)),
        with_meter(outcomes=alike(3, of=3)),
        with_meter(base_load=nights(100, 160, 101, 170)),
        with_meter(base_load=nights(100, 149, 149, 149)),
        with_meter(base_load=nights(100)[:6]),
        with_store(used_bytes=None, total_bytes=None),
        with_store(listed_at=None),
        replace(FINE, published_at=NOW_AT - 1.9 * HOUR),
        replace(FINE, runs=None),
        replace(FINE, disk_free_bytes=101 * GB),
        replace(FINE, cameras=(), registers=()),
    ],
)
def test_what_is_not_so_for_certain_is_not_told(seen: Seen) -> None:
    assert found(seen) == set()


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


@pytest.mark.parametrize(
    ("told", "still_wrong", "over"),
    [
        (
            "silent:cellar",
            with_camera(taken_at=(*pictures(until=5 * HOUR), NOW_AT)),
            with_camera(taken_at=(*pictures(until=5 * HOUR), NOW_AT - QUARTER, NOW_AT)),
        ),
        (
            "clock:cellar",
            with_camera(arrivals=arrivals(True, True, False)),
            with_camera(arrivals=arrivals(True, True, True)),
        ),
        (
            "card:cellar",
            with_camera(health=reports(disk_free_bytes=int(1.9 * GB))),
            with_camera(health=reports(disk_free_bytes=int(2.1 * GB))),
        ),
        ("outbox:cellar", with_camera(health=reports(waiting=26)), with_camera(health=reports(waiting=24))),
        ("restarts:cellar", with_camera(health=reports(restarts=8)), FINE),
        (
            "power:cellar",
            with_camera(health=(*reports(throttled=("undervoltage",)), *reports(3))),
            with_camera(health=(*reports(throttled=("undervoltage",)), *reports(6))),
        ),
        (
            f"unread:{REGISTER}",
            with_meter(outcomes=outcomes("dark", None, *["dark"] * 9)),
            with_meter(outcomes=outcomes(None, "dark", None, *["dark"] * 9)),
        ),
        (f"frozen:{REGISTER}", with_meter(outcomes=alike(2)), with_meter(outcomes=alike(1))),
        (
            f"base-load:{REGISTER}",
            with_meter(base_load=nights(100, 130, 127, 129)),
            with_meter(base_load=nights(100, 130, 120, 129)),
        ),
        (
            "run:ingest/home",
            replace(FINE, runs=(Run("ingest/home", "r", NOW_AT, 1),)),
            replace(FINE, runs=(Run("ingest/home", "r", NOW_AT),)),
        ),
        ("store-full", with_store(used_bytes=1.77 * GB), with_store(used_bytes=1.74 * GB)),
        ("disk", replace(FINE, disk_free_bytes=120 * GB), replace(FINE, disk_free_bytes=126 * GB)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_told_fault_ends_only_clearly_beyond_its_limit(told: str, still_wrong: Seen, over: Seen) -> None:
    assert found(still_wrong, told) == {told}
    assert found(still_wrong) == set(), "between the limits nothing begins"
    assert found(over, told) == set()


@pytest.mark.parametrize(
    ("seen", "unjudged"),
    [
        (with_store(trouble="token revoked", refused=True), {"ingest", "run:ingest/home"}),
        (with_store(trouble="no answer"), {"ingest", "run:ingest/home", "store-refused"}),
        (replace(FINE, warehouse_trouble="held", cameras=None, registers=None), {"silent", "unread", "card"}),
        (replace(FINE, runs=None), {"run"}),
        (with_camera(health=reports()[:-4]), {"card:cellar", "power:cellar"}),
    ],
)
def test_what_cannot_be_seen_neither_begins_nor_ends(seen: Seen, unjudged: set[str]) -> None:
    assert unjudged <= find_incidents(seen, LIMITS).unjudged


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


@pytest.mark.parametrize(
    ("ago_h", "told", "faults", "unjudged"),
    [
        ([49], (), {"silent:cellar"}, False),
        ([47], (), set(), False),
        ([49.5, 49.25, 49], (), {"silent:cellar"}, False),
        ([0.1], ("silent:cellar",), set(), True),
        ([0.3, 0.1], ("silent:cellar",), set(), False),
        ([49], ("silent:cellar",), {"silent:cellar"}, False),
    ],
    ids=["died at its first", "two days wait", "at its third", "one again", "two again", "silent again"],
)
def test_a_camera_that_has_sent_few_pictures_is_told_to_be_silent_as_well(
    ago_h: list[float], told: tuple[str, ...], faults: set[str], unjudged: bool
) -> None:
    seen = with_camera(taken_at=tuple(NOW_AT - HOUR * ago for ago in ago_h))
    assert found(seen, *told) == faults
    assert ("silent:cellar" in find_incidents(seen, LIMITS, frozenset(told)).unjudged) == unjudged


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


def test_a_fixed_silence_overrules_the_rhythm() -> None:
    limits = replace(LIMITS, silent=timedelta(minutes=20))
    assert found(with_camera(taken_at=pictures(until=timedelta(minutes=21))), limits=limits) == {
        "silent:cellar"
    }


@pytest.mark.parametrize(
    ("reason", "says", "remedy"),
    [
        ("dark", "dark", "lamp"),
        ("moved", "moved", "find-window"),
        ("unreadable_picture", "lies outside", "find-window"),
        ("truncated", "broken", "cable and card"),
        ("blurred", "blurred", "focus"),
        ("moved", "moved", "a table of its own"),
        ("wrong_number_of_digits", "another number of digits", "a table of its own"),
        ("doubtful", "rejected", "a table of its own"),
    ],
)
def test_the_remedy_fits_the_reason(reason: str, says: str, remedy: str) -> None:
    fault = find_incidents(with_meter(outcomes=outcomes(*[reason] * 8, None)), LIMITS).faults[0]
    assert says in fault.sentence
    assert remedy in fault.remedy
    assert fault.picture_key
    assert fault.since_at == NOW_AT - 7 * QUARTER
