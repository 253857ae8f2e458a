"""Publish: the read-only SQL copy, the report page, and the pictures that it links to."""

import fcntl
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from tasks.proof import Allowance, write_proof
from tasks.report_data import gather
from tasks.reports.chart_files import chart_file
from tasks.reports.data import Links, ReportData
from tasks.reports.figures import Figure, daily_figure
from tasks.reports.language import speaking
from tasks.reports.page import key_tiles
from tasks.settings import Settings
from tasks.site_files import copy_pictures, page_names, remove_others, write_whole
from tasks.site_pages import month_links, remove_former, write_meter, write_web
from tasks.step import step
from tasks.system import PAGE, system_link, write_system
from tasks.web_files import show_pictures
from warehouse.connection import Warehouse, open_warehouse
from warehouse.publish import publish_copy

log = logging.getLogger(__name__)
SHOWN_ROWS = 200
LATEST = "latest.png"


@step(timeout_s=600)
def publish_report(settings: Settings) -> str:
    """Publish SQL copy, pictures and the pages of each meter; return the path of the first page."""
    with one_at_a_time(settings.home):
        copy = publish_copy(settings.warehouse, settings.sql_copy)
        with open_warehouse(copy, read_only=True) as warehouse:
            publish_pages(warehouse, settings)
    first = settings.site / "index.html"
    log.info("published %s", first)
    return str(first)


@contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    """Wait until nobody else publishes: two would take each other's drafts away."""
    with (home / "publish.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def publish_pages(warehouse: Warehouse, settings: Settings) -> None:
    """Write every page from the published copy, and the pictures that they link to."""
    pages = page_names(sorted(settings.meters))
    write_system(warehouse, settings)
    shown: set[str] = set()
    kept = {*pages.values(), PAGE}
    allowance = Allowance()
    for name, page in pages.items():
        months, marks = month_links(warehouse, name, page)
        kept |= set(months.values())
        proof = write_proof(warehouse, settings, name, page, allowance)
        links = Links(
            meters=pages,
            months=months,
            proof_of=proof.page_of,
            proof_of_picture=proof.place_of,
            gallery=proof.gallery,
            system=system_link(settings),
        )
        report = write_meter(warehouse, settings, name, links, marks)
        keys = pictures_of(report)
        shown |= keys
        copy_pictures(keys, settings.archive, settings.site)
        write_web(warehouse, settings, report, marks)
    remove_others(shown, settings.site)
    remove_former(warehouse, settings, kept)
    show_pictures(settings, PAGE)


@step(timeout_s=60)
def announce(settings: Settings, meters: list[str]) -> dict[str, int]:
    """Leave what was read and where the report is as artifacts; return the pictures' counts by outcome."""
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        newest = {name: newest_rows(warehouse, settings, name) for name in meters}
        counts = count_outcomes(warehouse, settings, meters)
        reports = {name: gather(warehouse, settings, name) for name in meters}
    figures = {name: figures_markdown(report) for name, report in reports.items()}
    has_picture = write_latest(settings, reports)
    for name, rows in newest.items():
        create_table_artifact(
            key=f"readings-{name.replace('_', '-')}",
            table=rows,
            description=f"The newest pictures of {name} and what became of them.",
        )
    for name, tiles in figures.items():
        create_markdown_artifact(
            key=f"figures-{name.replace('_', '-')}",
            markdown=tiles,
            description=f"The key figures of {name}.",
        )
    if has_picture:
        create_image_artifact(
            key="report-days",
            image_url=f"{settings.report.address}/{LATEST}",
            description="The newest days; shown where `smartmeter up` runs.",
        )
    create_link_artifact(
        key="report",
        link=settings.report.address,
        link_text="Electricity report",
        description=f"Shown by `smartmeter up`; the file is {settings.site / 'index.html'}.",
    )
    return counts


def figures_markdown(report: ReportData) -> str:
    """The key figures of a report as a Markdown table."""
    with speaking(report.language, fed_in=report.is_export):
        rows = [
            f"| {tile.label} | **{tile.value} {tile.unit}** | "
            f"{'; '.join(note if isinstance(note, str) else note.text for note in tile.notes)} |"
            for tile in key_tiles(report)
        ]
    return "\n".join(["| | | |", "| --- | --- | --- |", *rows])


def write_latest(settings: Settings, reports: dict[str, ReportData]) -> bool:
    """Draw the newest days of the first meter as a picture; return whether there is one."""
    for report in list(reports.values())[:1]:
        with speaking(report.language, fed_in=report.is_export):
            figure = daily_figure(report)
            picture = None if figure is None else drawn(figure)
            if picture is not None:
                write_whole(settings.site / LATEST, picture)
                return True
    return False


def drawn(figure: Figure) -> bytes | None:
    """The first chart of a figure as PNG; None where it can't be drawn, which is told.

    The report is published by then: a preview that fails is no reason to fail what brought the readings.
    """
    try:
        return chart_file(figure, figure.panels[0], "png", scale=1)
    except ValueError as error:
        reason = " ".join(str(error).split())
        log.warning("The preview of the report is left out, its chart can't be drawn: %s", reason)
        return None


def newest_rows(warehouse: Warehouse, settings: Settings, meter: str) -> list[dict[str, str]]:
    """The newest readings of a meter as text, for a table."""
    register_id = settings.register_of(meter).register_id
    newest = warehouse.query("newest_readings", register_id=register_id, limit=SHOWN_ROWS)
    return newest.with_columns(pl.all().cast(pl.String).fill_null("")).to_dicts()


def count_outcomes(warehouse: Warehouse, settings: Settings, meters: list[str]) -> dict[str, int]:
    """How many pictures of these meters there are, and what became of them."""
    counts: Counter[str] = Counter()
    for name in meters:
        outcomes = warehouse.query("run_summary", register_id=settings.register_of(name).register_id)
        for row in outcomes.iter_rows(named=True):
            counts[row["outcome"]] += row["pictures"]
    return {"pictures": counts.total(), **counts}


def pictures_of(report: ReportData) -> set[str]:
    """The pictures that the page links to."""
    enclosing = report.last_day.select("first_picture", "last_picture")
    columns = [report.readings.get_column("picture_key"), *enclosing.iter_columns()]
    keys = {key for column in columns for key in column.drop_nulls()}
    return keys | ({report.newest.picture_key} if report.newest and report.newest.picture_key else set())
