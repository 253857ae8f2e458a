"""The tables behind the charts of months and years, and those that stand alone."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from tasks.reports.amounts import amounts
from tasks.reports.effects import Effect
from tasks.reports.forecast import Forecast
from tasks.reports.formatting import (
    DASH,
    cents,
    change,
    date_of,
    moment,
    month,
    number,
    reason,
    short_day,
    signed,
)
from tasks.reports.language import say
from tasks.reports.periods import month_before
from tasks.reports.steps import Step
from tasks.reports.tables import EMPTY, Cell, Link, Table

QUARTER_HOURS_SHOWN = 60


def table(columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
    """A table whose columns are named in the language spoken."""
    return Table(tuple(say(column) for column in columns), tuple(rows))


def months_table(months: pl.DataFrame, links: Mapping[date, str]) -> Table:
    """Return every month, newest first, with its change against the year before where both are full."""
    known = {row["month_start"]: row for row in months.iter_rows(named=True)}
    rows: list[tuple[Cell, ...]] = []
    for start in sorted(known, reverse=True):
        row, before = known[start], known.get(month_before(start, 12))
        compared = before is not None and before["is_full"] and row["is_full"]
        rows.append(
            (
                Link(month(start), links[start], is_page=True) if start in links else month(start),
                number(row["energy_kwh"], 3),
                number(row["estimated_kwh"], 3),
                number(row["hours"], 1) + ("" if row["is_full"] else f" ({say('not full')})"),
                EMPTY if before is None else number(before["energy_kwh"], 3),
                change(row["energy_kwh"] / before["energy_kwh"])
                if before is not None and compared and before["energy_kwh"] > 0 <= row["energy_kwh"]
                else EMPTY,
            )
        )
    columns = ("Month", "Energy, kWh", "of it estimated, kWh", "Covered, h", "Year before, kWh", "Change")
    return table(columns, rows)


def years_table(days: pl.DataFrame, forecast: Forecast | None) -> Table:
    """Return every year, newest first, and what the running one will come to."""
    years = days.group_by(year=pl.col("local_date").dt.year()).agg(
        pl.col("energy_kwh").sum(), pl.len().alias("days")
    )
    rows: list[tuple[Cell, ...]] = []
    for row in years.sort("year", descending=True).iter_rows(named=True):
        ahead = forecast is not None and forecast.year == row["year"]
        expected = EMPTY
        if forecast is not None and ahead:
            low, high = number(forecast.low_kwh), number(forecast.high_kwh)
            expected = f"{number(forecast.total_kwh)} ({low}{DASH}{high})"
        rows.append((str(row["year"]), number(row["energy_kwh"], 3), number(row["days"]), expected))
    return table(("Year", "Energy, kWh", "Days", "Forecast of the year, kWh (8 of 10)"), rows)


def base_load_table(nights: pl.DataFrame) -> Table:
    """Return the nights, newest first."""
    rows = [
        (
            f"{short_day(row['local_date'])} {row['local_date'].year}",
            number(row["base_load_w"]),
            _maybe(row["base_load_uncertainty_w"]),
            _maybe(row["usual_w"]),
            _maybe(row["usual_uncertainty_w"]),
        )
        for row in nights.drop_nulls("base_load_w").sort("local_date", descending=True).iter_rows(named=True)
    ]
    return table(("Night of", "Base load, W", "±\u00a0W", "Median of 14 days, W", "±\u00a0W"), rows)


def steps_table(steps: Sequence[Step]) -> Table:
    """Return the changes of the base load, newest first."""
    rows = [
        (
            date_of(step.since),
            number(step.before_w),
            number(step.after_w),
            signed(step.change_w),
            number(step.uncertainty_w),
            signed(step.kwh_per_year),
        )
        for step in reversed(steps)
    ]
    columns = ("Since about", "Before, W", "After, W", "Change, W", "±\u00a0W", "kWh a year")
    return table(columns, rows)


def typical_table(bands: Mapping[str, pl.DataFrame]) -> Table:
    """Return the usual power of each quarter hour for each kind of day."""
    by_kind = {
        kind: {row["minute"]: row for row in frame.iter_rows(named=True)} for kind, frame in bands.items()
    }
    rows: list[tuple[Cell, ...]] = []
    for minute in range(0, 1440, 15):
        cells = []
        for found in by_kind.values():
            row = found.get(minute)
            cells += (
                [EMPTY, EMPTY]
                if row is None
                else [number(row["median_w"]), f"{number(row['low_w'])}{DASH}{number(row['high_w'])}"]
            )
        rows.append((f"{minute // 60:02d}:{minute % 60:02d}", *cells))
    names = [text for kind in by_kind for text in (f"{say(kind)}, W", say("8 of 10 days"))]
    return Table((say("From"), *names), tuple(rows))


def peaks_table(peaks: pl.DataFrame) -> Table:
    """Return the five highest quarter hours of the newest months, newest first."""
    shown = peaks.sort("month_start", "rank", descending=[True, False]).head(QUARTER_HOURS_SHOWN)
    rows = [
        (month(row["month_start"]), str(row["rank"]), moment(row["peak_local"]), number(row["peak_w"]))
        for row in shown.iter_rows(named=True)
    ]
    return table(("Month", "Rank", "When", "Peak, W"), rows)


def cost_table(costs: pl.DataFrame) -> Table:
    """Return what every month cost by tariff, newest first.

    Args:
        costs: month_start, tariff, currency, energy_kwh, unpriced_kwh, energy_cost, fee.
    """
    rows = [
        (
            month(row["month_start"]),
            row["tariff"],
            number(row["energy_kwh"], 3),
            number(row["unpriced_kwh"], 3),
            cents(row["energy_cost"], row["currency"]),
            cents(row["fee"], row["currency"]),
            cents(row["energy_cost"] + row["fee"], row["currency"]),
        )
        for row in costs.sort("month_start", "tariff", descending=[True, False]).iter_rows(named=True)
    ]
    columns = ("Month", "Tariff", "Energy, kWh", "without a price, kWh", "for energy", "fee", "together")
    return table(columns, rows)


def tariffs_table(tariffs: pl.DataFrame) -> Table:
    """Return what the same consumption would have cost by each tariff, the cheapest first."""
    rows = [
        (
            row["tariff"] + (f" ({say('yours')})" if row["is_present"] else ""),
            cents(row["cost"], row["currency"]),
            number(row["unpriced_kwh"], 3),
        )
        for row in tariffs.sort("cost").iter_rows(named=True)
    ]
    return table(("Tariff", "Cost", "without a price, kWh"), rows)


def feed_in_table(feed_in: pl.DataFrame) -> Table:
    """Return what was fed into the grid by month, newest first."""
    by_month = feed_in.with_columns(month_start=pl.col("local_date").dt.truncate("1mo"))
    rows = [
        (
            month(days["month_start"][0]),
            number(float(days["energy_kwh"].sum()), 3),
            amounts(days.drop_nulls("currency"), pl.col("earned"), cents) or EMPTY,
        )
        for days in by_month.sort("month_start", descending=True).partition_by("month_start")
    ]
    return table(("Month", "Fed in, kWh", "earned"), rows)


def events_table(events: pl.DataFrame) -> Table:
    """Return what people told, newest first."""
    rows = [
        (moment(row["happened_local"]), say(row["kind"]), row["text"] or EMPTY)
        for row in events.sort("happened_local", descending=True).iter_rows(named=True)
    ]
    return table(("When", "What", "Told"), rows)


def gaps_table(gaps: pl.DataFrame) -> Table:
    """Return the longest stretches without readings."""
    rows = [
        (moment(row["start_local"]), moment(row["end_local"]), number(row["hours"], 1),
         EMPTY if row["energy_kwh"] is None else number(row["energy_kwh"], 3))
        for row in gaps.sort("hours", descending=True).head(QUARTER_HOURS_SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    return table(("From", "To", "Length, h", "Energy, kWh"), rows)


def reasons_table(reasons: pl.DataFrame) -> Table:
    """Return why pictures gave no reading of their own, the most frequent first."""
    rows = [
        (reason(row["reason"]) or say("not said"), say(row["outcome"]), number(row["n_pictures"]))
        for row in reasons.sort("n_pictures", descending=True).iter_rows(named=True)
    ]
    return table(("Why", "Outcome", "Pictures"), rows)


def measures_table(
    effects: Sequence[tuple[str, date, Effect | str]],
    currency: str | None,
    price_per_kwh: float | None,
    co2_kg_per_kwh: float | None,
) -> Table:
    """Return what each measure changed in a year, with its 95 % interval, or why nobody knows."""
    rows = []
    for name, start, effect in effects:
        if isinstance(effect, str):
            cells = (EMPTY, effect, EMPTY, EMPTY)
        else:
            low, high = signed(effect.low_kwh), signed(effect.high_kwh)
            cost = None if price_per_kwh is None else effect.kwh_per_year * price_per_kwh
            co2 = None if co2_kg_per_kwh is None else effect.kwh_per_year * co2_kg_per_kwh
            cells = (
                signed(effect.kwh_per_year),
                say("{low} to {high}", low=low, high=high),
                EMPTY if cost is None or currency is None else cents(cost, currency),
                EMPTY if co2 is None else signed(co2),
            )
        rows.append((name, date_of(start), *cells))
    columns = ("Measure", "Since", "kWh a year", "95\u00a0% interval", "Money a year", "CO₂, kg a year")
    return table(columns, rows)


def _maybe(value: int | None) -> str:
    return EMPTY if value is None else number(value)
