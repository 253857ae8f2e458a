"""Spans, sizes and instants as the messages write them."""

from datetime import datetime, timedelta, tzinfo

_UNITS = ((86_400, "day", "days"), (3600, "h", "h"), (60, "min", "min"))


def span(length: timedelta) -> str:
    """A length of time in at most two units, like `2 h 15 min`."""
    left = max(int(length.total_seconds()), 0)
    parts = []
    for seconds, one, many in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return " ".join(parts[:2]) or "less than a minute"


def size(number: float) -> str:
    """A number of bytes for people."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB")):
        if number >= limit:
            return f"{number / limit:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def local(at: datetime, zone: tzinfo) -> str:
    """An instant in the household's time."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
