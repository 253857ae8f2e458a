"""The parts of a page that look at months and years, at money, and at the data themselves."""

from datetime import date

import polars as pl

from tasks.reports import charts, findings, season_charts, season_tables, tables
from tasks.reports.amounts import amounts
from tasks.reports.data import ReportData
from tasks.reports.effects import Effect, effect_of, periods_around
from tasks.reports.figures import (
    DAYS_AS_BARS,
    Figure,
    figure,
    is_short,
    report_key_figures,
)
from tasks.reports.forecast import Forecast
from tasks.reports.formatting import (
    DASH,
    cents,
    count,
    date_of,
    energy,
    money,
    month,
    number,
)
from tasks.reports.insights import worth
from tasks.reports.key_figures import with_fullness
from tasks.reports.language import say
from tasks.reports.periods import month_before, months_of

FEWEST_MONTHS = 2


def months_figure(report: ReportData) -> Figure | None:
    """Months against the year before."""
    months = months_of(report.daily, report.timezone)
    if months.height < FEWEST_MONTHS:
        return None
    last = season_charts.newest_month(report.daily)
    note = say("○ marks a month that the readings do not cover in full.")
    known = set(months["month_start"])
    if any(month_before(each, 12) in known for each in known):
        note = say("Grey: the same month of the year before.") + " " + note
    return figure(
        "months",
        _months_title(months),
        note,
        season_charts.months_chart(months, last),
        season_tables.months_table(months, report.links.months),
        is_half=True,
    )


def _months_title(months: pl.DataFrame) -> str:
    known = {row["month_start"]: row for row in months.iter_rows(named=True)}
    full = [start for start, row in known.items() if row["is_full"]]
    if not full:
        return say("No month is complete yet")
    newest = max(full)
    used = energy(known[newest]["energy_kwh"])
    before = known.get(month_before(newest, 12))
    is_known = before is not None and before["is_full"] and before["energy_kwh"] > 0
    if before is None or not is_known or known[newest]["energy_kwh"] < 0:
        return say("{month} used {energy}", month=month(newest), energy=used)
    ratio = known[newest]["energy_kwh"] / before["energy_kwh"]
    sentence = (
        "{month} used {energy}, {percent}\u00a0% more than the year before"
        if ratio >= 1
        else "{month} used {energy}, {percent}\u00a0% less than the year before"
    )
    return say(sentence, month=month(newest), energy=used, percent=number(100 * abs(ratio - 1)))


def year_figure(report: ReportData, days: pl.DataFrame, forecast: Forecast | None) -> Figure | None:
    """The year and its forecast."""
    if forecast is None:
        return None
    sentence = (
        "{year} will come to about {energy} ({low}{dash}{high})"
        if forecast.is_whole
        else "At the level of the last weeks a year comes to about {energy} ({low}{dash}{high})"
    )
    total, low, high = forecast.whole_year
    title = say(
        sentence,
        year=forecast.year,
        energy=energy(total),
        low=number(low),
        high=number(high),
        dash=DASH,
    )
    note = say("Summed up day by day. Dashed: forecast; in its band the year ends in 8 of 10 cases.")
    of_year = days.filter(pl.col("local_date").dt.year() == forecast.year)
    first: date = of_year["local_date"].to_list()[0] if of_year.height else forecast.dates[0]
    if (first.month, first.day) != (1, 1):
        note += " " + say(
            "Readings begin on {day}; by the end of the year they will have counted {energy}.",
            day=date_of(first),
            energy=energy(forecast.total_kwh),
        )
    elif not forecast.is_whole:
        note += " " + say(
            "{days} of the year are not known in full; by its end the readings will have counted {energy}.",
            days=count(forecast.unknown_days, "day"),
            energy=energy(forecast.total_kwh),
        )
    if report.price_per_kwh is not None and report.currency is not None:
        bill = total * report.price_per_kwh
        note += " " + say("At today's price a year is {money}.", money=money(bill, report.currency))
    table = season_tables.years_table(days, forecast)
    return figure("year", title, note, season_charts.year_chart(days, forecast), table, is_half=True)


def monthly_costs(costs: pl.DataFrame) -> pl.DataFrame:
    """Return the costs by month and tariff."""
    return (
        costs.group_by(pl.col("local_date").dt.truncate("1mo").alias("month_start"), "tariff", "currency")
        .agg(pl.col("energy_kwh", "unpriced_kwh", "energy_cost", "fee").sum())
        .sort("month_start", "tariff")
    )


def cost_figure(report: ReportData) -> Figure | None:
    """What months cost, and would have cost by other tariffs."""
    if report.costs.is_empty() or report.currency is None:
        return None
    every = monthly_costs(report.costs)
    costs = every.filter(pl.col("currency") == report.currency)
    last = season_charts.newest_month(report.daily)
    year = costs.filter(pl.col("month_start") > month_before(last, season_charts.MOST_MONTHS))
    total = float(year["energy_cost"].sum()) + float(year["fee"].sum())
    n_months = year["month_start"].n_unique()
    sentence = "{money} in one month" if n_months == 1 else "{money} in {months} months"
    title = say(sentence, money=money(total, report.currency), months=n_months) + _cheapest(report)
    note = say("Energy by tariff, and the monthly fee. Days without readings are not in it.")
    if every.height > costs.height:
        sentence = "Sum and bars are in {currency}, the table is in other currencies too."
        note += " " + say(sentence, currency=report.currency)
    unpriced = float(year["unpriced_kwh"].sum())
    if unpriced:
        note += " " + say("{energy} have no known price.", energy=energy(unpriced))
    by_tariff = season_tables.tariffs_table(report.tariffs)
    label = say("The same consumption by each tariff")
    if report.tariffs.height:
        label = say(
            "The same {energy} of the last {days} by each tariff",
            energy=energy(float(report.tariffs["energy_kwh"][0])),
            days=count(int(report.tariffs["days"][0]), "day"),
        )
    others = ((label, by_tariff),) if report.tariffs.height > 1 else ()
    chart = season_charts.cost_chart(costs, last)
    return figure("cost", title, note, chart, season_tables.cost_table(every), *others, is_half=True)


def _cheapest(report: ReportData) -> str:
    """What another tariff would save against the present one, where one is cheaper."""
    whole = report.tariffs.filter(pl.col("unpriced_kwh") == 0).sort("cost")
    present = whole.filter("is_present")
    if present.is_empty() or report.currency is None:
        return ""
    best = whole.row(0, named=True)
    saved = float(present["cost"][0]) - best["cost"]
    if best["is_present"] or saved <= 0:
        return ""
    return say(
        "; for the same energy {tariff} would be {money} cheaper than {present}",
        tariff=best["tariff"],
        money=cents(saved, report.currency),
        present=present["tariff"][0],
    )


def feed_in_figure(report: ReportData) -> Figure | None:
    """What was fed into the grid."""
    if report.feed_in.is_empty():
        return None
    days = report.feed_in.group_by("local_date").agg(
        pl.col("energy_kwh", "estimated_kwh").sum(), pl.col("hours").min()
    )
    shown = with_fullness(days, report.timezone).tail(DAYS_AS_BARS)
    total = float(report.feed_in["energy_kwh"].sum())
    title = (
        say("{energy} fed into the grid", energy=energy(total)) if total else say("Nothing fed into the grid")
    )
    earned = report.feed_in.drop_nulls("currency").filter(pl.col("earned") != 0)
    if earned.height:
        title += say(", which earned {money}", money=amounts(earned, pl.col("earned")))
    note = say("Fed in on each local day, {days}.", days=count(shown.height, "day"))
    if not shown["is_full"].all():
        note += " " + say("○ marks a day that the readings do not cover in full.")
    chart = charts.daily_chart(shown, None, name="feed_in", was="fed in")
    return figure("feed_in", title, note, chart, season_tables.feed_in_table(report.feed_in))


def measures_figure(report: ReportData, days: pl.DataFrame) -> Figure | None:
    """What the household's measures brought; nothing is told of what is fed in."""
    if not report.measures or days.is_empty() or report.is_export:
        return None
    newest: date = days["local_date"].to_list()[-1]
    effects: list[tuple[str, date, Effect | str]] = []
    for each in sorted(report.measures, key=lambda each: each.start, reverse=True):
        periods = periods_around(each.start, newest)
        effect = effect_of(days, *periods, report.holidays)
        found = say("too few full days around it") if effect is None else effect
        if report.follows_the_sun(*periods):
            found = say("the sun's season is in it")
        effects.append((each.name, each.start, found))
    table = season_tables.measures_table(
        effects, report.currency, report.price_per_kwh, report.co2_kg_per_kwh
    )
    sure = [(name, effect) for name, _, effect in effects if isinstance(effect, Effect) and effect.is_sure]
    if sure:
        name, effect = min(sure, key=lambda each: each[1].kwh_per_year)
        sentence = "{name}: {worth} saved" if effect.kwh_per_year < 0 else "{name}: {worth} more than before"
        title = say(sentence, name=name, worth=worth(report, abs(effect.kwh_per_year), years=True))
    else:
        title = say("No measure's effect is certain yet")
    note = say(
        "Full days before and after, at most eight weeks each, compared by kind of day with the season "
        "of a usual household taken out. Other changes of those weeks are in it too."
    )
    return Figure("measures", title, note, (), ((say("Measures"), table),))


def events_figure(report: ReportData) -> Figure | None:
    """What people told."""
    if report.events.is_empty():
        return None
    title = say("{events} told of this meter", events=count(report.events.height, "event"))
    note = say("Told with smartmeter event; readings and intervals follow them.")
    return Figure("events", title, note, (), ((say("Events"), season_tables.events_table(report.events)),))


def quality_figure(report: ReportData) -> Figure | None:
    """What became of the pictures."""
    if report.quality.is_empty():
        return None
    days = report.quality.sort("local_date").tail(DAYS_AS_BARS)
    title = findings.quality_title(report_key_figures(report).pictures)
    shown = count(days.height, "day")
    when = say("last {days}", days=shown) if days.height < report.quality.height else shown
    return figure(
        "quality",
        title,
        say("What became of the pictures, {days}.", days=when),
        charts.quality_chart(days),
        tables.quality_table(days),
        (say("Why pictures gave no reading of their own (30 days)"),
         season_tables.reasons_table(report.reasons)),
        (say("Stretches without readings: the energy is certain, its time is not"),
         season_tables.gaps_table(report.gaps)),
        is_half=is_short(report),
    )  # fmt: skip
