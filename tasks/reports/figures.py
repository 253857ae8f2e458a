"""The parts of a page: each a finding, how to read it, its charts, and the tables behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import altair as alt
import polars as pl

from tasks.reports import charts, findings, load_profile, tables
from tasks.reports.data import ReportData
from tasks.reports.formatting import count, energy, power
from tasks.reports.key_figures import KeyFigures, key_figures, usual_energy, with_fullness
from tasks.reports.language import say
from tasks.reports.periods import usual_range

DAYS_AS_BARS = 62
DAYS_AS_HEAT = 366
FEW_DAYS = 10
VALUES = "Values as a table"


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of a figure, with words above it where there are several."""

    name: str
    spec: dict[str, Any]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A part of the page: its finding, how to read it, its charts and the tables behind them."""

    name: str
    title: str
    note: str
    panels: tuple[Panel, ...]
    tables: tuple[tuple[str, tables.Table], ...]
    is_half: bool = False


def figure(
    name: str,
    title: str,
    note: str,
    chart: alt.Chart | alt.LayerChart,
    table: tables.Table,
    *others: tuple[str, tables.Table],
    is_half: bool = False,
) -> Figure:
    """A figure of one chart."""
    shown = ((say(VALUES), table), *((words, each) for words, each in others if each.rows))
    return Figure(name, title, note, (Panel(name, spec_of(chart)),), shown, is_half)


def spec_of(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """A chart's specification, without what the page's theme gives."""
    # Validation against the schema costs more than all else; the tests do it.
    spec = chart.to_dict(validate=False)
    # The page hands in the configuration of its theme; Altair's own would win over it.
    spec.pop("config", None)
    spec.pop("$schema", None)
    return spec


def report_key_figures(report: ReportData) -> KeyFigures:
    """Return the key figures of a report; what is fed in has no base load."""
    figures = key_figures(
        daily=report.daily,
        last_day=report.last_day,
        quality=report.quality,
        readings=report.readings,
        timezone=report.timezone,
        newest=report.newest,
        holidays=report.holidays,
    )
    return replace(figures, base_load=None) if report.is_export else figures


def is_short(report: ReportData) -> bool:
    """Whether there are so few days that their charts go side by side."""
    return report.daily.height <= FEW_DAYS


def relative(url_of: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """The addresses; asked for one that does not lie beside the page, it raises ValueError."""

    def checked(what: object) -> str | None:
        url = url_of(what)
        if url is not None and (urlsplit(url).scheme or urlsplit(url).netloc or url.startswith("/")):
            raise ValueError(f"A picture's URL must be relative to the page, not {url!r}.")
        return url

    return checked


def load_profile_figure(report: ReportData, figures: KeyFigures) -> Figure | None:
    """The day shown, against what such days usually are."""
    if report.last_day.is_empty() or figures.day is None:
        return None
    picture_url = relative(report.picture_url)
    base_load_w = figures.base_load.base_load_w if figures.base_load else None
    usual = usual_range(report.quarter_hours, figures.day.local_date, report.holidays)
    proof_url = relative(lambda key: report.links.proof_of_picture(key) or report.picture_url(key))
    chart = load_profile.load_profile_chart(report.last_day, report.timezone, proof_url, base_load_w, usual)
    note = say(
        "Mean power of each quarter of an hour, local time. Click on one to see the picture that proves it."
    )
    if usual:
        note += " " + say("Grey band: 8 of 10 such days of the last eight weeks.")
    if figures.base_load and figures.base_load.base_load_w:
        note += " " + say("Dotted line: base load of {power}.", power=power(figures.base_load.base_load_w))
    if load_profile.is_squashed(report.last_day):
        note += " " + say(
            "The height grows with the square root of the power, so that small loads stay visible."
        )
    title = findings.last_day_title(figures.day, report.last_day)
    return figure("profile", title, note, chart, tables.load_profile_table(report.last_day, picture_url))


def daily_figure(report: ReportData) -> Figure | None:
    """The newest days."""
    if report.daily.is_empty():
        return None
    days = with_fullness(report.daily, report.timezone).tail(DAYS_AS_BARS)
    return days_figure(report, days, is_half=is_short(report))


def days_figure(report: ReportData, days: pl.DataFrame, *, is_half: bool = False) -> Figure:
    """These days, which have `is_full`."""
    proof_of = relative(report.links.proof_of)
    usual_kwh = usual_energy(days)
    newest = not days.is_empty() and days["local_date"].to_list()[-1] == report.daily["local_date"].max()
    shown = _last(days, report.daily) if newest else count(days.height, "day")
    note = say("Consumption of each local day, {days}.", days=shown)
    if any(proof_of(each) for each in days["local_date"]):
        note += " " + say("Click on one to see its pictures.")
    if usual_kwh:
        note += " " + say("Dotted line: the usual {energy}.", energy=energy(usual_kwh))
    if not days["is_full"].all():
        note += " " + say("○ marks a day that the readings do not cover in full.")
    title = findings.daily_title(days, usual_kwh)
    chart = charts.daily_chart(days, usual_kwh, proof_of)
    table = tables.daily_table(days, proof_of)
    if report.is_export:
        table = _without(table, say("Base load, W"))
    return figure("daily", title, note, chart, table, is_half=is_half)


def _without(table: tables.Table, column: str) -> tables.Table:
    place = table.columns.index(column)
    columns, *rows = ((*row[:place], *row[place + 1 :]) for row in (table.columns, *table.rows))
    return tables.Table(tuple(str(each) for each in columns), tuple(rows))


def heat_map_figure(report: ReportData) -> Figure | None:
    """Hour by day."""
    if report.hours.is_empty():
        return None
    days = report.hours["local_date"].unique().sort().tail(DAYS_AS_HEAT)
    hours = report.hours.filter(pl.col("local_date").is_in(days.implode()))
    highest_w = max(hours["mean_w"].to_list())
    shown = count(days.len(), "day")
    note = (
        say("Hour by day, {days}; at most {power}. Empty where nothing is known.", days=shown,
            power=power(highest_w))
        if highest_w
        else say("Hour by day, {days}. Empty where nothing is known.", days=shown)
    )  # fmt: skip
    if min(hours["mean_w"].to_list()) < 0:
        note += " " + say("Orange where more was fed in than used.")
    title = findings.heat_map_title(hours)
    return figure("heat_map", title, note, charts.heat_map(hours), tables.heat_map_table(hours))


def _last(shown: pl.DataFrame, everything: pl.DataFrame) -> str:
    days = count(shown.height, "day")
    return say("last {days}", days=days) if shown.height < everything.height else days


def paired(shown: Sequence[Figure]) -> list[Figure]:
    """The figures, those of half width side by side; one without a neighbour gets the whole width."""
    result: list[Figure] = []
    waits = False
    for each in shown:
        if waits and not each.is_half:
            result[-1] = replace(result[-1], is_half=False)
        waits = each.is_half and not waits
        result.append(each)
    if waits:
        result[-1] = replace(result[-1], is_half=False)
    return result
