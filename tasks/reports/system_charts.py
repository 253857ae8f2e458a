"""Charts of the machines: completeness by the hour, durations, temperature, outbox, events, the reader."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from tasks.reports.axes import DAY_MS, Record, bar_span, data, day_axis, day_ms, from_zero
from tasks.reports.charts import HEIGHT, finish
from tasks.reports.formatting import number, share, short_day
from tasks.reports.language import say
from tasks.reports.marks import hover_targets
from tasks.reports.season_charts import ink, noon, said_as

HOUR_MS = 3_600_000
LOW_HEIGHT = 160
LEAST_COUNT = 4
EVENT_LEVELS = ("critical", "error", "warning")
LEVEL_COLOURS = {"critical": "third", "error": "rejected", "warning": "repaired"}


def completeness_chart(name: str, health: pl.DataFrame) -> alt.Chart:
    """Return the share of due pictures that were taken, hour by day.

    Args:
        name: Of the chart in the page.
        health: at_local, due and taken of each hour.
    """
    records = [
        {
            "from": day_ms(row["at_local"].date()),
            "to": day_ms(row["at_local"].date()) + DAY_MS,
            "h": row["at_local"].hour,
            "until": row["at_local"].hour + 1,
            "share": min(1.0, row["taken"] / row["due"]),
            "day": short_day(row["at_local"].date()),
            "time": f"{row['at_local'].hour} h",
            "taken": say("{taken} of {due}", taken=number(row["taken"]), due=number(row["due"])),
        }
        for row in health.filter(pl.col("due") > 0, pl.col("taken").is_not_null()).iter_rows(named=True)
    ]
    days = [row.date() for row in health["at_local"]]
    tips = (("day", "Day"), ("time", "hour"), ("taken", "taken"))
    axis = alt.Axis(title=None, values=[0, 6, 12, 18, 24], labelExpr="datum.value + ' h'", grid=False)
    chart: alt.Chart = (
        alt.Chart(data(records))
        .mark_rect(strokeWidth=0)
        .encode(
            x=day_axis(days),
            x2=alt.X2("to"),
            y=alt.Y("h:Q", scale=alt.Scale(domain=[24, 0], nice=False), axis=axis),
            y2=alt.Y2("until"),
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(
                    domain=[0, 1],
                    range=[ink("rejected"), ink("line"), ink("measured")],
                    interpolate="rgb",
                ),
                legend=alt.Legend(title=say("share of due pictures taken"), format="%", values=[0, 0.5, 1]),
            ),
            tooltip=[alt.Tooltip(f"{field}:N", title=say(title)) for field, title in tips],
        )
    )
    return finish(chart, name, LOW_HEIGHT)


def box_chart(name: str, durations: pl.DataFrame) -> alt.LayerChart:
    """Return the durations of each day as boxes: median, half of all, and 19 of 20.

    Args:
        name: Of the chart in the page.
        durations: local_date and seconds of one activity.
    """
    seconds = pl.col("seconds")
    boxes = (
        durations.group_by("local_date")
        .agg(
            low=seconds.quantile(0.025, "linear"),
            first=seconds.quantile(0.25, "linear"),
            middle=seconds.median(),
            third=seconds.quantile(0.75, "linear"),
            high=seconds.quantile(0.975, "linear"),
            number=pl.len(),
        )
        .sort("local_date")
    )
    records = [
        {
            **bar_span(row["local_date"]),
            "noon": noon(row["local_date"]),
            "day": short_day(row["local_date"]),
            **{part: round(row[part], 3) for part in ("low", "first", "middle", "third", "high")},
            "said": say("{seconds} s", seconds=number(row["middle"], 1)),
            "range": say("{low} to {high}", low=number(row["low"], 1), high=number(row["high"], 1)),
            "number": number(row["number"]),
        }
        for row in boxes.iter_rows(named=True)
    ]
    base = alt.Chart(data(records))
    axis = alt.Axis(title=say("seconds"), tickCount=4)
    x = day_axis(boxes["local_date"].to_list())
    y = alt.Y("first:Q", scale=from_zero(max((each["high"] for each in records), default=0)), axis=axis)
    whiskers = base.mark_rule(stroke=ink("muted")).encode(
        x=alt.X("noon:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high")
    )
    box = base.mark_rect(fill=ink("estimated")).encode(x=x, x2=alt.X2("to"), y=y, y2=alt.Y2("third"))
    median = base.mark_rule(stroke=ink("ink"), strokeWidth=2).encode(
        x=alt.X("from:Q"), x2=alt.X2("to"), y=alt.Y("middle:Q")
    )
    tips = [("day", "Day"), ("said", "median"), ("range", "19 of 20"), ("number", "how many")]
    hover = hover_targets(base, f"{name}_hover", tips)
    return finish(alt.LayerChart(layer=[box, whiskers, median, hover]), name, LOW_HEIGHT)


def hourly_line(name: str, health: pl.DataFrame, column: str, title: str, decimals: int) -> alt.LayerChart:
    """Return a quantity hour by hour.

    Args:
        name: Of the chart in the page.
        health: at_local and the column.
        column: What to draw.
        title: Of the axis.
        decimals: Of the values shown.
    """
    known = health.drop_nulls(column).sort("at_local")
    is_count = column != "temperature_c"
    records: list[Record] = []
    for at, value in known.select("at_local", column).iter_rows():
        records.append(
            {
                "at": day_ms(at.date()) + at.hour * HOUR_MS,
                "value": round(value, decimals),
                "when": f"{short_day(at.date())}, {at:%H:%M}",
                "said": number(value, decimals),
            }
        )
    base = alt.Chart(data(records))
    axis = alt.Axis(title=say(title), tickCount=4)
    line = base.mark_line(stroke=ink("measured"), strokeWidth=1.6).encode(
        x=day_axis([at.date() for at in known["at_local"]], "at"),
        y=alt.Y("value:Q", scale=_hourly_scale(known[column].to_list(), is_count=is_count), axis=axis),
    )
    dots = base.mark_point(size=80, opacity=0).encode(
        x=alt.X("at:Q"),
        y=alt.Y("value:Q"),
        tooltip=[alt.Tooltip("when:N", title=say("When")), alt.Tooltip("said:N", title=say(title))],
    )
    return finish(alt.LayerChart(layer=[line, dots]), name, LOW_HEIGHT)


def _hourly_scale(values: Sequence[float], *, is_count: bool) -> alt.Scale:
    if is_count:
        return from_zero(max(values, default=0), LEAST_COUNT)
    if len(set(values)) == 1:
        return alt.Scale(domain=[values[0] - 1, values[0] + 1], nice=False)
    return alt.Scale(zero=False, nice=True)


def levels_chart(name: str, levels: pl.DataFrame) -> alt.LayerChart:
    """Return the log's warnings and errors of each day.

    Args:
        name: Of the chart in the page.
        levels: local_date, level, lines.
    """
    bars: list[Record] = []
    totals: list[Record] = []
    for (local_date,), rows in levels.sort("local_date").group_by("local_date", maintain_order=True):
        counts = dict(rows.group_by("level").agg(pl.col("lines").sum()).iter_rows())
        span, low = bar_span(local_date), 0
        for level in EVENT_LEVELS:
            if counts.get(level):
                bars.append({**span, "level": level, "low": low, "high": low + counts[level]})
                low += counts[level]
        shown = {level: number(counts.get(level, 0)) for level in (*EVENT_LEVELS, "info")}
        totals.append({**span, "day": short_day(local_date), **shown})
    shade = alt.Color(
        "level:N",
        scale=alt.Scale(
            domain=list(EVENT_LEVELS), range=[ink(LEVEL_COLOURS[level]) for level in EVENT_LEVELS]
        ),
        legend=alt.Legend(title=None, labelExpr=said_as({level: level for level in EVENT_LEVELS})),
    )
    axis = alt.Axis(title=say("lines per day"), tickCount=4, format="d")
    most = max((bar["high"] for bar in bars), default=0)
    y = alt.Y("low:Q", scale=from_zero(most, LEAST_COUNT), axis=axis)
    columns = (
        alt.Chart(data(bars))
        .mark_rect()
        .encode(
            x=day_axis(levels["local_date"].to_list()), x2=alt.X2("to"), y=y, y2=alt.Y2("high"), color=shade
        )
    )
    tips = [("day", "Day"), *((level, level) for level in (*EVENT_LEVELS, "info"))]
    hover = hover_targets(alt.Chart(data(totals)), f"{name}_hover", tips)
    return finish(alt.LayerChart(layer=[columns, hover]), name, LOW_HEIGHT)


def share_line(name: str, days: pl.DataFrame, parts: Sequence[tuple[str, str, str]]) -> alt.LayerChart:
    """Return shares by day as lines.

    Args:
        name: Of the chart in the page.
        days: local_date and the columns, 0 to 1.
        parts: Column, words and colour of each line.
    """
    records = [
        {
            "at": noon(row["local_date"]),
            "part": column,
            "share": round(row[column], 4),
            "day": short_day(row["local_date"]),
            "said": share(row[column]),
        }
        for row in days.iter_rows(named=True)
        for column, _, _ in parts
        if row[column] is not None
    ]
    least = min((record["share"] for record in records), default=0.0)
    shade = alt.Color(
        "part:N",
        scale=alt.Scale(
            domain=[column for column, _, _ in parts], range=[ink(shade) for _, _, shade in parts]
        ),
        legend=alt.Legend(
            title=None,
            symbolType="stroke",
            labelExpr=said_as({column: words for column, words, _ in parts}),
        ),
    )
    axis = alt.Axis(title=say("share"), format=".0%", tickCount=4)
    floor = max(0.0, least - 0.05)
    base = alt.Chart(data(records)).encode(
        x=day_axis(days["local_date"].to_list(), "at"),
        y=alt.Y("share:Q", scale=alt.Scale(domain=[floor, 1], nice=False), axis=axis),
    )
    line = base.mark_line(strokeWidth=1.8).encode(color=shade)
    dots = base.mark_point(size=80, opacity=0).encode(
        tooltip=[alt.Tooltip("day:N", title=say("Day")), alt.Tooltip("said:N", title=say("share"))]
    )
    return finish(alt.LayerChart(layer=[line, dots]), name, HEIGHT)


def drift_chart(name: str, days: pl.DataFrame) -> alt.LayerChart:
    """Return how far the register window has moved in the picture since the first day.

    Args:
        name: Of the chart in the page.
        days: local_date and shift_px.
    """
    records = [
        {
            "at": noon(row["local_date"]),
            "px": round(row["shift_px"], 2),
            "day": short_day(row["local_date"]),
            "said": f"{number(row['shift_px'], 1)} px",
        }
        for row in days.drop_nulls("shift_px").iter_rows(named=True)
    ]
    base = alt.Chart(data(records)).encode(
        x=day_axis(days["local_date"].to_list(), "at"),
        y=alt.Y(
            "px:Q",
            scale=from_zero(max((record["px"] for record in records), default=0)),
            axis=alt.Axis(title=say("pixels from the first day"), tickCount=4),
        ),
    )
    line = base.mark_line(stroke=ink("measured"), strokeWidth=1.8)
    dots = base.mark_point(size=80, opacity=0).encode(
        tooltip=[alt.Tooltip("day:N", title=say("Day")), alt.Tooltip("said:N", title=say("moved"))]
    )
    return finish(alt.LayerChart(layer=[line, dots]), name, LOW_HEIGHT)
