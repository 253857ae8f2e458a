"""Publish: the read-only SQL copy, the report page, and the pictures that it links to."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import polars as pl
from prefect import task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.reports.key_figures import RegisterReading
from tasks.reports.page import ReportData, build_page
from tasks.settings import Settings
from warehouse.connection import Warehouse, open_warehouse
from warehouse.publish import publish_copy

log = logging.getLogger(__name__)
SHOWN_ROWS = 200


@task(
    cache_policy=NO_CACHE,
    retries=4,
    retry_delay_seconds=exponential_backoff(2),
    retry_jitter_factor=0.5,
    timeout_seconds=600,
)
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


@task(cache_policy=NO_CACHE, timeout_seconds=60)
def announce(settings: Settings, meters: list[str]) -> dict[str, int]:
    """Leave what was read and where the report is as artifacts; return the counts by outcome."""
    totals: dict[str, int] = {}
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        for meter in meters:
            register_id = settings.register_of(meter).register_id
            outcomes = warehouse.query("run_summary", register_id=register_id)
            newest = warehouse.query("newest_readings", register_id=register_id, limit=SHOWN_ROWS)
            create_table_artifact(
                key=f"readings-{meter.replace('_', '-')}",
                table=_as_text(newest),
                description=f"The newest pictures of {meter} and what became of them.",
            )
            for outcome, _, count in outcomes.iter_rows():
                totals[outcome] = totals.get(outcome, 0) + count
    create_link_artifact(
        key="report",
        link=settings.report.address,
        link_text="Electricity report",
        description=f"Shown by `smartmeter up`; the file is {settings.site / 'index.html'}.",
    )
    return {"pictures": sum(totals.values()), **totals}


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
        picture_url=lambda key: picture_url(key) if (settings.archive / key).is_file() else None,
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
    """Show these archived pictures on the site; copies, so that nobody can reach the archive through it."""
    for key in keys:
        target = site / "pictures" / key.removeprefix("images/")
        if not target.exists() and (archive / key).exists():
            write_whole(target, (archive / key).read_bytes())


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


def _as_text(frame: pl.DataFrame) -> list[dict[str, str]]:
    return frame.with_columns(pl.all().cast(pl.String).fill_null("")).to_dicts()
