"""A home in which all is fine, to be spoilt by tests in one place."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

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
