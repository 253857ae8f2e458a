"""Publish: the read-only SQL copy, the report page, and the pictures that it links to."""

import logging
from collections import Counter

import polars as pl
from prefect.artifacts import create_link_artifact, create_table_artifact

from tasks.proof import Allowance, write_proof
from tasks.reports.data import Links, ReportData
from tasks.settings import Settings
from tasks.site_files import copy_pictures, page_names, remove_others
from tasks.site_pages import month_links, write_meter
from tasks.step import step
from warehouse.connection import Warehouse, open_warehouse
from warehouse.publish import publish_copy

log = logging.getLogger(__name__)
SHOWN_ROWS = 200


@step(timeout_s=600)
def publish_report(settings: Settings) -> str:
    """Publish SQL copy, pictures and the pages of each meter; return the path of the first page."""
    copy = publish_copy(settings.warehouse, settings.sql_copy)
    with open_warehouse(copy, read_only=True) as warehouse:
        publish_pages(warehouse, settings)
    first = settings.site / "index.html"
    log.info("published %s", first)
    return str(first)


def publish_pages(warehouse: Warehouse, settings: Settings) -> None:
    """Write every page from the published copy, and the pictures that they link to."""
    pages = page_names(sorted(settings.meters))
    shown: set[str] = set()
    allowance = Allowance()
    for name, page in pages.items():
        months, marks = month_links(warehouse, name, page)
        proof = write_proof(warehouse, settings, name, page, allowance)
        links = Links(
            meters=pages,
            months=months,
            proof_of=proof.page_of,
            proof_of_picture=proof.place_of,
            gallery=proof.gallery,
        )
        report = write_meter(warehouse, settings, name, links, marks)
        keys = pictures_of(report)
        shown |= keys
        copy_pictures(keys, settings.archive, settings.site)
    remove_others(shown, settings.site)


@step(timeout_s=60)
def announce(settings: Settings, meters: list[str]) -> dict[str, int]:
    """Leave what was read and where the report is as artifacts; return the pictures' counts by outcome."""
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        newest = {name: newest_rows(warehouse, settings, name) for name in meters}
        counts = count_outcomes(warehouse, settings, meters)
    for name, rows in newest.items():
        create_table_artifact(
            key=f"readings-{name.replace('_', '-')}",
            table=rows,
            description=f"The newest pictures of {name} and what became of them.",
        )
    create_link_artifact(
        key="report",
        link=settings.report.address,
        link_text="Electricity report",
        description=f"Shown by `smartmeter up`; the file is {settings.site / 'index.html'}.",
    )
    return counts


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
