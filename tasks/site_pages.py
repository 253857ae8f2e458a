"""The pages of a meter: the report, and one of each month, made anew only where its data have changed."""

import hashlib
import logging
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from tasks.report_data import gather
from tasks.reports.data import Links, ReportData, nowhere
from tasks.reports.document import CHART_LIBRARY, chart_library_file
from tasks.reports.month_page import build_month_page
from tasks.reports.page import build_page
from tasks.reports.periods import month_before
from tasks.settings import Settings
from tasks.site_files import code_mark, fingerprint_of, remove_pages, write_whole
from warehouse.connection import Warehouse

log = logging.getLogger(__name__)


def month_page_name(page: str, month_start: date) -> str:
    """The file of a month's page: `2026-11.html` beside the index, `garage-2026-11.html` beside others."""
    stem = page.removesuffix(".html")
    prefix = "" if stem == "index" else f"{stem}-"
    return f"{prefix}{month_start:%Y-%m}.html"


def month_links(warehouse: Warehouse, meter: str, page: str) -> tuple[dict[date, str], dict[date, int]]:
    """The page of each month of a meter, and a number that changes when the month's data do."""
    marks = dict(warehouse.query("report_month_marks", meter=meter).iter_rows())
    return {start: month_page_name(page, start) for start in marks}, marks


def write_meter(
    warehouse: Warehouse, settings: Settings, meter: str, links: Links, marks: dict[date, int]
) -> ReportData:
    """Write the pages of a meter; return what its report shows."""
    report = gather(warehouse, settings, meter, links)
    write_pages(warehouse, settings.site, report, marks)
    return report


def write_web(warehouse: Warehouse, settings: Settings, report: ReportData, marks: dict[date, int]) -> None:
    """Write the pages of a meter into the web root, if there is one; with links to pictures where wanted.

    A web server's disk that is full or away does not hold up readings: it is only told.
    """
    if settings.web_root is None:
        return
    shown = report
    if not settings.report.web_pictures:
        plain = Links(meters=report.links.meters, months=report.links.months)
        shown = replace(report, links=plain, picture_url=nowhere)
    try:
        write_pages(warehouse, settings.web_root, shown, marks)
    except OSError as error:
        log.warning("The pages did not reach %s: %s", settings.web_root, error)


def write_pages(warehouse: Warehouse, site: Path, report: ReportData, marks: dict[date, int]) -> None:
    """Write report and months of a meter into a folder."""
    page = report.links.meters[report.meter]
    write_library(site)
    write_months(warehouse, site, report, page, marks)
    write_whole(site / page, build_page(report).encode())


def write_months(
    warehouse: Warehouse, site: Path, report: ReportData, page: str, marks: dict[date, int]
) -> None:
    """Write the pages of those months whose data, or whose look, have changed."""
    newest = max(marks, default=None)
    for start in marks:
        path = site / month_page_name(page, start)
        fingerprint = _fingerprint(report, start, marks, is_newest=start == newest)
        if fingerprint == fingerprint_of(path):
            continue
        hours = warehouse.query("report_month_hours", meter=report.meter, month_start=start)
        month = replace(report, hours=hours, links=_links_around(report.links, start))
        html = build_month_page(month, start, library=CHART_LIBRARY, fingerprint=fingerprint)
        write_whole(path, html.encode())


def remove_former(warehouse: Warehouse, settings: Settings, kept: set[str]) -> None:
    """Take what shows meters and months that are no more off the site, and their pages off the web root.

    Args:
        warehouse: the published copy, which knows every meter that ever was.
        settings: of the installation.
        kept: files of the pages that stay.
    """
    if not settings.meters:
        return
    meters = {each.partition("/")[0] for each in warehouse.query("register_ids")["register_id"]}
    remove_pages(meters, kept, settings.site)
    for meter in meters - set(settings.meters):
        shutil.rmtree(settings.site / "proof" / meter, ignore_errors=True)
    if settings.web_root is None:
        return
    try:
        remove_pages(meters, kept, settings.web_root)
    except OSError as error:
        log.warning("The pages in %s are not up to date: %s", settings.web_root, error)


def write_library(site: Path) -> None:
    """Write the chart library, which pages of months and cameras share, unless it is there."""
    data = chart_library_file().encode()
    path = site / CHART_LIBRARY
    if not path.exists() or path.stat().st_size != len(data):
        write_whole(path, data)


def _links_around(links: Links, start: date) -> Links:
    """The months near this one; older pages need not follow whenever a month begins."""
    near = {each: url for each, url in links.months.items() if abs((each - start).days) < 370}  # noqa: PLR2004 - a year and a few days
    return replace(links, months=near)


def _fingerprint(report: ReportData, start: date, marks: dict[date, int], *, is_newest: bool) -> str:
    """A number of what a month's page shows."""
    near = [marks.get(each) for each in (start, month_before(start, 1), month_before(start, 12))]
    following = [month_before(start, -1) in marks, month_before(start, -12) in marks]
    costs = report.costs.filter(pl.col("local_date").dt.truncate("1mo") == start).write_csv()
    days = report.daily.filter(pl.col("local_date").dt.truncate("1mo") == start)
    proofs = [report.links.proof_of(each) for each in days["local_date"]]
    parts = [
        near,
        following,
        costs,
        proofs,
        sorted(report.links.meters),
        [report.links.gallery, report.links.system],
        report.language,
        is_newest,
        code_mark(),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
