"""The page about cameras and pictures: from what agents told, and how surely the reader reads."""

import hashlib
from datetime import UTC, datetime

import polars as pl

from tasks.health_files import cameras_of, newest_told, store_space, system_data
from tasks.reports.system_data import READER, ReaderData
from tasks.reports.system_page import build_system_page
from tasks.settings import Settings
from tasks.site_files import code_mark, fingerprint_of, page_names, write_whole
from warehouse.connection import Warehouse

PAGE = "system.html"


def system_link(settings: Settings) -> str | None:
    """Where the page is; None where no agent has told anything."""
    return PAGE if cameras_of(settings.home) else None


def write_system(warehouse: Warehouse, settings: Settings) -> None:
    """Write the page about cameras and pictures: each hour, or when an agent has told something."""
    path = settings.site / PAGE
    if system_link(settings) is None:
        path.unlink(missing_ok=True)
        return
    made_of = [newest_told(settings.home), f"{datetime.now(UTC):%Y%m%d%H}", settings.report, code_mark()]
    mark = hashlib.sha256(repr(made_of).encode()).hexdigest()[:24]
    if fingerprint_of(path) == mark:
        return
    cameras = [system_data(settings.home, each, settings.timezone) for each in cameras_of(settings.home)]
    readers = [reader_data(warehouse, meter) for meter in sorted(settings.meters)]
    html = build_system_page(
        cameras,
        readers,
        timezone=settings.timezone,
        generated_at=datetime.now(UTC),
        language=settings.report.language,
        links=page_names(sorted(settings.meters)),
        store=store_space(settings.home),
        fingerprint=mark,
    )
    write_whole(path, html.encode())


def reader_data(warehouse: Warehouse, meter: str) -> ReaderData:
    """How surely a meter was read on each of the newest days."""
    found = warehouse.query("system_reader", meter=meter)
    return ReaderData(meter, found.select(pl.col(name).cast(kind) for name, kind in READER.items()))
