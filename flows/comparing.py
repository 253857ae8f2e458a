"""What `smartmeter compare` tells: two periods of a meter, and what changed between them."""

import calendar
import json
from dataclasses import asdict
from datetime import date

import polars as pl

from flows.commands.common import out
from tasks.report_data import gather
from tasks.reports.data import ReportData
from tasks.reports.effects import DAYS_PER_YEAR, Effect, effect_of, no_season
from tasks.reports.forecast import standard_season
from tasks.reports.formatting import cents, date_of, energy, number, signed
from tasks.reports.key_figures import with_fullness
from tasks.reports.language import say, speaking
from tasks.reports.steps import Level, level_of
from tasks.settings import Settings, SettingsError
from warehouse.connection import open_warehouse
from warehouse.migrate import pending_migrations

Period = tuple[date, date]
HOURS_PER_YEAR = 8766


def parse_period(text: str, option: str) -> Period:
    """A period as a person writes it: `2026-03`, or `2026-03-01..2026-04-15`.

    Raises:
        SettingsError: It is none.
    """
    first, _, last = text.partition("..")
    try:
        if ".." not in text and first.count("-") == 1:
            year, month = (int(part) for part in first.split("-"))
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        period = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        period = (date.max, date.min)
    if period[0] > period[1]:
        raise SettingsError(f"{option} {text} is no period. Write 2026-03, or 2026-03-01..2026-04-15.")
    return period


def compare(settings: Settings, meter: str, before: Period, after: Period, *, as_json: bool) -> None:
    """Print what changed from one period to another.

    Raises:
        SettingsError: Nothing is published yet or by another version, or a period has too few full days.
    """
    if not settings.sql_copy.is_file():
        raise SettingsError(f"{settings.sql_copy} is not there yet. `smartmeter ingest` makes it.")
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        if pending_migrations(warehouse):
            raise SettingsError(
                f"Another version of SmartMeter has written {settings.sql_copy}. "
                "`smartmeter report` makes it anew."
            )
        report = gather(warehouse, settings, meter)
    days = with_fullness(report.daily, report.timezone)
    is_sunny = report.follows_the_sun(before, after)
    season = no_season if is_sunny else standard_season
    effect = effect_of(days, before, after, report.holidays, season)
    if effect is None:
        raise SettingsError(
            "Each period needs at least seven full days with readings. "
            f"`smartmeter sql \"from out.consumption_day where meter = '{meter}'\"` shows which there are."
        )
    nights = report.base_load.clear() if report.is_export else report.base_load
    levels = [level_of(_within(nights, period)) for period in (before, after)]
    if as_json:
        facts = _facts(report, effect, levels) | {"season_taken_out": not is_sunny}
        out.print_json(json.dumps(facts, default=str))
        return
    with speaking(settings.report.language, fed_in=report.is_export):
        for line in _lines(report, effect, levels, is_sunny=is_sunny):
            out.print(line.replace("\u00a0", " "), highlight=False, soft_wrap=True)


def _within(nights: pl.DataFrame, period: Period) -> pl.DataFrame:
    return nights.filter(pl.col("local_date").is_between(*period))


def _facts(report: ReportData, effect: Effect, levels: list[Level | None]) -> dict[str, object]:
    price, co2 = report.price_per_kwh, report.co2_kg_per_kwh
    return {
        **asdict(effect),
        "is_sure": effect.is_sure,
        "currency": report.currency,
        "money_per_year": None if price is None else effect.kwh_per_year * price,
        "co2_kg_per_year": None if co2 is None else effect.kwh_per_year * co2,
        "base_load_w": [None if level is None else level.level_w for level in levels],
        "base_load_uncertainty_w": [None if level is None else level.uncertainty_w for level in levels],
    }


def _lines(report: ReportData, effect: Effect, levels: list[Level | None], *, is_sunny: bool) -> list[str]:
    lines = [_period_line("Before", effect, "before"), _period_line("After", effect, "after"), ""]
    if effect.before_kwh == 0 == effect.after_kwh:
        return [*lines, say("The register did not move in either period.")]
    told = _change_of_a_day(report, effect) if is_sunny else _change_of_a_year(report, effect)
    closing = (
        "Compared by kind of day, with the sun's season in it: the same weeks of two years tell most. "
        "Whatever else changed is in it too."
        if is_sunny
        else "Compared by kind of day, without the season of a usual household. "
        "Whatever else changed is in it too."
    )
    return [*lines, *told, *_base_load_lines(*levels), say(closing)]


def _change_of_a_year(report: ReportData, effect: Effect) -> list[str]:
    change, low, high = effect.kwh_per_year, effect.low_kwh, effect.high_kwh
    sentence = "Change: {change} kWh a year; with 95 % confidence between {low} and {high}."
    lines = [say(sentence, change=signed(change), low=signed(low), high=signed(high)), *_doubt(effect)]
    price, co2 = report.price_per_kwh, report.co2_kg_per_kwh
    if price is not None and report.currency is not None:
        money = _in_money((change, low, high), price, report.currency)
        lines.append(say("In money: {change} a year ({low} to {high}).", **money))
    if co2 is not None:
        lines.append(say("CO₂: {change} kg a year.", change=signed(change * co2)))
    return lines


def _change_of_a_day(report: ReportData, effect: Effect) -> list[str]:
    """Of a register that follows the sun: what a few weeks of it come to in a year, nobody knows."""
    of_year = effect.kwh_per_year, effect.low_kwh, effect.high_kwh
    change, low, high = (kwh / DAYS_PER_YEAR for kwh in of_year)
    sentence = "Change: {change} kWh a day; with 95 % confidence between {low} and {high}."
    lines = [
        say(sentence, change=signed(change, 2), low=signed(low, 2), high=signed(high, 2)),
        *_doubt(effect),
    ]
    if report.price_per_kwh and report.currency is not None:
        # What is fed in has a price below 0, for it earns.
        price = -report.price_per_kwh if report.is_export else report.price_per_kwh
        money = _in_money((change, low, high), price, report.currency)
        lines.append(say("In money: {change} a day ({low} to {high}).", **money))
    return lines


def _in_money(amounts_kwh: tuple[float, float, float], price: float, currency: str) -> dict[str, str]:
    money = (cents(kwh * price, currency) for kwh in amounts_kwh)
    return dict(zip(("change", "low", "high"), money, strict=True))


def _doubt(effect: Effect) -> list[str]:
    return [] if effect.is_sure else [say("The interval holds 0: these days do not prove a change.")]


def _base_load_lines(old: Level | None, new: Level | None) -> list[str]:
    if old is None or new is None:
        return []
    error = (old.uncertainty_w**2 + new.uncertainty_w**2) ** 0.5
    return [
        say(
            "Base load: {before} W, then {after} W: {change} ± {error} W, {energy} a year.",
            before=number(old.level_w),
            after=number(new.level_w),
            change=signed(new.level_w - old.level_w),
            error=number(error),
            energy=energy((new.level_w - old.level_w) * HOURS_PER_YEAR / 1000),
        )
    ]


def _period_line(name: str, effect: Effect, part: str) -> str:
    facts = asdict(effect)
    return say(
        "{name}: {first} to {last}, {days} full days, {energy} a day",
        name=say(name),
        first=date_of(facts[f"{part}_first"]),
        last=date_of(facts[f"{part}_last"]),
        days=facts[f"{part}_days"],
        energy=energy(facts[f"{part}_kwh"]),
    )
