"""What stood out, in plain sentences with what it comes to in money, the weightiest first."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from tasks.reports.data import ReportData, as_float
from tasks.reports.forecast import Forecast
from tasks.reports.formatting import count, date_of, energy, money, month, number, power, short_day
from tasks.reports.key_figures import COMPARABLE, base_load
from tasks.reports.kinds import kind_of
from tasks.reports.language import say
from tasks.reports.periods import month_before, same_days
from tasks.reports.steps import Step

MOST = 8
RECENT_DAYS = 30
STEP_DAYS = 120
# Less is told by the chart alone: a fridge in summer does as much.
LEAST_STEP_W = 12.0
USUAL_DAYS = 56
USUAL_NEEDS = 5
UNUSUAL_RANK = 0.985
UNUSUAL_NEEDS_DAYS = 60
UNUSUAL_RATIO = 1.3
MOST_UNUSUAL = 3
AWAY_RATIO = 0.7
AWAY_DAYS = 3
HEAVY_W = 3500
HEAVY_MIN = 30
HEAVY_EVENINGS = 3
LEAST_CHANGE = 0.05
MONTH_NEEDS_DAYS = 10
HOURS_PER_YEAR = 8766
NEEDS_NIGHTS = 7


@dataclass(frozen=True, slots=True)
class Insight:
    """A sentence, and the energy that it is about, by which it is ranked."""

    text: str
    weight_kwh: float
    kind: str


def insights(
    report: ReportData, days: pl.DataFrame, steps: list[Step], forecast: Forecast | None
) -> list[Insight]:
    """What stood out, the weightiest first; at most eight sentences, none of a register of what is fed in.

    Args:
        report: what the page shows.
        days: its days with `is_full`.
        steps: changes of the base load.
        forecast: of the year, when there is one.
    """
    if report.is_export or days.filter("is_full").is_empty():
        return []
    found = [
        *_changed_base_loads(report, days, steps),
        *_heavy_loads(report, days),
        *_absences(report, days),
        *_unusual_days(report, days),
        *_last_month(report, days),
        *_year(report, days, forecast),
        *_standby(report, days),
    ]
    return sorted(found, key=lambda each: -each.weight_kwh)[:MOST]


def worth(report: ReportData, energy_kwh: float, *, years: bool = False) -> str:
    """An energy with its price where one is known, both perhaps for a year."""
    price = report.price_per_kwh
    if price is None or report.currency is None:
        return say("{energy} a year", energy=energy(energy_kwh)) if years else energy(energy_kwh)
    text = money(energy_kwh * price, report.currency)
    if years:
        return say("{energy} or {money} a year", energy=energy(energy_kwh), money=text)
    return say("{energy} or {money}", energy=energy(energy_kwh), money=text)


def _newest(days: pl.DataFrame) -> date:
    newest: date = days["local_date"].to_list()[-1]
    return newest


def _changed_base_loads(report: ReportData, days: pl.DataFrame, steps: list[Step]) -> list[Insight]:
    first = _newest(days) - timedelta(days=STEP_DAYS)
    recent = [step for step in steps if step.since > first and abs(step.change_w) >= LEAST_STEP_W]
    found = []
    for step in recent:
        size = f"{power(abs(step.change_w))} (±\u00a0{number(step.uncertainty_w)})"
        total = worth(report, abs(step.kwh_per_year), years=True)
        sentence = (
            "Since about {day} something more has been on around the clock: {power} more at night, {worth}."
            if step.change_w > 0
            else "Since about {day} less has been on around the clock: {power} less at night, {worth} saved."
        )
        text = say(sentence, day=date_of(step.since), power=size, worth=total)
        found.append(Insight(text, abs(step.kwh_per_year), "base_load"))
    return found


def _standby(report: ReportData, days: pl.DataFrame) -> list[Insight]:
    level = base_load(days, report.timezone)
    if level is None or level.n_nights < NEEDS_NIGHTS or level.base_load_w < 1:
        return []
    total = worth(report, level.base_load_w * HOURS_PER_YEAR / 1000, years=True)
    text = say(
        "What is always on draws {power} around the clock: {worth}.",
        power=power(level.base_load_w),
        worth=total,
    )
    return [Insight(text, 0.0, "standby")]


def _with_usual(report: ReportData, days: pl.DataFrame) -> list[tuple[date, float, float, float]]:
    """Full days of the last month: energy, what is usual on such days, and their rank in the year."""
    usable = days.filter(COMPARABLE)
    all_days = list(usable.select("local_date", "energy_kwh").iter_rows())
    first = _newest(days) - timedelta(days=RECENT_DAYS)
    found = []
    for place, (local_date, energy_kwh) in enumerate(all_days):
        if local_date <= first:
            continue
        earlier = all_days[max(0, place - 365) : place]
        alike = [
            value
            for each, value in earlier[-USUAL_DAYS:]
            if kind_of(each, report.holidays) == kind_of(local_date, report.holidays)
        ]
        if len(alike) >= USUAL_NEEDS and len(earlier) >= UNUSUAL_NEEDS_DAYS:
            rank = sum(value < energy_kwh for _, value in earlier) / len(earlier)
            found.append((local_date, energy_kwh, sorted(alike)[len(alike) // 2], rank))
    return found


def _unusual_days(report: ReportData, days: pl.DataFrame) -> list[Insight]:
    found = []
    for local_date, energy_kwh, usual_kwh, rank in _with_usual(report, days):
        if rank >= UNUSUAL_RANK and energy_kwh > UNUSUAL_RATIO * usual_kwh:
            more = energy_kwh - usual_kwh
            name = report.holidays.get(local_date)
            text = say(
                "{day}{name} used {energy}, usually {usual}: {worth} more.",
                day=short_day(local_date),
                name=f" ({name})" if name else "",
                energy=energy(energy_kwh),
                usual=energy(usual_kwh),
                worth=worth(report, more),
            )
            found.append(Insight(text, more, "unusual"))
    return sorted(found, key=lambda each: -each.weight_kwh)[:MOST_UNUSUAL]


def _absences(report: ReportData, days: pl.DataFrame) -> list[Insight]:
    """Days in a row with much less than usual: nobody at home; unless the sun may be the reason."""
    newest = _newest(days)
    if report.follows_the_sun((newest - timedelta(days=RECENT_DAYS + USUAL_DAYS), newest)):
        return []
    stretches: list[list[tuple[date, float, float]]] = []
    for local_date, energy_kwh, usual_kwh, _ in _with_usual(report, days):
        if energy_kwh < AWAY_RATIO * usual_kwh:
            if stretches and stretches[-1][-1][0] == local_date - timedelta(days=1):
                stretches[-1].append((local_date, energy_kwh, usual_kwh))
            else:
                stretches.append([(local_date, energy_kwh, usual_kwh)])
    found = []
    for stretch in stretches:
        if len(stretch) < AWAY_DAYS:
            continue
        used = sum(energy_kwh for _, energy_kwh, _ in stretch)
        less = sum(usual_kwh for _, _, usual_kwh in stretch) - used
        text = say(
            "From {first} to {last} the house used only {energy} a day, as if nobody was at home: "
            "{worth} less.",
            first=short_day(stretch[0][0]),
            last=short_day(stretch[-1][0]),
            energy=energy(used / len(stretch)),
            worth=worth(report, less),
        )
        found.append(Insight(text, less, "away"))
    return found


def _heavy_loads(report: ReportData, days: pl.DataFrame) -> list[Insight]:
    """Evenings with a load of an electric car's size."""
    first = _newest(days) - timedelta(days=RECENT_DAYS)
    heavy = report.quarter_hours.filter(
        pl.col("local_date") > first, pl.col("mean_w") >= HEAVY_W, pl.col("quality") == "measured"
    )
    by_day = heavy.group_by("local_date").agg(
        (pl.len() * 15).alias("minutes"), pl.col("energy_wh").sum(), pl.col("mean_w").max()
    )
    by_day = by_day.filter(pl.col("minutes") >= HEAVY_MIN)
    if by_day.height < HEAVY_EVENINGS:
        return []
    energy_kwh = float(by_day["energy_wh"].sum()) / 1000
    highest = as_float(by_day["mean_w"].median())
    text = say(
        "On {days} of the last 30 days something drew about {power} for half an hour or longer, "
        "as an electric car does: {worth}.",
        days=by_day.height,
        power=power(highest),
        worth=worth(report, energy_kwh),
    )
    return [Insight(text, energy_kwh, "heavy")]


def _last_month(report: ReportData, days: pl.DataFrame) -> list[Insight]:
    """The newest full month against the same weekdays a year before."""
    newest = _newest(days)
    start = newest.replace(day=1)
    if (newest + timedelta(days=1)).day != 1:
        start = month_before(start)
    following = month_before(start, -1)
    of_month = days.filter(pl.col("local_date").is_between(start, following, closed="left"))
    now, before = same_days(days, of_month)
    if now.height < MONTH_NEEDS_DAYS:
        return []
    used, used_before = float(now["energy_kwh"].sum()), float(before["energy_kwh"].sum())
    if used_before <= 0 or used < 0 or abs(used / used_before - 1) < LEAST_CHANGE:
        return []
    sentence = (
        "{month} used {percent}\u00a0% more than a year before: {worth} more on the same {days}."
        if used > used_before
        else "{month} used {percent}\u00a0% less than a year before: {worth} less on the same {days}."
    )
    text = say(
        sentence,
        month=month(start),
        percent=number(100 * abs(used / used_before - 1)),
        worth=worth(report, abs(used - used_before)),
        days=count(now.height, "day"),
    )
    return [Insight(text, abs(used - used_before), "month")]


def _year(report: ReportData, days: pl.DataFrame, forecast: Forecast | None) -> list[Insight]:
    """The forecast against last year, where the difference is larger than the band."""
    if forecast is None or not forecast.is_whole:
        return []
    last_year = days.filter(pl.col("local_date").dt.year() == forecast.year - 1)
    if last_year["hours"].sum() < 0.97 * HOURS_PER_YEAR:
        return []
    before = float(last_year["energy_kwh"].sum())
    if forecast.low_kwh <= before <= forecast.high_kwh:
        return []
    difference = abs(forecast.total_kwh - before)
    sentence = (
        "{year} will come to about {energy}, more than the {before} of the year before: {worth} more."
        if forecast.total_kwh > before
        else "{year} will come to about {energy}, less than the {before} of the year before: {worth} less."
    )
    text = say(
        sentence,
        year=forecast.year,
        energy=energy(forecast.total_kwh),
        before=energy(before),
        worth=worth(report, difference),
    )
    return [Insight(text, difference, "year")]
