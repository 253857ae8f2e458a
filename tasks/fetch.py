"""Fetch: pictures from the store into archive and warehouse."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from raspi_agent.content_hash import content_hash_of_file
from raspi_agent.open_store import open_store
from raspi_agent.store import Listing, Revision
from tasks.archive import arrival_from_store, keep, note_pictures, sweep_drafts
from tasks.download import download
from tasks.settings import Settings
from tasks.step import step
from tasks.tariffs import register_rows, tariff_rows
from warehouse.connection import open_warehouse
from warehouse.loading import load_registers
from warehouse.migrate import migrate
from warehouse.tariffs import load_tariffs

log = logging.getLogger(__name__)
BATCH = 64
LARGEST_BYTES = 64_000_000  # what is larger is no picture of a meter


@step(timeout_s=600)
def prepare_warehouse(settings: Settings) -> None:
    """Bring the warehouse's schema, registers and tariffs up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    sweep_drafts(settings.archive)
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
        if settings.meters:
            load_registers(warehouse, register_rows(settings))
            load_tariffs(warehouse, *tariff_rows(settings))


@step(timeout_s=600)
def list_new_pictures(settings: Settings) -> Listing:
    """The store's pictures that the warehouse does not know yet, and the cursor behind them."""
    with open_warehouse(settings.warehouse) as warehouse:
        cursor = warehouse.query("store_cursor", store=settings.store.url).get_column("cursor")
        known = warehouse.query("known_sources")
    listed = open_store(settings.store.url, settings.home).list(cursor.item() if len(cursor) else None)
    sources = set(known.get_column("source"))
    # A store that moved is no news; other bytes under a name of this store are.
    here = {key for key, source in known.iter_rows() if source.startswith(f"{settings.store.url}/")}
    elsewhere = set(known.get_column("picture_key")) - here
    fresh = tuple(
        each
        for each in listed.revisions
        if _source(settings, each) not in sources and each.key not in elsewhere and _is_picture_sized(each)
    )
    log.info("the store lists %d pictures, %d of them new", len(listed.revisions), len(fresh))
    return Listing(fresh, listed.cursor)


@step(timeout_s=600)
def keep_cursor(settings: Settings, cursor: str) -> None:
    """Note that everything the store listed has been fetched, so that the next listing is short."""
    row = {"store": [settings.store.url], "cursor": [cursor], "listed_at": [datetime.now(UTC)]}
    with open_warehouse(settings.warehouse) as warehouse, warehouse.transaction():
        warehouse.merge("raw.store_cursors", pl.DataFrame(row), keys=["store"])


@step(timeout_s=600)
def fetch_batch(settings: Settings, revisions: Sequence[Revision]) -> list[Revision]:
    """Archive these pictures and note each with what is known about it; return those that would not come.

    What arrives is safe even when the rest fails, and is not fetched again by the next attempt.
    """
    store = open_store(settings.store.url, settings.home)
    cameras = sorted({meter.camera for meter in settings.meters.values()})
    received_at = datetime.now(UTC)

    def fetch(revision: Revision) -> dict[str, object]:
        archived = settings.archive / revision.key
        data = archived.read_bytes() if _has_bytes_of(archived, revision) else store.fetch(revision)
        source = _source(settings, revision)
        arrival = arrival_from_store(revision.key, data, source, cameras, settings.zone)
        return keep(arrival, settings.archive, received_at)

    done = download(revisions, fetch, at_once=settings.store.downloads_at_once)
    note_pictures(settings, done.kept)
    if done.stopped_by is not None:
        raise done.stopped_by
    return done.left


def _source(settings: Settings, revision: Revision) -> str:
    """Where a picture lies and in which state, so that other bytes under its name are news."""
    return f"{settings.store.url}/{revision.key}@{revision.revision}"


def _is_picture_sized(revision: Revision) -> bool:
    if revision.size <= LARGEST_BYTES:
        return True
    log.warning("%s has %d MB: no picture; it stays where it is", revision.key, revision.size // 1_000_000)
    return False


def _has_bytes_of(archived: Path, revision: Revision) -> bool:
    """Whether an interrupted run, or one whose warehouse is lost, has archived these very bytes."""
    try:
        return content_hash_of_file(archived) == revision.content_hash
    except OSError:
        return False
