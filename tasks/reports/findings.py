"""What each chart shows, said in one sentence: the charts' titles."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from tasks.reports.formatting import DASH, NBSP, count, day, energy, power, share, short_day
from tasks.reports.key_figures import DayFigure, PictureYield

MOST = 0.5
LONGEST_WINDOW_H = 6
MOSTLY_ESTIMATED = 0.5
FLAT = 1.25
PATTERN_WINDOW_H = 3
HOURS = 24


def busiest_hours(hourly: Sequence[float]) -> tuple[int, int] | None:
    """Return the shortest span of hours that holds most of a day's energy, None when that is no short span.

    Args:
        hourly: Energy of each of the 24 hours, in any unit.
    """
    total = sum(hourly)
    for length in range(1, LONGEST_WINDOW_H + 1):
        sums = [sum(hourly[start : start + length]) for start in range(HOURS - length + 1)]
        best = max(range(len(sums)), key=sums.__getitem__)
        if total > 0 and sums[best] > MOST * total:
            return best, best + length
    return None


def last_day_title(figure: DayFigure, last_day: pl.DataFrame) -> str:
    """Return what the day used and when."""
    used = f"{day(figure.local_date)} used {energy(figure.energy_kwh)}"
    if not figure.is_full:
        hours = f"{figure.hours:.1f}".removesuffix(".0")
        used += f" in the {hours}{NBSP}h that were read"
    if figure.estimated_share > MOSTLY_ESTIMATED:
        return f"{used}; too few readings tell when"
    span = busiest_hours(_hourly_energy(last_day))
    if span is None:
        return f"{used}, spread over the day"
    return f"{used}, most of it between {span[0]} and {span[1]}{NBSP}h"


def daily_title(days: pl.DataFrame, usual_kwh: float | None) -> str:
    """Return the usual and the highest day.

    Args:
        days: The days shown, with `is_full`.
        usual_kwh: Median of the full days, None when there are too few.
    """
    full = days.filter("is_full")
    if full.is_empty():
        return f"No day is complete yet: {energy(float(days['energy_kwh'].sum()))} so far"
    top = full.sort("energy_kwh", descending=True).row(0, named=True)
    if full.height == 1:
        return f"{energy(top['energy_kwh'])} on {day(top['local_date'])}, the only full day so far"
    highest = f"{energy(top['energy_kwh'])} on {short_day(top['local_date'])}"
    if usual_kwh is None:
        return f"Between {energy(_minimum(full['energy_kwh']))} and {highest}"
    return f"Usually {energy(usual_kwh)} a day, at most {highest}"


def heat_map_title(hours: pl.DataFrame) -> str:
    """Return the three hours of the day with the highest and the lowest mean power."""
    by_hour = dict(hours.group_by("hour").agg(pl.col("mean_w").mean()).iter_rows())
    if len(by_hour) < HOURS:
        return "Power in each hour read so far"
    means = [by_hour[hour] for hour in range(HOURS)]
    starts = range(HOURS - PATTERN_WINDOW_H + 1)
    windows = [sum(means[start : start + PATTERN_WINDOW_H]) / PATTERN_WINDOW_H for start in starts]
    high, low = max(starts, key=windows.__getitem__), min(starts, key=windows.__getitem__)
    if windows[high] < FLAT * windows[low] or windows[high] <= 0:
        return f"About {power(sum(means) / HOURS)} at any hour of the day"
    return (
        f"Highest from {_span(high)} ({power(windows[high])} on average), "
        f"lowest from {_span(low)} ({power(windows[low])})"
    )


def quality_title(pictures: PictureYield | None) -> str:
    """Return how many pictures of the last days were read and what happened to the others."""
    if pictures is None:
        return "No picture came in"
    when = "on the first day" if pictures.n_days == 1 else f"of the last {count(pictures.n_days, 'day')}"
    if pictures.rejected == 0:
        text = f"All {count(pictures.accepted, 'picture')} {when} were read"
    else:
        text = f"{share(pictures.share)} of the pictures {when} were read, {pictures.rejected:,} rejected"
    if pictures.repaired:
        text += f", {pictures.repaired:,} repaired"
    return f"{text}; {count(pictures.missing, 'picture')} missing" if pictures.missing else text


def readings_title(readings: pl.DataFrame) -> str:
    """Return how the day's pictures fared."""
    counts = dict(readings.group_by("quality").len().iter_rows())
    order = ("measured", "repaired", "manual", "estimated", "rejected")
    parts = [f"{counts[quality]}{NBSP}{quality}" for quality in order if quality in counts]
    local_date = readings["read_local"].dt.date().drop_nulls().to_list()
    when = f" on {day(local_date[0])}" if local_date else ""
    return f"{count(readings.height, 'reading')}{when}: {', '.join(parts)}"


def _hourly_energy(last_day: pl.DataFrame) -> list[float]:
    hourly = [0.0] * HOURS
    starts: list[datetime] = last_day["start_local"].to_list()
    for start_local, energy_wh in zip(starts, last_day["energy_wh"].to_list(), strict=True):
        hourly[start_local.hour] += energy_wh
    return hourly


def _span(start: int) -> str:
    return f"{start}{DASH}{start + PATTERN_WINDOW_H}{NBSP}h"


def _minimum(values: pl.Series) -> float:
    return min(float(value) for value in values)
