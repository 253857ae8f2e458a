"""The parts of a page that look at power: the usual day, the base load, the peaks."""

from collections.abc import Collection
from datetime import date

import polars as pl

from tasks.reports import power_charts, season_charts, season_tables
from tasks.reports.axes import LEAST_AXIS_W
from tasks.reports.data import ReportData, as_float
from tasks.reports.figures import VALUES, Figure, Panel, figure, spec_of
from tasks.reports.formatting import date_of, number, power, short_day, signed
from tasks.reports.insights import worth
from tasks.reports.kinds import KINDS
from tasks.reports.language import say
from tasks.reports.periods import month_before, typical_days
from tasks.reports.steps import Step, error_of_level

NIGHTS_SHOWN = 366
FEWEST_NIGHTS = 7
NIGHTS_OF_LEVEL = 14
TYPICAL_HEADROOM = 1.25
# An electric car would press the rest of the day flat.
MOST_MEDIANS = 3.0


def name_of(kind: str) -> str:
    """What the chart of a kind of day is called in the page."""
    return f"typical_{KINDS.index(kind)}"


def typical_figure(report: ReportData) -> Figure | None:
    """The usual day, by kind of day."""
    bands = typical_days(report.quarter_hours, report.holidays)
    if not bands:
        return None
    means = {kind: as_float(frame["median_w"].mean()) for kind, frame in bands.items()}
    lowest_w, highest_w = _reach(bands.values())
    panels = tuple(
        Panel(
            name_of(kind),
            spec_of(power_charts.typical_chart(name_of(kind), frame, highest_w, lowest_w)),
            say(kind),
        )
        for kind, frame in bands.items()
    )
    most, least = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    if len(means) > 1 and means[most] > 1.1 * means[least] > 0:
        title = say(
            "A {most} usually draws {high} on average, a {least} {low}",
            most=say(most),
            high=power(means[most]),
            least=say(least),
            low=power(means[least]),
        )
    else:
        title = say("A usual day, hour by hour")
    note = say("Line: median; shaded: 8 of 10 days, of the last 90 days. Higher values are cut off.")
    table = season_tables.typical_table(bands)
    return Figure("typical", title, note, panels, ((say(VALUES), table),))


def _reach(bands: Collection[pl.DataFrame]) -> tuple[float, float]:
    """How far down and up the charts of usual days reach, the same for all; down from 0 only where fed in."""
    most_w = max(as_float(frame["median_w"].max()) for frame in bands)
    least_w = min(as_float(frame["median_w"].min()) for frame in bands)
    high_w = max(float(frame["high_w"].quantile(0.9) or 0) for frame in bands)
    low_w = min(float(frame["low_w"].quantile(0.1) or 0) for frame in bands)
    bound_w = MOST_MEDIANS * max(most_w, -least_w)
    down_w = min(TYPICAL_HEADROOM * least_w, max(low_w, -bound_w), 0.0)
    return down_w, max(TYPICAL_HEADROOM * most_w, min(high_w, bound_w), LEAST_AXIS_W)


def base_load_figure(report: ReportData, steps: list[Step]) -> Figure | None:
    """The base load with its error, and when it changed; what is fed in has none."""
    if report.is_export:
        return None
    nights = report.base_load.sort("local_date").tail(NIGHTS_SHOWN)
    known = nights.drop_nulls("base_load_w")
    if known.height < FEWEST_NIGHTS:
        return None
    row = known.row(-1, named=True)
    first: date = known["local_date"].to_list()[0]
    shown = [step for step in steps if step.since > first]
    level = row["usual_w"] if row["usual_w"] is not None else row["base_load_w"]
    error_w = error_of_level(
        nights.tail(NIGHTS_OF_LEVEL)["base_load_uncertainty_w"], row["usual_uncertainty_w"]
    )
    error = "" if error_w is None else f" ±\u00a0{number(error_w)}"
    per_year = (
        worth(report, level * 8.766, years=True) if level else say("less than the register shows in a night")
    )
    title = say("Base load of {power}{error}: {worth}", power=power(level), error=error, worth=per_year)
    if shown:
        title += say(
            "; {change}\u00a0W since about {day}",
            change=signed(shown[-1].change_w),
            day=date_of(shown[-1].since),
        )
    note = say(
        "Each dot is a night with its error; the line is the median of 14 days with its 95\u00a0% band. "
        "Dashed: dates from which the level differs."
    )
    return figure(
        "base_load",
        title,
        note,
        power_charts.base_load_chart(nights, shown),
        season_tables.base_load_table(nights),
        (say("Dated changes"), season_tables.steps_table(steps)),
        is_half=True,
    )


def peaks_figure(report: ReportData) -> Figure | None:
    """The highest quarter hours."""
    if report.peaks.is_empty():
        return None
    last = season_charts.newest_month(report.daily)
    shown = report.peaks.filter(
        pl.col("month_start") > month_before(last, season_charts.MOST_MONTHS), pl.col("rank") == 1
    )
    if shown.is_empty():
        return None
    top = shown.sort("peak_w", descending=True).row(0, named=True)
    title = say("No peak: the register did not move")
    if top["peak_w"]:
        title = say(
            "Highest peak: {power} on {day} at {time}",
            power=power(top["peak_w"]),
            day=short_day(top["peak_local"].date()),
            time=f"{top['peak_local']:%H:%M}",
        )
    note = say(
        "The highest measured quarter of an hour of each of the last months; the table has five of each."
    )
    chart = power_charts.peaks_chart(report.peaks, last)
    return figure("peaks", title, note, chart, season_tables.peaks_table(report.peaks), is_half=True)
