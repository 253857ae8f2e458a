"""Fetch: pictures from the store into archive and warehouse."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from raspi_agent.open_store import open_store
from raspi_agent.store import Listing, Revision, RevisionGone
from tasks.archive import arrival_from_store, save_arrivals
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse
from warehouse.loading import load_registers
from warehouse.migrate import migrate

log = logging.getLogger(__name__)
BATCH = 64


@step(timeout_s=600)
def prepare_warehouse(settings: Settings) -> None:
    """Bring the warehouse's schema and its list of registers up to date."""
    registers = [
        {
            "register_id": settings.register_of(name).register_id,
            "meter": name,
            "camera": meter.camera,
            "obis_code": meter.obis_code,
            "digits": meter.digits,
            "decimals": meter.decimals,
            "max_power_w": settings.register_of(name).max_power_w,
            "timezone": settings.timezone,
        }
        for name, meter in settings.meters.items()
    ]
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
        if registers:
            load_registers(warehouse, pl.DataFrame(registers))


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
        if _source(settings, each) not in sources and each.key not in elsewhere
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
def fetch_batch(settings: Settings, revisions: Sequence[Revision]) -> int:
    """Archive these pictures and note each with what is known about it; return how many arrived."""
    store = open_store(settings.store.url, settings.home)
    cameras = sorted({meter.camera for meter in settings.meters.values()})
    arrivals = []
    for each in revisions:
        try:
            data = store.fetch(each)
        except RevisionGone as error:
            log.warning("%s; the next run looks again", error)
            continue
        arrivals.append(arrival_from_store(each.key, data, _source(settings, each), cameras, settings.zone))
    return save_arrivals(settings, arrivals)


def _source(settings: Settings, revision: Revision) -> str:
    """Where a picture lies and in which state, so that other bytes under its name are news."""
    return f"{settings.store.url}/{revision.key}@{revision.revision}"
