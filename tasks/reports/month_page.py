"""The page of one month: its days, hours, peaks and cost, beside the same days a year before."""

from datetime import date

import polars as pl
from altair.utils.schemapi import debug_mode

from tasks.reports import season_figures, season_tables
from tasks.reports.amounts import COST, amounts
from tasks.reports.data import ReportData, as_float
from tasks.reports.document import document
from tasks.reports.figures import Figure, days_figure, heat_map_figure
from tasks.reports.formatting import cents, change, count, energy, month, number, power
from tasks.reports.key_figures import with_fullness
from tasks.reports.language import say, speaking
from tasks.reports.page import lead, navigations
from tasks.reports.periods import month_before, same_days
from tasks.reports.tables import Tile, split_unit


def build_month_page(
    report: ReportData, month_start: date, *, library: str | None = None, fingerprint: str | None = None
) -> str:
    """Return the page of a month.

    Args:
        report: The meter's report, with the month's hours in `hours`.
        month_start: Its first day.
        library: Address of the chart library; without it the library is inside.
        fingerprint: Of what the page shows.
    """
    with speaking(report.language, fed_in=report.is_export), debug_mode(False):
        days = with_fullness(report.daily, report.timezone)
        of_month = _of_month(days, month_start)
        shown = [days_figure(report, of_month), heat_map_figure(report), _peaks(report, month_start)]
        shown.append(_cost(report, month_start))
        return document(
            "page.html.j2",
            title=(report.meter, month(month_start)),
            lead=lead(report),
            figures=[figure for figure in shown if figure is not None],
            navigations=navigations(report, month_start),
            library=library,
            fingerprint=fingerprint,
            is_empty=False,
            tiles=_tiles(report, days, of_month, month_start),
            insights=[],
            readings_title="",
            rows=[],
            doubtful=[],
            words=(),
        )


def _of_month(days: pl.DataFrame, month_start: date, column: str = "local_date") -> pl.DataFrame:
    following = month_before(month_start, -1)
    return days.filter(pl.col(column).is_between(month_start, following, closed="left"))


def _tiles(report: ReportData, days: pl.DataFrame, of_month: pl.DataFrame, month_start: date) -> list[Tile]:
    used = float(of_month["energy_kwh"].sum())
    notes = [count(of_month.height, "day")]
    for weeks, sentence in (
        (52, "{change} against the same days a year before"),
        (4, "{change} against the four weeks before"),
    ):
        now, before = same_days(days, of_month, weeks)
        total, total_before = float(now["energy_kwh"].sum()), float(before["energy_kwh"].sum())
        if now.height and total_before > 0 <= total:
            notes.append(say(sentence, change=change(total / total_before)))
    tiles = [Tile(say("Energy"), *split_unit(energy(used)), tuple(notes))]
    costs = _of_month(report.costs, month_start)
    if costs.height:
        fee = say("fee {fee}", fee=amounts(costs, pl.col("fee"), cents))
        tiles.append(Tile(say("Cost"), amounts(costs, COST, cents), "", (fee,)))
    nights = of_month["base_load_w"].drop_nulls()
    if nights.len() and not report.is_export:
        level = power(as_float(nights.median()))
        tiles.append(Tile(say("Base load"), *split_unit(level), (count(nights.len(), "night"),)))
    co2 = costs["co2_kg"].drop_nulls()
    if co2.len():
        tiles.append(Tile("CO₂", number(float(co2.sum()), 1), "kg", (count(co2.len(), "day"),)))
    return tiles


def _peaks(report: ReportData, month_start: date) -> Figure | None:
    peaks = report.peaks.filter(pl.col("month_start") == month_start, pl.col("peak_w") != 0)
    if peaks.is_empty():
        return None
    title = say("Highest quarter hours of the month")
    table = season_tables.peaks_table(peaks)
    note = say("At most one of each day.")
    return Figure("peaks", title, note, (), ((say("Peaks"), table),))


def _cost(report: ReportData, month_start: date) -> Figure | None:
    costs = _of_month(report.costs, month_start)
    if costs.is_empty():
        return None
    table = season_tables.cost_table(season_figures.monthly_costs(costs))
    title = say("What the month cost, by tariff")
    note = say("Days without readings are not in it.")
    return Figure("cost", title, note, (), ((say("Cost"), table),))
