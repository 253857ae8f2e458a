"""Every kind of fault: what it takes to be told, and to be over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.watching.facts import Run, Seen
from tasks.watching.faults import KINDS
from tasks.watching.rules import find_incidents
from tests.tasks.watching.conftest import (
    FINE,
    GB,
    HOUR,
    LIMITS,
    NOW_AT,
    QUARTER,
    REGISTER,
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


def test_a_fixed_silence_overrules_the_rhythm() -> None:
    limits = replace(LIMITS, silent=timedelta(minutes=20))
    assert found(with_camera(taken_at=pictures(until=timedelta(minutes=21))), limits=limits) == {
        "silent:cellar"
    }


@pytest.mark.parametrize(
    ("reason", "says", "remedy"),
    [
        ("dark", "dark", "lamp"),
        ("moved", "moved", "find-window PICTURE --meter home --write, then smartmeter reread --adopt"),
        ("no_counter", "no counter", "find-window PICTURE --meter home --write"),
        ("unreadable_picture", "lies outside", "find-window PICTURE --meter home --write"),
        ("too_large", "too large", "50 megapixels"),
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


@pytest.mark.parametrize("reason", ["moved", "no_counter", "unreadable_picture"])
def test_a_further_register_is_not_told_to_write_the_firsts_window(reason: str) -> None:
    seen = with_meter(register_id="home/1-0:2.8.0", is_first=False, outcomes=outcomes(*[reason] * 8, None))
    remedy = find_incidents(seen, LIMITS).faults[0].remedy
    assert "set the window of 1-0:2.8.0 in smartmeter.toml" in remedy
    assert "--write" not in remedy
