"""The report page: frames and key figures in, one HTML document out that needs nothing else."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl
import vl_convert
from altair.utils.schemapi import debug_mode
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tasks.reports import charts, findings, load_profile, tables
from tasks.reports.formatting import clock, count, day, energy, power
from tasks.reports.key_figures import KeyFigures, RegisterReading, key_figures, usual_energy, with_fullness
from tasks.reports.theme import DARK, LIGHT, css_variables, vega_config

DAYS_AS_BARS = 62
DAYS_AS_HEAT = 366
FEW_DAYS = 10
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything a report page shows, for one meter.

    Attributes:
        meter: Name of the meter, as its owner calls it.
        timezone: The meter's IANA time zone.
        generated_at: When the page was made, an instant with a time zone.
        daily: local_date, energy_kwh, estimated_kwh, hours, base_load_w, peak_w; one row per local day.
        last_day: start_local, minutes, energy_wh, mean_w, quality, first_picture, last_picture; the intervals
            of the day shown, in order.
        hours: local_date, hour, mean_w.
        quality: local_date, measured, repaired, estimated, rejected, missing.
        readings: read_local, picture_key, value_kwh, quality, reason, recognised_text, probability; the day
            shown, in order.
        picture_url: Where the page finds a picture, relative to the page; None when it was not published.
        newest: The newest accepted reading; None takes the last one of `readings`.
    """

    meter: str
    timezone: str
    generated_at: datetime
    daily: pl.DataFrame
    last_day: pl.DataFrame
    hours: pl.DataFrame
    quality: pl.DataFrame
    readings: pl.DataFrame
    picture_url: Callable[[str], str | None]
    newest: RegisterReading | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart on the page: its finding, how to read it, its specification and the table behind it."""

    name: str
    title: str
    note: str
    spec: dict[str, Any]
    table: tables.Table
    is_half: bool = False


def report_key_figures(report: ReportData) -> KeyFigures:
    """Return the key figures of a report."""
    return key_figures(
        daily=report.daily,
        last_day=report.last_day,
        quality=report.quality,
        readings=report.readings,
        timezone=report.timezone,
        newest=report.newest,
    )


def build_page(report: ReportData) -> str:
    """Return the report as one HTML document: offline, light and dark, phone and print.

    Raises:
        ValueError: A picture's URL is not relative to the page, or `generated_at` has no time zone.
    """
    if report.generated_at.tzinfo is None:
        raise ValueError("generated_at needs a time zone.")
    figures = report_key_figures(report)
    # Checking each part of a chart against Altair's schema takes a third of the time; the tests check it.
    with debug_mode(False):
        shown = [figure for figure in _figures(report, figures) if figure is not None]
    decimals = tables.register_decimals(report.readings["value_kwh"].to_list())
    rows = tables.reading_rows(report.readings, _relative(report.picture_url), decimals)
    scripts = [_vega_bundle(), _text("page.js")] if shown else [_text("page.js")]
    return _template().render(
        report=report,
        made=_moment(report.generated_at, report.timezone),
        is_empty=not shown and not rows,
        tiles=tables.key_figure_tiles(figures, _relative(report.picture_url), decimals),
        figures=shown,
        readings_title=findings.readings_title(report.readings) if rows else "",
        rows=rows,
        doubtful=[row for row in rows if row.quality in {"repaired", "rejected"}],
        style=_theme_rules() + _text("page.css"),
        scripts=scripts,
        script_hashes=[_source_hash(script) for script in scripts],
        data=_json(
            {
                "specs": {figure.name: figure.spec for figure in shown},
                "configs": {"light": vega_config(LIGHT), "dark": vega_config(DARK)},
            }
        ),
    )


def _figures(report: ReportData, figures: KeyFigures) -> list[Figure | None]:
    return [
        _load_profile_figure(report, figures),
        _daily_figure(report),
        _quality_figure(report) if _is_short(report) else _heat_map_figure(report),
        _heat_map_figure(report) if _is_short(report) else _quality_figure(report),
    ]


def _is_short(report: ReportData) -> bool:
    return report.daily.height <= FEW_DAYS


def _load_profile_figure(report: ReportData, figures: KeyFigures) -> Figure | None:
    if report.last_day.is_empty() or figures.day is None:
        return None
    picture_url = _relative(report.picture_url)
    base_load_w = figures.base_load.base_load_w if figures.base_load else None
    chart = load_profile.load_profile_chart(report.last_day, report.timezone, picture_url, base_load_w)
    note = (
        "Mean power of each quarter of an hour, local time. Click on one to see the picture that proves it."
    )
    if figures.base_load and figures.base_load.base_load_w:
        note += f" Dotted line: base load of {power(figures.base_load.base_load_w)}."
    if load_profile.is_squashed(report.last_day):
        note += " The height grows with the square root of the power, so that small loads stay visible."
    title = findings.last_day_title(figures.day, report.last_day)
    return Figure(
        "profile", title, note, _spec(chart), tables.load_profile_table(report.last_day, picture_url)
    )


def _daily_figure(report: ReportData) -> Figure | None:
    if report.daily.is_empty():
        return None
    days = with_fullness(report.daily, report.timezone).tail(DAYS_AS_BARS)
    usual_kwh = usual_energy(days)
    note = f"Consumption of each local day, {_last(days, report.daily)}."
    if usual_kwh is not None:
        note += f" Dotted line: the usual {energy(usual_kwh)}."
    if not days["is_full"].all():
        note += " ○ marks a day that the readings do not cover in full."
    title = findings.daily_title(days, usual_kwh)
    return Figure(
        "daily",
        title,
        note,
        _spec(charts.daily_chart(days, usual_kwh)),
        tables.daily_table(days),
        _is_short(report),
    )


def _heat_map_figure(report: ReportData) -> Figure | None:
    if report.hours.is_empty():
        return None
    days = report.hours["local_date"].unique().sort().tail(DAYS_AS_HEAT)
    hours = report.hours.filter(pl.col("local_date").is_in(days.implode()))
    highest_w = max(hours["mean_w"].to_list())
    note = f"Hour by day, {count(days.len(), 'day')}; at most {power(highest_w)}."
    note += " Empty where nothing is known."
    title = findings.heat_map_title(hours)
    return Figure("heat_map", title, note, _spec(charts.heat_map(hours)), tables.heat_map_table(hours))


def _quality_figure(report: ReportData) -> Figure | None:
    if report.quality.is_empty():
        return None
    days = report.quality.sort("local_date").tail(DAYS_AS_BARS)
    title = findings.quality_title(report_key_figures(report).pictures)
    note = f"What became of the pictures, {_last(days, report.quality)}."
    return Figure(
        "quality",
        title,
        note,
        _spec(charts.quality_chart(days)),
        tables.quality_table(days),
        _is_short(report),
    )


def _last(shown: pl.DataFrame, everything: pl.DataFrame) -> str:
    return f"{'last ' if shown.height < everything.height else ''}{count(shown.height, 'day')}"


def _spec(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    # Validation against the schema costs more than all else; the tests do it.
    spec = chart.to_dict(validate=False)
    # The page hands in the configuration of its theme; Altair's own would win over it.
    spec.pop("config", None)
    spec.pop("$schema", None)
    return spec


def _relative(picture_url: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def checked(key: str) -> str | None:
        url = picture_url(key)
        if url is not None and (urlsplit(url).scheme or urlsplit(url).netloc or url.startswith("/")):
            raise ValueError(f"A picture's URL must be relative to the page, not {url!r}.")
        return url

    return checked


def _moment(instant: datetime, timezone: str) -> str:
    local = instant.astimezone(ZoneInfo(timezone)).replace(microsecond=0, second=0)
    return f"{day(local.date())} {local.year}, {clock(local)}"


def _json(value: dict[str, Any]) -> str:
    # With `<` escaped no string can close the script element or open a comment in it.
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _theme_rules() -> str:
    light, dark = css_variables(LIGHT), css_variables(DARK)
    return (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
        f"@media print{{:root,:root:not(.screen){{{light}}}}}"
    )


@cache
def _vega_bundle() -> str:
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("\r\n", "\n")


@cache
def _source_hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
