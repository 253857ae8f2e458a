"""Charts of months and years: against last year, the forecast, the cost."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

import altair as alt
import polars as pl

from tasks.reports.axes import DAY_MS, Record, data, day_axis, day_ms, from_zero
from tasks.reports.charts import HEIGHT, finish
from tasks.reports.forecast import Forecast
from tasks.reports.formatting import cents, date_of, energy, money, month
from tasks.reports.language import say, spoken
from tasks.reports.marks import flat_line, hover_targets
from tasks.reports.periods import month_before
from tasks.reports.theme import colour

MONTHS = 12
MOST_MONTHS = 12
FEWEST_SLOTS = 4
BAND_OPACITY = 0.2
YEAR_EVERY_DAYS = 3
HALF = 0.4
GAP = 0.06
# No tariff is called this: their names are lower-case.
FEE = "FEE"
TARIFF_COLOURS = ("measured", "second", "third", "repaired")


def ink(name: str) -> alt.ExprRef:
    """A colour of the palette."""
    return alt.ExprRef(colour(name))


def newest_months(first: date, last: date) -> list[date]:
    """Return at most twelve months up to the last, at least four, none long before the first."""
    known = (last.year - first.year) * MONTHS + last.month - first.month + 1
    shown = min(max(known, FEWEST_SLOTS), MOST_MONTHS)
    return [month_before(last, back) for back in reversed(range(shown))]


def month_axis(starts: Sequence[date], field: str = "from") -> alt.X:
    """Return an axis of months in their order, a unit each; January says its year."""
    now = spoken()
    names = [
        now.short_months[each.month - 1] + (f"\n{each.year}" if each.month == 1 or place == 0 else "")
        for place, each in enumerate(starts)
    ]
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[-0.5, len(starts) - 0.5], nice=False),
        axis=alt.Axis(
            title=None,
            values=list(range(len(starts))),
            labelExpr=f"split({names}[datum.value], '\\n')",
            labelOverlap="parity",
        ),
    )


def months_chart(months: pl.DataFrame, last: date) -> alt.LayerChart:
    """Return the newest twelve months, each beside the same month of the year before.

    Args:
        months: as `periods.months_of` gives them.
        last: first day of the newest month.
    """
    starts = newest_months(months["month_start"].to_list()[0], last)
    bars, totals = _month_bars(months, starts)
    words = {"before": "the year before", "now": "this year"}
    is_compared = any(bar["series"] == "before" for bar in bars)
    shade = alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(words), range=[ink("usual"), ink("measured")]),
        legend=alt.Legend(title=None, labelExpr=said_as(words)) if is_compared else None,
    )
    used_kwh = [0.0, *(bar["kwh"] for bar in bars)]
    y = alt.Y(
        "kwh:Q",
        scale=from_zero(max(used_kwh), lowest=min(used_kwh)),
        axis=alt.Axis(title=say("kWh per month"), tickCount=5),
    )
    columns = (
        alt.Chart(data(bars))
        .mark_rect(stroke=flat_line("datum.kwh == 0 && datum.series == 'now'"))
        .encode(x=month_axis(starts), x2=alt.X2("to"), y=y, y2=alt.Y2Datum(0), color=shade)
    )
    partial_marks = (
        alt.Chart(data([bar for bar in bars if not bar["full"]]))
        .mark_point(size=34, strokeWidth=1.5, yOffset=-8, stroke=ink("ink"), opacity=1)
        .encode(x=alt.X("middle:Q"), y=alt.Y("kwh:Q"))
    )
    tips = [("month", "Month"), ("now", "used"), *([("before", "the year before")] if is_compared else [])]
    hover = hover_targets(alt.Chart(data(totals)), "months_hover", tips)
    return finish(alt.LayerChart(layer=[columns, partial_marks, hover]), "months", HEIGHT)


def _month_bars(months: pl.DataFrame, starts: Sequence[date]) -> tuple[list[Record], list[Record]]:
    known = {row["month_start"]: row for row in months.iter_rows(named=True)}
    is_compared = any(month_before(start, MONTHS) in known for start in starts)
    bars: list[Record] = []
    totals: list[Record] = []
    for place, start in enumerate(starts):
        total: Record = {"from": place - 0.5, "to": place + 0.5, "month": month(start)}
        for series, when, left in (
            ("before", month_before(start, MONTHS), -HALF),
            ("now", start, GAP / 2 if is_compared else -HALF),
        ):
            row, right = known.get(when), (HALF if series == "now" else -GAP / 2)
            if row is None:
                total[series] = ""
                continue
            partial = "" if row["is_full"] else f" ({say('in part')})"
            total[series] = energy(row["energy_kwh"]) + partial
            bars.append(
                {
                    "from": place + left,
                    "to": place + right,
                    "kwh": round(row["energy_kwh"], 3),
                    "series": series,
                    "full": row["is_full"],
                    "middle": place + (left + right) / 2,
                }
            )
        totals.append(total)
    return bars, totals


def said_as(words: Mapping[str, str]) -> str:
    """Return the expression that puts a legend's words as these sentences."""
    return f"{[say(sentence) for sentence in words.values()]}[indexof({list(words)}, datum.label)]"


def named_as(words: Mapping[str, str]) -> str:
    """Return the expression that puts a legend's words as these names, which need no translation."""
    return f"{json.dumps(list(words.values()))}[indexof({json.dumps(list(words))}, datum.label)]"


def year_chart(days: pl.DataFrame, forecast: Forecast) -> alt.LayerChart:
    """Return the year summed up day by day, last year's, and the forecast with its band.

    Args:
        days: All days in order.
        forecast: Of the year.
    """
    lines = _year_lines(days, forecast)
    order = [name for name in ("before", "now", "forecast") if any(each["series"] == name for each in lines)]
    colours = {"before": "usual", "now": "measured", "forecast": "measured"}
    words = {"before": str(forecast.year - 1), "now": str(forecast.year), "forecast": say("forecast")}
    labels = named_as({name: words[name] for name in order})
    legend = alt.Legend(title=None, symbolType="stroke", labelExpr=labels)
    shade = alt.Color(
        "series:N",
        scale=alt.Scale(domain=order, range=[ink(colours[name]) for name in order]),
        legend=legend,
    )
    dashes = [[5, 4] if name == "forecast" else [1, 0] for name in order]
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes), legend=legend)
    x = day_axis([date(forecast.year, 1, 1), date(forecast.year, 12, 31)], "at")
    axis = alt.Axis(title=say("kWh since 1 January"), tickCount=5)
    area = (
        alt.Chart(data(_year_band(forecast)))
        .mark_area(opacity=BAND_OPACITY, fill=ink("measured"))
        .encode(x=x, y=alt.Y("low:Q", axis=axis), y2=alt.Y2("high"))
    )
    base = alt.Chart(data(lines)).encode(x=alt.X("at:Q"), y=alt.Y("kwh:Q"))
    line = base.mark_line(strokeWidth=2.2).encode(color=shade, strokeDash=dash)
    tips = [("day", "Day"), ("sum", "since 1 January")]
    dots = base.mark_point(size=120, opacity=0).encode(
        tooltip=[alt.Tooltip(f"{field}:N", title=say(title)) for field, title in tips]
    )
    return finish(alt.LayerChart(layer=[area, line, dots]), "year", HEIGHT)


def _year_lines(days: pl.DataFrame, forecast: Forecast) -> list[Record]:
    lines: list[Record] = []
    for series, year in (("before", forecast.year - 1), ("now", forecast.year)):
        of_year = days.filter(pl.col("local_date").dt.year() == year)
        sums = of_year["energy_kwh"].cum_sum().to_list()
        for place, local_date in enumerate(of_year["local_date"]):
            if place % YEAR_EVERY_DAYS == 0 or place == of_year.height - 1:
                lines.append(_year_point(series, local_date, forecast.year, sums[place]))
    return lines + [
        _year_point("forecast", forecast.dates[place], forecast.year, forecast.middle_kwh[place])
        for place in _thinned(len(forecast.dates))
    ]


def _year_band(forecast: Forecast) -> list[Record]:
    return [
        {
            "at": noon(forecast.dates[place]),
            "low": round(forecast.lower_kwh[place], 1),
            "high": round(forecast.upper_kwh[place], 1),
        }
        for place in _thinned(len(forecast.dates))
    ]


def _thinned(size: int) -> list[int]:
    return sorted({*range(0, size, YEAR_EVERY_DAYS), size - 1})


def noon(local_date: date) -> int:
    """The middle of a day on an axis of days."""
    return day_ms(local_date) + DAY_MS // 2


def _year_point(series: str, local_date: date, year: int, total: float) -> Record:
    if local_date.year != year and (local_date.month, local_date.day) == (2, 29):
        shown = date(year, 2, 28)
    else:
        shown = local_date.replace(year=year)
    return {
        "series": series,
        "at": noon(shown),
        "kwh": round(total, 1),
        "day": date_of(local_date),
        "sum": energy(total),
    }


def cost_chart(costs: pl.DataFrame, last: date) -> alt.LayerChart:
    """Return what each of the newest twelve months cost: energy by tariff, and the fee.

    Args:
        costs: month_start, tariff, currency, energy_cost, fee.
        last: first day of the newest month.
    """
    starts = newest_months(costs.sort("month_start")["month_start"].to_list()[0], last)
    shown = costs.filter(pl.col("month_start") >= starts[0]).sort("month_start")
    tariffs = shown["tariff"].unique(maintain_order=True).to_list()
    currency = str(costs["currency"][-1])
    bars, totals = _cost_bars(shown, starts, currency)
    domain = [*tariffs, FEE]
    colours = [ink(TARIFF_COLOURS[place % len(TARIFF_COLOURS)]) for place in range(len(tariffs))]
    names = {name: name for name in tariffs} | {FEE: say("fee")}
    shade = alt.Color(
        "part:N",
        scale=alt.Scale(domain=domain, range=[*colours, ink("usual")]),
        sort=domain,
        legend=alt.Legend(title=None, labelExpr=named_as(names)),
    )
    symbol = money(0, currency).strip("0.,\u00a0")
    axis = alt.Axis(title=say("{currency} per month", currency=symbol), tickCount=5)
    columns = (
        alt.Chart(data(bars))
        .mark_rect()
        .encode(
            x=month_axis(starts),
            x2=alt.X2("to"),
            y=alt.Y("low:Q", scale=alt.Scale(nice=True) if bars else from_zero(0), axis=axis),
            y2=alt.Y2("high"),
            color=shade,
        )
    )
    tips = [("month", "Month"), ("energy", "energy"), ("fee", "fee"), ("sum", "together")]
    hover = hover_targets(alt.Chart(data(totals)), "cost_hover", tips)
    return finish(alt.LayerChart(layer=[columns, hover]), "cost", HEIGHT)


def _cost_bars(
    costs: pl.DataFrame, starts: Sequence[date], currency: str
) -> tuple[list[Record], list[Record]]:
    bars: list[Record] = []
    totals: list[Record] = []
    for place, start in enumerate(starts):
        parts = costs.filter(pl.col("month_start") == start)
        span = {"from": place - HALF, "to": place + HALF}
        energy_cost, fee = float(parts["energy_cost"].sum()), float(parts["fee"].sum())
        ends = {True: 0.0, False: 0.0}
        for name, amount in [*parts.select("tariff", "energy_cost").iter_rows(), (FEE, fee)]:
            # What was earned goes down from 0, or it would cover what was paid.
            level = ends[amount > 0]
            ends[amount > 0] += amount
            if amount:
                low, high = round(level, 4), round(level + amount, 4)
                bars.append({**span, "part": name, "low": low, "high": high})
        if parts.height:
            amounts = {"energy": energy_cost, "fee": fee, "sum": energy_cost + fee}
            said = {name: cents(amount, currency) for name, amount in amounts.items()}
            totals.append({**span, "month": month(start), **said})
    return bars, totals


def newest_month(daily: pl.DataFrame) -> date:
    """The month of the newest day."""
    newest: date = daily["local_date"].to_list()[-1]
    return newest.replace(day=1)
