"""Every kind of fault: what it takes to be told, and to be over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.watching.facts import (
    Arrival,
    CameraFacts,
    Health,
    Outcome,
    RegisterFacts,
    Run,
    Seen,
    StoreFacts,
)
from tasks.watching.faults import KINDS
from tasks.watching.limits import Limits
from tasks.watching.rules import find_incidents

NOW_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
GB = 1_000_000_000
LIMITS = Limits()
REGISTER = "home/1-0:1.8.0"


def pictures(*, until: timedelta = timedelta(0), days: int = 3) -> tuple[datetime, ...]:
    """A picture every quarter hour up to that long ago."""
    newest = NOW_AT - until
    return tuple(newest - QUARTER * number for number in reversed(range(days * 96)))


def outcomes(*reasons: str | None) -> tuple[Outcome, ...]:
    """Newest first; None for a picture that was read."""
    return tuple(
        Outcome(f"images/cellar/{number}.jpg", NOW_AT - QUARTER * number, reason is None, reason)
        for number, reason in enumerate(reasons)
    )


def alike(count: int, *, of: int = 20) -> tuple[Outcome, ...]:
    """The newest pictures alike to the last dot, those before them not."""
    return tuple(
        replace(each, seen="000123 0.9312" if number < count else f"000123 0.93{number}")
        for number, each in enumerate(outcomes(*[None] * of))
    )


def arrivals(*clocks: bool | None, reason: str | None = None) -> tuple[Arrival, ...]:
    return tuple(Arrival(f"{n}.jpg", NOW_AT, NOW_AT, clock, reason) for n, clock in enumerate(clocks))


def nights(usual: float, *newest: float) -> tuple[tuple[date, float], ...]:
    loads = [usual + number % 3 for number in range(28)] + list(newest)
    return tuple((date(2026, 10, 1) + timedelta(days=number), load) for number, load in enumerate(loads))


def reports(count: int = 24, **last: object) -> tuple[Health, ...]:
    """An hourly report of a healthy agent; the last one differs."""
    good = [
        Health(
            NOW_AT - HOUR * number,
            disk_free_bytes=8 * GB,
            disk_total_bytes=16 * GB,
            waiting=1,
            dropped=0,
            restarts=7,
            throttled=(),
            temperature_c=50.0,
            synchronised=True,
        )
        for number in reversed(range(count))
    ]
    return (*good[:-1], replace(good[-1], **last))  # type: ignore[arg-type]


CAMERA = CameraFacts("cellar", pictures(), "newest.jpg", arrivals(True, True, True), reports())
METER = RegisterFacts(REGISTER, outcomes(*[None] * 20), nights(100, 101, 100, 99))
STORE = StoreFacts("dropbox:/", NOW_AT, 1 * GB, 2 * GB)
FINE = Seen(
    NOW_AT,
    (CAMERA,),
    (METER,),
    STORE,
    NOW_AT,
    500 * GB,
    1000 * GB,
    runs=(Run("ingest/home", "r", NOW_AT),),
)


def with_camera(**changes: object) -> Seen:
    return replace(FINE, cameras=(replace(CAMERA, **changes),))  # type: ignore[arg-type]


def with_meter(**changes: object) -> Seen:
    return replace(FINE, registers=(replace(METER, **changes),))  # type: ignore[arg-type]


def with_store(**changes: object) -> Seen:
    return replace(FINE, store=replace(STORE, **changes))  # type: ignore[arg-type]


def found(seen: Seen, *told: str, limits: Limits = LIMITS) -> set[str]:
    return {fault.fault_id for fault in find_incidents(seen, limits, frozenset(told)).faults}


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
        with_camera(taken_at=pictures()[:3]),
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


def test_a_dead_store_is_told_instead_of_all_that_follows_from_it() -> None:
    late = replace(STORE, trouble="token revoked", refused=True, listed_at=NOW_AT - 9 * HOUR)
    failing = (Run("ingest/home", "r", NOW_AT, 3), Run("report/home", "r", NOW_AT))
    seen = replace(FINE, store=late, runs=failing, published_at=NOW_AT - 9 * HOUR)
    assert found(replace(seen, cameras=(replace(CAMERA, taken_at=pictures(until=9 * HOUR)),))) == {
        "store-refused"
    }


def test_a_fixed_silence_overrules_the_rhythm() -> None:
    limits = replace(LIMITS, silent=timedelta(minutes=20))
    assert found(with_camera(taken_at=pictures(until=timedelta(minutes=21))), limits=limits) == {
        "silent:cellar"
    }


@pytest.mark.parametrize(
    ("reason", "says", "remedy"),
    [("dark", "dark", "lamp"), ("moved", "moved", "find-window"), ("blurred", "blurred", "focus")],
)
def test_the_remedy_fits_the_reason(reason: str, says: str, remedy: str) -> None:
    fault = find_incidents(with_meter(outcomes=outcomes(*[reason] * 8, None)), LIMITS).faults[0]
    assert says in fault.sentence
    assert remedy in fault.remedy
    assert fault.picture_key
    assert fault.since_at == NOW_AT - 7 * QUARTER


@given(st.permutations(range(8)), st.integers(0, 7))
def test_the_order_of_cameras_changes_nothing(order: list[int], silent: int) -> None:
    cameras = [replace(CAMERA, camera=f"c{number}") for number in range(8)]
    cameras[silent] = replace(cameras[silent], taken_at=pictures(until=3 * HOUR))
    assert found(replace(FINE, cameras=tuple(cameras[place] for place in order))) == {f"silent:c{silent}"}


@given(
    free=st.integers(0, 20),
    waiting=st.integers(0, 150),
    hot=st.floats(20, 100),
    restarts=st.integers(7, 20),
    silent_min=st.integers(0, 300),
    used=st.floats(0, 2),
    unread=st.lists(st.booleans(), min_size=8, max_size=20),
    loads=st.lists(st.integers(0, 300), min_size=3, max_size=3),
    clocks=st.lists(st.sampled_from([True, False, None]), min_size=3, max_size=3),
)
def test_what_begins_a_fault_never_ends_it(  # noqa: PLR0917 - all that can vary
    free: int,
    waiting: int,
    hot: float,
    restarts: int,
    silent_min: int,
    used: float,
    unread: list[bool],
    loads: list[int],
    clocks: list[bool | None],
) -> None:
    """Whatever is seen: what is told when it is new is still a fault when it is told already."""
    camera = replace(
        CAMERA,
        taken_at=pictures(until=timedelta(minutes=silent_min)),
        arrivals=arrivals(*clocks),
        health=reports(disk_free_bytes=free * GB, waiting=waiting, temperature_c=hot, restarts=restarts),
    )
    meter = replace(
        METER,
        outcomes=outcomes(*("dark" if each else None for each in unread)),
        base_load=nights(100, *loads),
    )
    seen = replace(
        FINE,
        cameras=(camera,),
        registers=(meter,),
        store=replace(STORE, used_bytes=int(used * GB)),
        disk_free_bytes=free * 10 * GB,
    )
    begun = found(seen)
    assert begun <= found(seen, *begun)
    assert begun <= found(seen, *KINDS, *(f"{kind}:cellar" for kind in KINDS), f"unread:{REGISTER}")
