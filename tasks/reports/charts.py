"""The report's charts: frames in, Altair charts out.

Local wall time is encoded as if it were UTC, so that a page shows the meter's time wherever it is opened.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

import altair as alt
import polars as pl

from tasks.reports.axes import (
    LABEL_SEPARATION,
    LEAST_AXIS_W,
    Record,
    bar_span,
    data,
    day_axis,
    day_ms,
    from_zero,
)
from tasks.reports.data import nowhere
from tasks.reports.formatting import NBSP, energy, number, short_day
from tasks.reports.language import say
from tasks.reports.marks import hover_targets, level, quality_bars
from tasks.reports.theme import QUALITIES, colour

HEIGHT = 240
QUALITY_HEIGHT = 170
ROW_HEIGHT = 26
DAYS_AS_ROWS_UP_TO = 10
LEGEND_POWERS_W = (100, 500, 1000, 2000, 5000, 10_000, 20_000)
LEGEND_LENGTH = 240
LEGEND_GAP = 0.21
LEGEND_END_GAP = 0.3
FAINTEST_FED_IN = 0.3

ChartT = TypeVar("ChartT", alt.Chart, alt.LayerChart)


def daily_chart(
    days: pl.DataFrame,
    usual_kwh: float | None,
    proof_of: Callable[[date], str | None] = nowhere,
    name: str = "daily",
    was: str = "used",
) -> alt.LayerChart:
    """Return the energy per day: measured and estimated parts, days not covered in full marked.

    Args:
        days: The daily frame with `is_full`; days without a row stay empty.
        usual_kwh: Median of the full days, drawn as a line; None leaves it out.
        proof_of: Where the pictures of a day are; a click on the day leads there.
        name: Of the chart in the page.
        was: What became of the energy.
    """
    parts, totals = _daily_records(days, proof_of)
    linked = any("url" in total for total in totals)
    used_kwh = [total["total"] for total in totals]
    x = day_axis(days["local_date"].to_list())
    y = alt.Y(
        "low:Q",
        scale=from_zero(max(used_kwh), lowest=min(used_kwh)),
        axis=alt.Axis(title=say("kWh per day"), tickCount=5),
    )
    whole = alt.Chart(data(totals))
    partial = alt.Chart(data([total for total in totals if not total["full"]]))
    circle = partial.mark_point(
        size=40, strokeWidth=1.6, yOffset=-9, stroke=alt.ExprRef(colour("ink")), opacity=1
    )
    tips = [("day", "Day"), ("used", was), ("estimated", "of it estimated"), ("covered", "readings cover")]
    usual = [level(usual_kwh)] if usual_kwh else []
    incomplete = [] if days["is_full"].all() else [circle.encode(x=alt.X("noon:Q"), y=alt.Y("total:Q"))]
    layers = [
        quality_bars(parts, x, y),
        *usual,
        *incomplete,
        hover_targets(whole, f"{name}_hover", tips, linked=linked),
    ]
    return finish(alt.LayerChart(layer=layers), name, HEIGHT)


def _daily_records(
    days: pl.DataFrame, proof_of: Callable[[date], str | None]
) -> tuple[list[Record], list[Record]]:
    parts: list[Record] = []
    totals: list[Record] = []
    for row in days.iter_rows(named=True):
        span = bar_span(row["local_date"])
        total = round(row["energy_kwh"], 3)
        url = proof_of(row["local_date"])
        # Of a day on which the register went down, both parts lie below 0.
        measured = round(sorted((0.0, total - row["estimated_kwh"], total))[1], 3)
        bounds = (("measured", 0.0, measured), ("estimated", measured, total))
        drawn = [bound for bound in bounds if bound[2] != bound[1]] or [("measured", 0.0, 0.0)]
        parts += [{**span, "quality": q, "low": low, "high": high} for q, low, high in drawn]
        totals.append(
            {
                **span,
                "noon": (span["from"] + span["to"]) // 2,
                "total": total,
                "full": row["is_full"],
                "day": short_day(row["local_date"]),
                "used": energy(total),
                "estimated": energy(row["estimated_kwh"]),
                "covered": f"{number(row['hours'], 1)}{NBSP}h",
                **({"url": url} if url else {}),
            }
        )
    return parts, totals


def heat_map(hours: pl.DataFrame) -> alt.Chart:
    """Return the mean power of each hour of each day on a square-root colour scale; gaps stay empty.

    Few days are rows of hours; many are columns. Hours that fed more in than they used have another colour.
    """
    days = hours.sort("local_date", "hour").group_by("local_date", maintain_order=True).agg("hour", "mean_w")
    records = [
        {
            "from": day_ms(row["local_date"]),
            "day": short_day(row["local_date"]),
            "h": row["hour"],
            "w": row["mean_w"],
        }
        for row in days.iter_rows(named=True)
    ]
    most_w: int = max(hours["mean_w"].to_list())
    highest_w = most_w if most_w > 0 else round(LEAST_AXIS_W)
    shade = alt.Color(
        "w:Q",
        scale=alt.Scale(type="sqrt", domain=[0, highest_w], range="heatmap"),
        legend=_power_legend(highest_w),
    )
    base = (
        alt.Chart(data(records))
        .transform_flatten(["h", "w"])
        .transform_calculate(
            to="datum.from + 86400000",
            until="datum.h + 1",
            time="datum.h + '\u2013' + (datum.h + 1) + ' h'",
            mean="format(datum.w, ',') + ' W'",
        )
    )
    tips = [alt.Tooltip(f"{field}:N", title=say(title)) for field, title in _HEAT_TIPS]
    by_row = days.height <= DAYS_AS_ROWS_UP_TO
    place = _hours_across(records) if by_row else _hours_down(days)
    colours = alt.condition("datum.w < 0", alt.value(alt.ExprRef(colour("second"))), shade)
    rectangles = base.mark_rect(strokeWidth=0, fillOpacity=_strength(hours["mean_w"].to_list()))
    chart: alt.Chart = rectangles.encode(color=colours, tooltip=tips, **place)
    return finish(chart, "heat_map", ROW_HEIGHT * days.height if by_row else HEIGHT)


def _strength(powers_w: Sequence[int]) -> alt.ExprRef:
    """How opaque an hour is: the more it fed in, the more."""
    most_w = max(1, -min(powers_w))
    fed_in = f"{FAINTEST_FED_IN} + {1 - FAINTEST_FED_IN} * sqrt(-datum.w / {most_w})"
    return alt.ExprRef(f"datum.w < 0 ? {fed_in} : 1")


_HEAT_TIPS = (("day", "Day"), ("time", "hour"), ("mean", "mean power"))


def _hours_across(records: Sequence[Record]) -> dict[str, Any]:
    values = list(range(0, 25, 3))
    axis = alt.Axis(
        title=None,
        values=values,
        labelExpr="datum.value + ' h'",
        labelOverlap="parity",
        labelSeparation=LABEL_SEPARATION,
    )
    return {
        "x": alt.X("h:Q", scale=alt.Scale(domain=[0, 24], nice=False), axis=axis),
        "x2": alt.X2("until"),
        "y": alt.Y(
            "day:N",
            sort=[record["day"] for record in records],
            scale=alt.Scale(paddingInner=0.12, paddingOuter=0),
            axis=alt.Axis(title=None, grid=False),
        ),
    }


def _hours_down(days: pl.DataFrame) -> dict[str, Any]:
    axis = alt.Axis(title=None, values=[0, 6, 12, 18, 24], labelExpr="datum.value + ' h'", grid=False)
    return {
        "x": day_axis(days["local_date"].to_list()),
        "x2": alt.X2("to"),
        "y": alt.Y("h:Q", scale=alt.Scale(domain=[24, 0], nice=False), axis=axis),
        "y2": alt.Y2("until"),
    }


def _power_legend(highest_w: int) -> alt.Legend:
    powers_w = _legend_powers(highest_w)
    return alt.Legend(
        title=say("mean power in the hour"),
        gradientLength=alt.ExprRef(f"min({LEGEND_LENGTH}, width)"),
        gradientThickness=12,
        values=powers_w,
        tickCount=len(powers_w),
        labelSeparation=LABEL_SEPARATION,
        labelExpr="datum.value < 1000 ? datum.value + ' W' : format(datum.value / 1000, '.1~f') + ' kW'",
    )


def _legend_powers(highest_w: int) -> list[int]:
    shown = [0]
    for power_w in LEGEND_POWERS_W:
        place, last = (power_w / highest_w) ** 0.5, (shown[-1] / highest_w) ** 0.5
        # Labels nearer than this touch on the square-root scale.
        if last + LEGEND_GAP < place < 1 - LEGEND_END_GAP:
            shown.append(power_w)
    return [*shown, highest_w]


def quality_chart(quality: pl.DataFrame) -> alt.LayerChart:
    """Return the number of readings per day by quality, and of pictures that are missing."""
    records: list[Record] = []
    totals: list[Record] = []
    for row in quality.sort("local_date").iter_rows(named=True):
        span = bar_span(row["local_date"])
        low = 0
        for name in QUALITIES:
            if row[name]:
                records.append({**span, "quality": name, "low": low, "high": low + row[name]})
                low += row[name]
        totals.append(
            {**span, "day": short_day(row["local_date"]), **{name: row[name] for name in QUALITIES}}
        )
    highest = max((record["high"] for record in records), default=0)
    x = day_axis(quality["local_date"].to_list())
    y = alt.Y(
        "low:Q",
        scale=from_zero(highest),
        axis=alt.Axis(title=say("pictures per day"), tickCount=max(1, min(4, highest)), format="d"),
    )
    tips = [("day", "Day"), *((name, name) for name in QUALITIES)]
    height = HEIGHT if quality.height <= DAYS_AS_ROWS_UP_TO else QUALITY_HEIGHT
    hover = hover_targets(alt.Chart(data(totals)), "quality_hover", tips)
    return finish(alt.LayerChart(layer=[quality_bars(records, x, y), hover]), "quality", height)


def finish(chart: ChartT, name: str, height: int) -> ChartT:
    """Return the chart as wide as its place, under that name."""
    return chart.properties(name=name, width="container", height=height)
