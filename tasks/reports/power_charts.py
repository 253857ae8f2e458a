"""Charts of power: base load with its dated changes, peaks, and the usual day."""

from collections.abc import Sequence
from datetime import date

import altair as alt
import polars as pl

from tasks.reports.axes import LEAST_AXIS_W, Record, data, day_axis, day_ms, from_zero, power_unit
from tasks.reports.charts import HEIGHT, finish
from tasks.reports.formatting import date_of, month, number, power, short_day, signed
from tasks.reports.language import say
from tasks.reports.marks import flat_line, hover_targets
from tasks.reports.season_charts import BAND_OPACITY, HALF, ink, month_axis, newest_months, noon
from tasks.reports.steps import Step

BASE_LOAD_HEADROOM = 1.25
TYPICAL_HEIGHT = 170


def base_load_chart(nights: pl.DataFrame, steps: Sequence[Step]) -> alt.LayerChart:
    """Return each night's base load with its error, the 14-day median with its band, and dated changes.

    Args:
        nights: local_date, base_load_w, base_load_uncertainty_w, usual_w, usual_uncertainty_w, in order.
        steps: changes within those nights.
    """
    known = nights.drop_nulls("base_load_w")
    unit, unit_w = power_unit(float(known["base_load_w"].quantile(0.95) or 0))
    points, medians = _night_records(known, unit_w)
    top = max(float(known["base_load_w"].quantile(0.98) or 0), LEAST_AXIS_W) * BASE_LOAD_HEADROOM / unit_w
    x = day_axis(known["local_date"].to_list(), "at")
    y = alt.Y(
        "w:Q",
        scale=alt.Scale(domain=[0, top], nice=False, clamp=True),
        axis=alt.Axis(title=unit, tickCount=5),
    )
    nightly = alt.Chart(data(points))
    errors = nightly.mark_rule(opacity=0.25, stroke=ink("measured")).encode(
        x=x, y=y.copy(), y2=alt.Y2("high")
    )
    errors.encoding.y.shorthand = "low:Q"
    dots = nightly.mark_point(size=14, opacity=0.55, filled=True, fill=ink("measured"), stroke=None).encode(
        x=alt.X("at:Q"),
        y=alt.Y("w:Q"),
        tooltip=[alt.Tooltip("day:N", title=say("Night of")), alt.Tooltip("night:N", title=say("Base load"))],
    )
    middle = alt.Chart(data(medians))
    band = middle.mark_area(opacity=BAND_OPACITY, fill=ink("ink"), clip=True).encode(
        x=alt.X("at:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high")
    )
    line = middle.mark_line(strokeWidth=2, stroke=ink("ink")).encode(x=alt.X("at:Q"), y=alt.Y("usual:Q"))
    return finish(
        alt.LayerChart(layer=[errors, dots, band, line, *_step_marks(steps, top)]), "base_load", HEIGHT
    )


def _night_records(known: pl.DataFrame, unit_w: int) -> tuple[list[Record], list[Record]]:
    points: list[Record] = []
    medians: list[Record] = []
    for row in known.iter_rows(named=True):
        at, error_w = noon(row["local_date"]), row["base_load_uncertainty_w"] or 0
        points.append(
            {
                "at": at,
                "w": round(row["base_load_w"] / unit_w, 3),
                "low": round(max(0, row["base_load_w"] - error_w) / unit_w, 3),
                "high": round((row["base_load_w"] + error_w) / unit_w, 3),
                "day": short_day(row["local_date"]),
                "night": f"{power(row['base_load_w'])} ±\u00a0{number(error_w)}",
            }
        )
        if row["usual_uncertainty_w"] is not None:
            low, high = (row["usual_w"] + sign * row["usual_uncertainty_w"] for sign in (-1, 1))
            medians.append(
                {
                    "at": at,
                    "usual": round(row["usual_w"] / unit_w, 3),
                    "low": round(max(0, low) / unit_w, 3),
                    "high": round(high / unit_w, 3),
                }
            )
    return points, medians


def _step_marks(steps: Sequence[Step], top: float) -> list[alt.Chart]:
    if not steps:
        return []
    marks = alt.Chart(
        data(
            [
                {
                    "at": day_ms(step.since),
                    "top": top,
                    "text": f"{signed(step.change_w)}\u00a0W",
                    "day": date_of(step.since),
                    "error": f"± {number(step.uncertainty_w)} W",
                }
                for step in steps
            ]
        )
    )
    rule = marks.mark_rule(stroke=ink("second"), strokeDash=[4, 3], strokeWidth=1.5).encode(
        x=alt.X("at:Q"),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(title))
            for field, title in (("day", "since about"), ("text", "change"), ("error", "uncertainty"))
        ],
    )
    text = marks.mark_text(
        align="right", baseline="top", dx=-4, dy=3, fontWeight=600, fill=ink("second")
    ).encode(x=alt.X("at:Q"), y=alt.Y("top:Q"), text="text:N")
    return [rule, text]


def peaks_chart(peaks: pl.DataFrame, last: date) -> alt.LayerChart:
    """Return the highest quarter hour of each of the newest twelve months.

    Args:
        peaks: month_start, rank, peak_local, peak_w.
        last: first day of the newest month.
    """
    starts = newest_months(peaks.sort("month_start")["month_start"].to_list()[0], last)
    top = {row["month_start"]: row for row in peaks.filter(pl.col("rank") == 1).iter_rows(named=True)}
    unit, unit_w = power_unit(max((row["peak_w"] for row in top.values()), default=0))
    records = [
        {
            "from": place - HALF,
            "to": place + HALF,
            "middle": place,
            "power": round(top[start]["peak_w"] / unit_w, 3),
            "month": month(start),
            "peak": power(top[start]["peak_w"]),
            "when": f"{short_day(top[start]['peak_local'].date())}, {top[start]['peak_local']:%H:%M}",
        }
        for place, start in enumerate(starts)
        if start in top
    ]
    y = alt.Y(
        "power:Q",
        scale=from_zero(max((each["power"] for each in records), default=0), LEAST_AXIS_W),
        axis=alt.Axis(title=say("{unit}, mean of 15 minutes", unit=unit), tickCount=5),
    )
    base = alt.Chart(data(records))
    bars = base.mark_rect(fill=ink("measured"), stroke=flat_line("datum.power == 0")).encode(
        x=month_axis(starts), x2=alt.X2("to"), y=y, y2=alt.Y2Datum(0)
    )
    tips = [("month", "Month"), ("peak", "highest"), ("when", "on")]
    return finish(alt.LayerChart(layer=[bars, hover_targets(base, "peaks_hover", tips)]), "peaks", HEIGHT)


def typical_chart(name: str, bands: pl.DataFrame, highest_w: float, lowest_w: float = 0.0) -> alt.LayerChart:
    """Return the usual power over a day: the median, and between what 8 of 10 days lie.

    Args:
        name: Of the chart in the page.
        bands: minute, low_w, median_w, high_w.
        highest_w: What the axis reaches; higher values are cut off.
        lowest_w: How far it reaches down, below 0 where more is fed in than used.
    """
    unit, unit_w = power_unit(max(highest_w, -lowest_w))
    records = [
        {
            "from": row["minute"],
            "to": row["minute"] + 15,
            "middle": row["minute"] + 7.5,
            **{key: round(row[f"{key}_w"] / unit_w, 3) for key in ("low", "median", "high")},
            "time": f"{row['minute'] // 60:02d}:{row['minute'] % 60:02d}",
            "usual": power(row["median_w"]),
            "range": f"{power(row['low_w'])} \u2013 {power(row['high_w'])}",
        }
        for row in bands.iter_rows(named=True)
    ]
    hours = [0, 6, 12, 18, 24]
    x = alt.X(
        "middle:Q",
        scale=alt.Scale(domain=[0, 1440], nice=False),
        axis=alt.Axis(title=None, values=[60 * hour for hour in hours], labelExpr="datum.value / 60 + ' h'"),
    )
    y = alt.Y(
        "low:Q",
        scale=alt.Scale(domain=[lowest_w / unit_w, highest_w / unit_w], nice=False, clamp=True),
        axis=alt.Axis(title=unit, tickCount=4),
    )
    base = alt.Chart(data(records))
    band = base.mark_area(opacity=BAND_OPACITY, fill=ink("measured"), interpolate="step", clip=True).encode(
        x=x, y=y, y2=alt.Y2("high")
    )
    line = base.mark_line(strokeWidth=2, stroke=ink("measured"), interpolate="step", clip=True).encode(
        x=alt.X("middle:Q"), y=alt.Y("median:Q")
    )
    tips = [("time", "from"), ("usual", "median"), ("range", "8 of 10 days")]
    hover = hover_targets(base, f"{name}_hover", tips)
    return finish(alt.LayerChart(layer=[band, line, hover]), name, TYPICAL_HEIGHT)
