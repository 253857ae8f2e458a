"""What the report's pages show, asked of the published copy of the warehouse."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import holidays
import polars as pl

from tasks.kept_windows import picture_file
from tasks.reports.data import SCHEMAS, Links, Measure, ReportData
from tasks.reports.formatting import number
from tasks.reports.key_figures import RegisterReading
from tasks.reports.language import say, speaking
from tasks.settings import Settings
from tasks.site_files import picture_url
from tasks.tariffs import is_export
from warehouse.connection import Warehouse

FRAMES = (
    "quarter_hours",
    "base_load",
    "costs",
    "backwards",
    "tariffs",
    "feed_in",
    "peaks",
    "gaps",
    "reasons",
)
HOLIDAY_LANGUAGES = {"en": "en_US", "de": "de"}


def gather(warehouse: Warehouse, settings: Settings, meter: str, links: Links | None = None) -> ReportData:
    """Everything the page of a meter shows."""
    shown = warehouse.query("last_full_day", meter=meter)
    newest = warehouse.query("report_newest", meter=meter)
    day: date | None = shown.get_column("local_date").item() if shown.height else None
    daily = warehouse.query("report_daily", meter=meter)
    frames = {name: shaped(name, warehouse.query(f"report_{name}", meter=meter)) for name in FRAMES}
    return ReportData(
        meter=meter,
        timezone=settings.timezone,
        generated_at=datetime.now(UTC),
        daily=daily,
        last_day=warehouse.query("report_last_day", meter=meter, local_date=day),
        hours=warehouse.query("report_hours", meter=meter),
        quality=warehouse.query("report_quality", meter=meter),
        readings=warehouse.query("report_readings", meter=meter, local_date=day),
        picture_url=lambda key: picture_url(key) if picture_file(settings.archive, key) else None,
        newest=RegisterReading(**newest.row(0, named=True)) if newest.height else None,
        events=told(warehouse.query("report_events", meter=meter), settings.report.language),
        holidays=public_holidays(settings, daily),
        measures=tuple(
            Measure(each.name, each.start)
            for each in settings.report.measures
            if each.meters is None or meter in each.meters
        ),
        links=links or Links(),
        language=settings.report.language,
        is_export=is_export(settings.meters[meter].obis_code),
        **frames,
    )


def shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """An answer with the columns and types that the report expects."""
    return frame.select(pl.col(column).cast(kind) for column, kind in SCHEMAS[name].items())


def told(events: pl.DataFrame, language: str) -> pl.DataFrame:
    """The events with what was told in a line."""
    with speaking(language):
        texts = [event_text(row) for row in events.iter_rows(named=True)]
    with_text = events.with_columns(text=pl.Series(texts, dtype=pl.String))
    return shaped("events", with_text)


def event_text(row: Mapping[str, Any]) -> str:
    """What was told of an event, in a line."""
    parts = [
        say(sentence, value=number(row[name], 3).rstrip("0").rstrip(".,"))
        for name, sentence in (
            ("old_kwh", "before {value} kWh"),
            ("new_kwh", "then {value} kWh"),
            ("offset_kwh", "by {value} kWh"),
        )
        if row[name] is not None
    ]
    return ", ".join([*parts, *(row[name] for name in ("tariff", "note") if row[name])])


def public_holidays(settings: Settings, daily: pl.DataFrame) -> dict[date, str]:
    """The public holidays of the days' years by date, none where the settings name no country."""
    place = settings.report.holidays
    if not place or daily.is_empty():
        return {}
    country, _, part = place.partition("-")
    years = range(daily["local_date"].dt.year().to_list()[0], daily["local_date"].dt.year().to_list()[-1] + 1)
    language = HOLIDAY_LANGUAGES[settings.report.language]
    found = holidays.country_holidays(country, subdiv=part or None, years=years, language=language)
    return dict(found.items())
