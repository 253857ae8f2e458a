"""Key figures of the running month and year."""

from datetime import date

import polars as pl

from tasks.reports.amounts import COST, amounts
from tasks.reports.data import ReportData
from tasks.reports.forecast import Forecast
from tasks.reports.formatting import DASH, change, energy, money, month, number
from tasks.reports.language import say
from tasks.reports.periods import same_days
from tasks.reports.tables import Tile, split_unit

FEWEST_DAYS = 3


def season_tiles(report: ReportData, days: pl.DataFrame, forecast: Forecast | None) -> list[Tile]:
    """The tiles of month and year; none where the readings do not tell."""
    tiles = [_month_tile(report, days), _year_tile(report, forecast)]
    return [tile for tile in tiles if tile is not None]


def _month_tile(report: ReportData, days: pl.DataFrame) -> Tile | None:
    full = days.filter("is_full")
    if full.is_empty():
        return None
    newest: date = full["local_date"].to_list()[-1]
    of_month = days.filter(pl.col("local_date").dt.truncate("1mo") == newest.replace(day=1))
    if of_month.height < FEWEST_DAYS:
        return None
    notes = []
    now, before = same_days(days, of_month)
    used, used_before = float(now["energy_kwh"].sum()), float(before["energy_kwh"].sum())
    if now.height >= FEWEST_DAYS and used_before > 0 <= used:
        notes.append(say("{change} against the same days a year before", change=change(used / used_before)))
    costs = report.costs.filter(pl.col("local_date").dt.truncate("1mo") == newest.replace(day=1))
    if costs.height:
        notes.append(say("{money} so far, fee included", money=amounts(costs, COST)))
    label = say("{month} so far", month=month(newest.replace(day=1)))
    return Tile(label, *split_unit(energy(float(of_month["energy_kwh"].sum()))), tuple(notes))


def _year_tile(report: ReportData, forecast: Forecast | None) -> Tile | None:
    if forecast is None:
        return None
    total, low, high = forecast.whole_year
    notes = [say("{low}{dash}{high} in 8 of 10 cases", low=number(low), high=number(high), dash=DASH)]
    if report.price_per_kwh is not None and report.currency is not None:
        bill = total * report.price_per_kwh
        notes.append(say("{money} without fees", money=money(bill, report.currency)))
    label = say("{year}, forecast", year=forecast.year) if forecast.is_whole else say("A year like this")
    return Tile(label, *split_unit(energy(total)), tuple(notes))
