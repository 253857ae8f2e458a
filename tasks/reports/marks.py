"""Marks the charts share: quality bars, a labelled level, hover targets as tall as the chart."""

from collections.abc import Sequence

import altair as alt

from tasks.reports.axes import Record, data
from tasks.reports.language import say
from tasks.reports.theme import QUALITIES, colour

HOVER_OPACITY = 0.09
DASHES = [3, 2]


def present(records: Sequence[Record]) -> list[str]:
    """Return the qualities that occur, in the order of the legend."""
    occurring = {record["quality"] for record in records}
    return [quality for quality in QUALITIES if quality in occurring]


def quality_colours(records: Sequence[Record]) -> alt.Color:
    """Return the colour of each quality that occurs; measurements alone need no legend."""
    domain = present(records)
    shown = domain not in ([], ["measured"])
    return alt.Color(
        "quality:N",
        scale=alt.Scale(domain=domain, range=[alt.ExprRef(colour(quality)) for quality in domain]),
        sort=domain,
        legend=alt.Legend(title=None, symbolOpacity=1, labelExpr=said(domain)) if shown else None,
    )


def said(words: Sequence[str]) -> str:
    """Return the expression that puts a legend's words into the language spoken."""
    return f"{[say(word) for word in words]}[indexof({list(words)}, datum.label)]"


def quality_bars(records: Sequence[Record], x: alt.X, y: alt.Y) -> alt.Chart:
    """Return stacked bars of records with `from`, `to`, `low`, `high` and `quality`; estimates are dashed.

    A bar of no height is a line: nothing was used, which is not the same as nothing known.
    """
    outline = flat_line("datum.quality == 'estimated' || isValid(datum.high) && datum.high == datum.low")
    bars: alt.Chart = (
        alt.Chart(data(records))
        .mark_rect(stroke=outline, strokeWidth=1, strokeDash=DASHES)
        .encode(x=x, x2=alt.X2("to"), y=y, y2=alt.Y2("high"), color=quality_colours(records))
    )
    return bars


def flat_line(when: str, name: str = "measured") -> alt.ExprRef:
    """Return the outline that a bar gets where this holds, in a colour of the palette."""
    return alt.ExprRef(f"{when} ? {colour(name)} : null")


def level(value: float) -> alt.Chart:
    """Return a dotted line across the chart; its meaning stands in the chart's note."""
    rule = alt.Chart(data([{"level": value}])).mark_rule(
        stroke=alt.ExprRef(colour("ink")), strokeDash=[1, 3], strokeWidth=1.6, strokeCap="round"
    )
    line: alt.Chart = rule.encode(y=alt.Y("level:Q"))
    return line


def hover_targets(
    chart: alt.Chart, name: str, tips: Sequence[tuple[str, str]], *, linked: bool = False
) -> alt.Chart:
    """Return invisible marks as tall as the chart, so that a low bar is as easy to hit as a high one.

    Args:
        chart: A chart of records with `from` and `to`.
        name: Of the chart's hover state, unique in a page.
        tips: Field and title of each line of the tooltip.
        linked: Whether a click opens the record's `url`.
    """
    hover = alt.selection_point(name=name, on="pointerover", clear="pointerout", empty=False)
    # What has no picture leads nowhere.
    url = {"test": "isValid(datum.url)", "field": "url", "type": "nominal"}
    encoding = {"href": alt.HrefValue(None, condition=url)} if linked else {}
    targets: alt.Chart = (
        chart.mark_rect(fill=alt.ExprRef(colour("ink")), cursor="pointer" if linked else "default")
        .encode(
            x=alt.X("from:Q"),
            x2=alt.X2("to"),
            opacity=alt.OpacityValue(0, condition={"param": name, "empty": False, "value": HOVER_OPACITY}),
            tooltip=[alt.Tooltip(f"{field}:N", title=say(title)) for field, title in tips],
            **encoding,
        )
        .add_params(hover)
    )
    return targets
