"""When pictures were taken that tell only what the clock on the wall showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

NEAR = timedelta(minutes=20)
USUAL_CADENCE = timedelta(minutes=15)


def span_of_days(
    first: date | None, last: date | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """When local days begin and are over (UTC); None where nothing bounds them, or a day no calendar has.

    Args:
        first: the first of them.
        last: the last of them, which belongs to it.
        zone: whose days.
    """
    return (
        None if first is None else _midnight(first, timedelta(0), zone),
        None if last is None else _midnight(last, timedelta(days=1), zone),
    )


def _midnight(day: date, later: timedelta, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(day + later, time(), zone).astimezone(UTC)
    except OverflowError:
        return None


class Certainty(StrEnum):
    """What tells the instant of a wall-clock time."""

    CLEAR = "clear"
    BY_FILE_TIME = "by_file_time"
    BY_ORDER = "by_order"
    ASSUMED = "assumed"
    SKIPPED_HOUR = "skipped_hour"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A picture's wall-clock time (naive), and when its file was last written (UTC)."""

    local: datetime
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Instant:
    """When a picture was taken (UTC), what told it, and when else it could have been."""

    at: datetime
    certainty: Certainty
    or_else_at: datetime | None = None


def resolve(stamps: Sequence[Stamp], zone: ZoneInfo) -> list[Instant]:
    """The instants of a camera's wall-clock times, in the order given.

    In autumn an hour of the wall clock comes twice. There the file's own time decides where it lies near one
    of both instants. Else the order in which the files were written does: where the wall clock falls back
    from one file to the next, the second pass begins. Else, of two pictures of one slot, the first name is
    the first pass. A picture without any evidence is taken for the first pass.

    In spring an hour of the wall clock is skipped. A camera that shows it has not changed its clock yet.

    Args:
        stamps: Of one camera, in any order.
        zone: What the camera's clock was set to.
    """
    found: dict[int, Instant] = {}
    doubtful: dict[date, list[int]] = {}
    for place, stamp in enumerate(stamps):
        first, second = _passes(stamp.local, zone)
        if first == second:
            found[place] = Instant(first, Certainty.CLEAR)
        elif first > second:  # the wall clock never showed this
            found[place] = Instant(first, Certainty.SKIPPED_HOUR)
        elif nearest := _near(stamp.written_at, first, second):
            other = second if nearest == first else first
            found[place] = Instant(nearest, Certainty.BY_FILE_TIME, other)
        else:
            doubtful.setdefault(stamp.local.date(), []).append(place)
    if doubtful:
        cadence = _cadence(stamps)
        for places in doubtful.values():
            found |= _by_order(places, stamps, zone, cadence)
    return [found[place] for place in range(len(stamps))]


def _passes(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of both passes; the same where the wall clock shows the time once."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _near(written_at: datetime, first: datetime, second: datetime) -> datetime | None:
    """The pass in which the file was written, if it was written in either."""
    nearest = min((first, second), key=lambda at: abs(written_at - at))
    return nearest if abs(written_at - nearest) < min(NEAR, (second - first) / 2) else None


def _by_order(
    places: Sequence[int], stamps: Sequence[Stamp], zone: ZoneInfo, cadence: timedelta
) -> dict[int, Instant]:
    """The instants of one repeated hour's pictures whose file times tell nothing by themselves."""
    written = sorted(places, key=lambda place: (stamps[place].written_at, stamps[place].local))
    falls = [
        number
        for number, (one, next_one) in enumerate(pairwise(written), start=1)
        if stamps[next_one].local < stamps[one].local
    ]
    if len(falls) == 1:
        second_pass = set(written[falls[0] :])
        certain = set(places)
    else:  # written in the order of their names, or copied in any order
        named = sorted(places, key=lambda place: stamps[place].local)
        twins = [
            (one, other)
            for one, other in pairwise(named)
            if stamps[other].local - stamps[one].local < cadence / 2
        ]
        second_pass = {other for _, other in twins}
        certain = {place for twin in twins for place in twin}
    found = {}
    for place in places:
        passes = _passes(stamps[place].local, zone)
        number = int(place in second_pass)
        certainty = Certainty.BY_ORDER if place in certain else Certainty.ASSUMED
        found[place] = Instant(passes[number], certainty, passes[1 - number])
    return found


def _cadence(stamps: Sequence[Stamp]) -> timedelta:
    """How much time usually lies between two pictures."""
    times = sorted({stamp.local for stamp in stamps})
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return timedelta(seconds=median(steps)) if steps else USUAL_CADENCE
