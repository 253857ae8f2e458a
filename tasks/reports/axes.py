"""Scales and axes the charts share: days, the clock, units of power, colours of qualities."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl
from altair.utils.schemapi import debug_mode

Record = dict[str, Any]

DAY_MS = 86_400_000
HOUR_MIN = 60
BAR_SHARE = 0.8
FEWEST_DAYS = 5
EVERY_DAY_UP_TO = 14
MONDAYS_UP_TO = 100
LONGEST_AXIS_DAYS = 3660
LABEL_SEPARATION = 6
# How far a label may stand out over its axis: beyond, it is cut off where the chart has little beside it.
LABEL_BOUND_PX = 5
HOURS_LABELLED = (0, 3, 6, 9, 12, 15, 18, 21)
KILOWATT_FROM_W = 1500
LEAST_AXIS_W = 20.0
# On one line two neighbours touch on a phone, and Vega leaves out no label of only two.
WEEKDAY_ABOVE_DATE = "[utcFormat(datum.value, '%a'), utcFormat(datum.value, '%-d %b')]"


def data(records: Sequence[Record]) -> alt.InlineData:
    """Return records as inline data."""
    # Altair would check thousands of records against its schema, which costs more than all else.
    with debug_mode(False):
        return alt.InlineData(values=list(records))


def day_ms(local_date: date) -> int:
    """Return a local date's midnight as the milliseconds of the same date in UTC."""
    return int(datetime.combine(local_date, datetime.min.time(), UTC).timestamp()) * 1000


def bar_span(local_date: date) -> Record:
    """Return where a day's bar begins and ends, centred on its noon."""
    pad = round(DAY_MS * (1 - BAR_SHARE) / 2)
    start = day_ms(local_date)
    return {"from": start + pad, "to": start + DAY_MS - pad}


def day_axis(days: Sequence[date], field: str = "from") -> alt.X:
    """Return an axis of days, labelled at noon so that a label stands under the middle of its bar."""
    first, last = min(days), max(days)
    last = max(last, first + timedelta(days=FEWEST_DAYS - 1))
    ticks, label = _day_ticks(first, max(days))
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[day_ms(first), day_ms(last) + DAY_MS], nice=False),
        axis=alt.Axis(
            title=None,
            values=ticks,
            labelExpr=label,
            labelBound=LABEL_BOUND_PX,
            labelOverlap="greedy",
            labelSeparation=LABEL_SEPARATION,
        ),
    )


def _day_ticks(first: date, last: date) -> tuple[list[int], str]:
    n_days = (last - first).days + 1
    every_day = [first + timedelta(days=offset) for offset in range(min(n_days, LONGEST_AXIS_DAYS))]
    noon = DAY_MS // 2
    if n_days <= EVERY_DAY_UP_TO:
        return [day_ms(local_date) + noon for local_date in every_day], WEEKDAY_ABOVE_DATE
    if n_days <= MONDAYS_UP_TO:
        return [
            day_ms(local_date) + noon for local_date in every_day if local_date.weekday() == 0
        ], "utcFormat(datum.value, '%-d %b')"
    label = "utcFormat(datum.value, utcmonth(datum.value) ? '%b' : '%b %Y')"
    return [day_ms(local_date) + noon for local_date in every_day if local_date.day == 1], label


def elapsed_minutes(start_local: pl.Series, timezone: str) -> list[int]:
    """Return the real minutes between local midnight and each start; a clock change stays in its place.

    Args:
        start_local: Naive local wall times of one day in order; an hour that comes twice is there twice.
        timezone: The meter's IANA time zone.
    """
    if start_local.is_empty():
        return []
    zone = ZoneInfo(timezone)
    # Where the clock changes at midnight, it never comes or comes twice: the day begins with the first.
    midnight_at = datetime.combine(start_local.dt.date()[0], time(), zone).astimezone(UTC)
    starts = zip(start_local.to_list(), start_local.is_first_distinct(), strict=True)
    instants = (wall.replace(tzinfo=zone, fold=int(not first)).astimezone(UTC) for wall, first in starts)
    return [int((at - midnight_at) / timedelta(minutes=1)) for at in instants]


def clock_axis(field: str, starts: Sequence[datetime], minutes: Sequence[int], length_min: int) -> alt.X:
    """Return an axis of one day's wall time over its real minutes.

    Args:
        field: The field with the minutes since local midnight.
        starts: Naive local wall times of intervals of that day.
        minutes: Their minutes since local midnight.
        length_min: The day's length: 1440, or 1380 and 1500 when the clock is changed.
    """
    off_by = ((m, m - _wall(s)) for s, m in zip(starts, minutes, strict=True) if m != _wall(s))
    change, shift = next(off_by, (length_min, 0))
    # Where an hour comes twice its first one is labelled; one that never comes has no label.
    resumes = change + max(-shift, 0)
    hours = [hour for hour in HOURS_LABELLED if not change <= HOUR_MIN * hour < resumes]
    ticks = [HOUR_MIN * hour + (shift if HOUR_MIN * hour >= resumes else 0) for hour in hours]
    labels = [f"{hour:02d}:00" for hour in hours]
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, length_min], nice=False),
        axis=alt.Axis(
            title=None,
            values=[*ticks, length_min],
            labelExpr=f"{[*labels, '24:00']}[indexof({[*ticks, length_min]}, datum.value)]",
            labelOverlap="parity",
            labelSeparation=LABEL_SEPARATION,
        ),
    )


def _wall(start: datetime) -> int:
    return HOUR_MIN * start.hour + start.minute


def from_zero(highest: float, least: float = 1.0, lowest: float = 0.0) -> alt.Scale:
    """Return a scale from 0 up, and down as far as something lies below 0.

    Args:
        highest: What is to be drawn.
        least: How far the axis reaches where nothing lies above 0; Vega gives a span of no length no size.
        lowest: The least that is to be drawn; below 0 where a meter counts down.
    """
    if lowest < 0:
        return alt.Scale(zero=True, nice=True)
    if highest > 0:
        return alt.Scale(domainMin=0, nice=True)
    return alt.Scale(domain=[0, least], nice=False)


def power_unit(highest_w: float) -> tuple[str, int]:
    """Return the unit of a power axis and how many W it is."""
    return ("kW", 1000) if highest_w >= KILOWATT_FROM_W else ("W", 1)
