"""What each chart shows, said in one sentence: the charts' titles."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from tasks.reports.formatting import DASH, NBSP, count, day, energy, number, power, share, short_day, span
from tasks.reports.key_figures import DayFigure, PictureYield
from tasks.reports.language import say

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
    when, used = day(figure.local_date), energy(figure.energy_kwh)
    if figure.is_full:
        text = say("{day} used {energy}", day=when, energy=used)
    else:
        text = say(
            "{day} used {energy} in the {span} that were read", day=when, energy=used, span=span(figure.hours)
        )
    if figure.estimated_share > MOSTLY_ESTIMATED:
        return say("{used}; too few readings tell when", used=text)
    hourly = _hourly_energy(last_day)
    if not any(hourly):
        return say("{used}: the register did not move", used=text)
    busiest = busiest_hours(hourly)
    if busiest is None:
        return say("{used}, spread over the day", used=text)
    return say(
        "{used}, most of it between {first} and {last}\u00a0h", used=text, first=busiest[0], last=busiest[1]
    )


def daily_title(days: pl.DataFrame, usual_kwh: float | None) -> str:
    """Return the usual and the highest day.

    Args:
        days: The days shown, with `is_full`.
        usual_kwh: Median of the full days, None when there are too few.
    """
    full = days.filter("is_full")
    if full.is_empty():
        return say("No day is complete yet: {energy} so far", energy=energy(float(days["energy_kwh"].sum())))
    top = full.sort("energy_kwh", descending=True).row(0, named=True)
    most = energy(top["energy_kwh"])
    if full.height == 1:
        return say("{energy} on {day}, the only full day so far", energy=most, day=day(top["local_date"]))
    if top["energy_kwh"] == 0 and _minimum(full["energy_kwh"]) == 0:
        return say("The register did not move on {days}\u00a0full days", days=number(full.height))
    when = short_day(top["local_date"])
    if usual_kwh is None:
        least = energy(_minimum(full["energy_kwh"]))
        return say("Between {least} and {most} on {day}", least=least, most=most, day=when)
    usual = energy(usual_kwh)
    return say("Usually {usual} a day, at most {most} on {day}", usual=usual, most=most, day=when)


def heat_map_title(hours: pl.DataFrame) -> str:
    """Return the three hours of the day with the highest and the lowest mean power."""
    by_hour = dict(hours.group_by("hour").agg(pl.col("mean_w").mean()).iter_rows())
    if len(by_hour) < HOURS:
        return say("Power in each hour read so far")
    if not any(hours["mean_w"]):
        return say("0\u00a0W at any hour of the day: the register did not move")
    means = [by_hour[hour] for hour in range(HOURS)]
    starts = range(HOURS - PATTERN_WINDOW_H + 1)
    windows = [sum(means[start : start + PATTERN_WINDOW_H]) / PATTERN_WINDOW_H for start in starts]
    high, low = max(starts, key=windows.__getitem__), min(starts, key=windows.__getitem__)
    if windows[high] < FLAT * windows[low] or windows[high] <= 0:
        return say("About {power} at any hour of the day", power=power(sum(means) / HOURS))
    return say(
        "Highest from {high} ({high_w} on average), lowest from {low} ({low_w})",
        high=_span(high),
        high_w=power(windows[high]),
        low=_span(low),
        low_w=power(windows[low]),
    )


def quality_title(pictures: PictureYield | None) -> str:
    """Return how many pictures of the last days were read and what happened to the others."""
    if pictures is None:
        return say("No picture came in")
    days = number(pictures.n_days)
    when = say("on the first day") if pictures.n_days == 1 else say("of the last {days}\u00a0days", days=days)
    if pictures.accepted == pictures.total == 1:
        text = say("The only picture {when} was read", when=when)
    elif pictures.accepted == pictures.total:
        text = say("All {pictures} {when} were read", pictures=count(pictures.accepted, "picture"), when=when)
    else:
        text = say("{share} of the pictures {when} were read", share=share(pictures.share), when=when)
    if pictures.estimated:
        text += say(", {estimated} only estimated", estimated=number(pictures.estimated))
    if pictures.rejected:
        text += say(", {rejected} rejected", rejected=number(pictures.rejected))
    if pictures.repaired:
        text += say(", {repaired} repaired", repaired=number(pictures.repaired))
    if pictures.missing:
        text += say("; {pictures} missing", pictures=count(pictures.missing, "picture"))
    return text


def readings_title(readings: pl.DataFrame) -> str:
    """Return how the day's pictures fared."""
    counts = dict(readings.group_by("quality").len().iter_rows())
    order = ("measured", "repaired", "manual", "estimated", "rejected")
    parts = [f"{number(counts[quality])}{NBSP}{say(quality)}" for quality in order if quality in counts]
    local_date = readings["read_local"].dt.date().drop_nulls().to_list()
    total, outcome = count(readings.height, "reading"), ", ".join(parts)
    if not local_date:
        return f"{total}: {outcome}"
    return say("{readings} on {day}: {parts}", readings=total, day=day(local_date[0]), parts=outcome)


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
