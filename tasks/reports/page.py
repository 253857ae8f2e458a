"""The report page: frames and key figures in, one HTML document out that needs nothing else."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl
from altair.utils.schemapi import debug_mode

from tasks.reports import findings, power_figures, season_figures, tables
from tasks.reports.data import ReportData
from tasks.reports.document import Navigation, document
from tasks.reports.figures import (
    Figure,
    daily_figure,
    heat_map_figure,
    is_short,
    load_profile_figure,
    paired,
    relative,
    report_key_figures,
)
from tasks.reports.forecast import Forecast, forecast_year
from tasks.reports.formatting import clock, date_of, short_month
from tasks.reports.insights import insights
from tasks.reports.key_figures import knows_a_night, with_fullness
from tasks.reports.language import say, speaking
from tasks.reports.season_tiles import season_tiles
from tasks.reports.steps import Step, base_load_steps

__all__ = ["ReportData", "build_page", "report_key_figures"]

MONTHS_LINKED = 13
MOST_READINGS = 300
WORDS = (
    ("measured", "measured", "The most likely reading of the picture fits its neighbours."),
    ("repaired", "repaired", "A less likely reading of the same picture fits; it was taken instead."),
    (
        "estimated",
        "estimated",
        "Interpolated between the readings around a gap: the energy is certain, its time is not.",
    ),
    ("manual", "manual", "Set by a person; it stands against every reader."),
    ("rejected", "rejected", "A picture that gave no reading to rely on."),
    ("missing", "missing", "A picture that was due and never came."),
    (
        "Base load",
        "",
        "Power that never goes away: what the house still uses in the quiet hours of the night.",
    ),
    ("Peak", "", "The highest mean power of a measured interval."),
)


def build_page(report: ReportData) -> str:
    """Return the report as one HTML document: offline, light and dark, phone and print.

    Raises:
        ValueError: A picture's URL is not relative to the page, or `generated_at` has no time zone.
    """
    if report.generated_at.tzinfo is None:
        raise ValueError("generated_at needs a time zone.")
    with speaking(report.language, fed_in=report.is_export), debug_mode(False):
        # Checking each part of a chart against Altair's schema takes a third of the time; the tests check it.
        return _page(report)


def page_figures(report: ReportData) -> list[Figure]:
    """Return the parts of the page that have a chart or a table of their own, in order.

    Say them in the report's language (`speaking`).
    """
    days = with_fullness(report.daily, report.timezone)
    steps = base_load_steps(report.base_load)
    shown = _figures(report, days, steps, _forecast(report, days))
    return paired([each for each in shown if each is not None])


def _page(report: ReportData) -> str:
    days = with_fullness(report.daily, report.timezone)
    steps = base_load_steps(report.base_load)
    forecast = _forecast(report, days)
    shown = paired([each for each in _figures(report, days, steps, forecast) if each is not None])
    decimals = _decimals(report)
    rows = tables.reading_rows(report.readings, relative(report.picture_url), decimals)
    return document(
        "page.html.j2",
        title=(report.meter, say("electricity")),
        lead=lead(report),
        figures=shown,
        navigations=navigations(report),
        is_empty=not shown and not rows,
        tiles=key_tiles(report),
        insights=insights(report, days, steps, forecast),
        readings_title=findings.readings_title(report.readings) if rows else "",
        rows=_thinned(rows),
        doubtful=[row for row in rows if row.quality in {"repaired", "rejected"}][:MOST_READINGS],
        words=[word for word in WORDS if not (report.is_export and word[0] == "Base load")],
    )


def _forecast(report: ReportData, days: pl.DataFrame) -> Forecast | None:
    """The year's forecast; none of what is fed in, for the season it knows is a household's."""
    return None if report.is_export else forecast_year(days)


def _decimals(report: ReportData) -> int:
    """The register's decimals, as far as what is shown of it tells."""
    newest = report.newest.value_kwh if report.newest else None
    return tables.register_decimals([*report.readings["value_kwh"], newest])


def _thinned(rows: list[tables.ReadingRow]) -> list[tables.ReadingRow]:
    """As many of a day's readings as a page bears, evenly spread; the day's proof page has more."""
    step = -(-len(rows) // MOST_READINGS)
    return rows[:: max(1, step)]


def key_tiles(report: ReportData) -> list[tables.Tile]:
    """Return the key figures: of the day, of month and year, of the pictures."""
    days = with_fullness(report.daily, report.timezone)
    decimals = _decimals(report)
    figures, picture_url = report_key_figures(report), relative(report.picture_url)
    is_coarse = figures.base_load is None and knows_a_night(report.quarter_hours)
    tiles = tables.key_figure_tiles(
        figures, picture_url, decimals, is_coarse=is_coarse, is_export=report.is_export
    )
    return [*tiles[:1], *season_tiles(report, days, _forecast(report, days)), *tiles[1:]]


def lead(report: ReportData) -> str:
    """What times mean, and when the page was made."""
    local = report.generated_at.astimezone(ZoneInfo(report.timezone)).replace(microsecond=0, second=0)
    return say(
        "Times are local, {zone}. Page made {day}, {time}.",
        zone=report.timezone,
        day=date_of(local.date()),
        time=clock(local),
    )


def navigations(report: ReportData, current: object = None) -> list[Navigation]:
    """The other pages: meters, months, proof."""
    links = report.links
    meters = [
        (name, None if name == report.meter and current is None else url)
        for name, url in links.meters.items()
    ]
    newest = sorted(links.months, reverse=True)[:MONTHS_LINKED]
    months = [(short_month(each), None if each == current else links.months[each]) for each in newest]
    others = [
        (say(name), url)
        for name, url in (
            ("Pictures in doubt and as evidence", links.gallery),
            ("Camera and pictures", links.system),
        )
        if url
    ]
    several = len(meters) > 1 or current is not None
    return [
        (say("Meters"), meters if several else []),
        (say("Months"), months),
        (say("Pictures"), others),
    ]


def _figures(
    report: ReportData, days: pl.DataFrame, steps: list[Step], forecast: Forecast | None
) -> Sequence[Figure | None]:
    quality = season_figures.quality_figure(report)
    heat = heat_map_figure(report)
    return [
        load_profile_figure(report, report_key_figures(report)),
        daily_figure(report),
        *((quality, heat) if is_short(report) else ()),
        season_figures.months_figure(report),
        season_figures.year_figure(report, days, forecast),
        *(() if is_short(report) else (heat,)),
        power_figures.typical_figure(report),
        power_figures.base_load_figure(report, steps),
        power_figures.peaks_figure(report),
        season_figures.cost_figure(report),
        season_figures.feed_in_figure(report),
        season_figures.measures_figure(report, days),
        season_figures.events_figure(report),
        *(() if is_short(report) else (quality,)),
    ]
