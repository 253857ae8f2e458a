"""The rhythm of a camera: how long it may be silent before something is wrong."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median

FEWEST_PICTURES = 8
NEWEST_GAPS = 8
# Of a camera whose rhythm is not known yet: longer than a night, or than from one day's picture to the next.
NEW_CAMERA = timedelta(days=2)
AROUND = timedelta(minutes=45)
DAY = timedelta(days=1)


def longest_usual_silence(taken_at: Sequence[datetime], slots: int, zone: tzinfo) -> timedelta | None:
    """How long after its last picture a camera may be silent, by its own rhythm; None without any picture.

    That is `slots` times its usual distance. Where it usually rests at that time of day, the rest is added.
    While too few pictures show a rhythm it is two days at least.

    Args:
        taken_at: Its pictures of some days, oldest first, UTC.
        slots: How many pictures may be missing.
        zone: The household's time zone.
    """
    if not taken_at:
        return None
    gaps = [gap for start, end in itertools.pairwise(taken_at) if (gap := end - start)]
    if not gaps or len(taken_at) < FEWEST_PICTURES:
        return max(slots * _median(gaps or [timedelta(0)]), NEW_CAMERA)
    usual = _usual_distance(gaps)
    # A camera rests by its own settings' clock, which is the household's or UTC: nobody tells which.
    return slots * usual + max(_usual_rest(taken_at, usual, clock) for clock in {zone, UTC})


def _usual_distance(gaps: Sequence[timedelta]) -> timedelta:
    """That of most pictures, or a longer one that nearly all the newest keep.

    A new interval is even from its first pictures on, a failing camera is not: one that keeps the old
    distance in two of the newest gaps is held to it. One that is slow but even is told once, when it becomes
    so, and its falling silent is told by the new rhythm.
    """
    newest = sorted(gaps[-NEWEST_GAPS:])
    return max(_median(gaps), newest[min(1, len(newest) - 1)])


def _usual_rest(taken_at: Sequence[datetime], usual: timedelta, clock: tzinfo) -> timedelta:
    """How long it rests, on most of the days before, after a picture at this time of day by that clock."""
    # Within one zone Python reckons with what clocks show: a rest keeps its hours when they are changed.
    shown = [at.astimezone(clock) for at in taken_at]
    last = shown[-1]
    longest: defaultdict[int, timedelta] = defaultdict(timedelta)
    for start, end in itertools.pairwise(shown):
        days = round((last - start) / DAY)
        if days >= 1 and abs(last - start - days * DAY) <= AROUND:
            longest[days] = max(longest[days], end - start)
    if not longest:
        return timedelta(0)
    rest = _median(list(longest.values()))
    return (last + rest).astimezone(UTC) - taken_at[-1] if rest > 2 * usual else timedelta(0)


def _median(lengths: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(length.total_seconds() for length in lengths))
