"""The rhythm of a camera: how long it may be silent before something is wrong."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

FEWEST_PICTURES = 8
AROUND = timedelta(minutes=45)
DAY = timedelta(days=1)


def longest_usual_silence(taken_at: Sequence[datetime], slots: int) -> timedelta | None:
    """How long after its last picture a camera may be silent, by its own rhythm; None while that is unknown.

    That is `slots` times its usual distance. Where it usually rests at that time of day, the rest is added.

    Args:
        taken_at: Its pictures of some days, oldest first, UTC.
        slots: How many pictures may be missing.
    """
    if len(taken_at) < FEWEST_PICTURES:
        return None
    gaps = [(start, end - start) for start, end in itertools.pairwise(taken_at) if end > start]
    if not gaps:
        return None
    usual = _median([gap for _, gap in gaps])
    return slots * usual + _usual_rest(gaps, taken_at[-1], usual)


def _usual_rest(gaps: Sequence[tuple[datetime, timedelta]], last_at: datetime, usual: timedelta) -> timedelta:
    """How long it rests, on most of the days before, after a picture at this time of day."""
    longest: defaultdict[int, timedelta] = defaultdict(timedelta)
    for start, gap in gaps:
        days = round((last_at - start) / DAY)
        if days >= 1 and abs(last_at - start - days * DAY) <= AROUND:
            longest[days] = max(longest[days], gap)
    if not longest:
        return timedelta(0)
    rest = _median(list(longest.values()))
    return rest if rest > 2 * usual else timedelta(0)


def _median(lengths: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(length.total_seconds() for length in lengths))
