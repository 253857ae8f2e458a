"""Publish: the read-only SQL copy, the report page, and the pictures that it links to."""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import polars as pl
from prefect.artifacts import create_link_artifact, create_table_artifact

from tasks.kept_windows import picture_file
from tasks.reports.key_figures import RegisterReading
from tasks.reports.page import ReportData, build_page
from tasks.settings import Settings
from tasks.step import step
from tasks.strip_metadata import without_metadata
from warehouse.connection import Warehouse, open_warehouse
from warehouse.publish import publish_copy

log = logging.getLogger(__name__)
SHOWN_ROWS = 200


@step(timeout_s=600)
def publish_report(settings: Settings) -> str:
    """Publish SQL copy, pictures and one page for each meter; return the path of the first page."""
    copy = publish_copy(settings.warehouse, settings.sql_copy)
    pages = page_names(sorted(settings.meters))
    shown: set[str] = set()
    with open_warehouse(copy, read_only=True) as warehouse:
        reports = {name: gather(warehouse, settings, name) for name in pages}
    for name, report in reports.items():
        keys = pictures_of(report)
        shown |= keys
        copy_pictures(keys, settings.archive, settings.site)
        write_whole(settings.site / pages[name], build_page(report).encode())
    remove_others(shown, settings.site)
    first = settings.site / "index.html"
    log.info("published %s", first)
    return str(first)


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


def page_names(meters: list[str]) -> dict[str, str]:
    """The file of each meter's page: the first one is the index."""
    return {name: "index.html" if place == 0 else f"{name}.html" for place, name in enumerate(meters)}


def gather(warehouse: Warehouse, settings: Settings, meter: str) -> ReportData:
    """Everything the page of a meter shows."""
    shown = warehouse.query("last_full_day", meter=meter)
    newest = warehouse.query("report_newest", meter=meter)
    day: date | None = shown.get_column("local_date").item() if shown.height else None
    return ReportData(
        meter=meter,
        timezone=settings.timezone,
        generated_at=datetime.now(UTC),
        daily=warehouse.query("report_daily", meter=meter),
        last_day=warehouse.query("report_last_day", meter=meter, local_date=day),
        hours=warehouse.query("report_hours", meter=meter),
        quality=warehouse.query("report_quality", meter=meter),
        readings=warehouse.query("report_readings", meter=meter, local_date=day),
        picture_url=lambda key: picture_url(key) if picture_file(settings.archive, key) else None,
        newest=RegisterReading(**newest.row(0, named=True)) if newest.height else None,
    )


def picture_url(key: str) -> str:
    """Where the page finds a picture, relative to the site."""
    return quote(f"pictures/{key.removeprefix('images/')}")


def pictures_of(report: ReportData) -> set[str]:
    """The pictures that the page links to."""
    enclosing = report.last_day.select("first_picture", "last_picture")
    columns = [report.readings.get_column("picture_key"), *enclosing.iter_columns()]
    keys = {key for column in columns for key in column.drop_nulls()}
    return keys | ({report.newest.picture_key} if report.newest and report.newest.picture_key else set())


def copy_pictures(keys: Iterable[str], archive: Path, site: Path) -> None:
    """Show these archived pictures on the site; copies without metadata, for the site may be passed on."""
    for key in keys:
        target = site / "pictures" / key.removeprefix("images/")
        source = picture_file(archive, key)
        if not target.exists() and source is not None:
            data = source.read_bytes()
            write_whole(target, without_metadata(data) or data)


def remove_others(keys: set[str], site: Path) -> None:
    """Take pictures off the site that no page links to any more; the archive keeps them."""
    kept = {site / "pictures" / key.removeprefix("images/") for key in keys}
    for path in (site / "pictures").rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.replace(path)
