"""Fetch: pictures into archive and warehouse; agents' reports and logs into the home folder."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from raspi_agent.content_hash import content_hash_of_file
from raspi_agent.open_store import open_store
from raspi_agent.store import Revision
from tasks.agent_files import NoAgentFile, drafts_of, is_agents, keep_agent_file, wanted
from tasks.apply_settings import apply_settings
from tasks.archive import (
    LARGEST_BYTES,
    NoPlace,
    arrival_from_store,
    keep,
    note_pictures,
    sweep_drafts,
)
from tasks.custody import name_in_store, pictures_named
from tasks.download import download
from tasks.set_aside import tell
from tasks.settings import Settings
from tasks.step import LISTING_S, step
from warehouse.connection import open_warehouse
from warehouse.loading import date_pictures
from warehouse.migrate import migrate

log = logging.getLogger(__name__)
BATCH = 256  # each is a task run of Prefect: fewer and larger ones cost a back-fill less
WAIT_FOR_A_CLOCK = timedelta(days=30)  # a boot without a picture of known time is given up after so long


@dataclass(frozen=True, slots=True)
class News:
    """What the store has that is not here yet.

    Attributes:
        revisions: Pictures.
        agent_files: Agents' reports and logs.
        cursor: Behind all of them, for the next listing.
    """

    revisions: tuple[Revision, ...]
    agent_files: tuple[Revision, ...]
    cursor: str


@step(timeout_s=600)
def prepare_warehouse(settings: Settings) -> None:
    """Bring the warehouse's schema, registers and tariffs up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    for folder in (settings.archive, *drafts_of(settings.home)):
        sweep_drafts(folder)
    with open_warehouse(settings.warehouse) as warehouse:
        migrate(warehouse)
        for sentence in apply_settings(settings, warehouse):
            log.warning("%s", sentence)


@step(timeout_s=LISTING_S)
def list_new_pictures(settings: Settings) -> News:
    """The store's pictures that the warehouse does not know yet, what agents sent besides, and the cursor."""
    with open_warehouse(settings.warehouse) as warehouse:
        cursor = warehouse.query("store_cursor", store=settings.store.url).get_column("cursor")
    listed = open_store(settings.store.url, settings.home).list(cursor.item() if len(cursor) else None)
    pictures = [each for each in listed.revisions if not is_agents(each.key)]
    known = pictures_named(settings.warehouse, pictures).select("picture_key", "source")
    names = {key: name_in_store(source, settings.store.url) for key, source in known.iter_rows()}
    here = set(names.values())
    # A store that moved is no news; other bytes under a name of this store are.
    elsewhere = {key for key, name in names.items() if name is None}
    fresh = tuple(
        each
        for each in pictures
        if _name(each) not in here and each.key not in elsewhere and _is_picture_sized(each)
    )
    log.info("the store lists %d pictures, %d of them new", len(pictures), len(fresh))
    of_agents = (each for each in listed.revisions if is_agents(each.key))
    return News(fresh, wanted(settings.home, of_agents), listed.cursor)


@step(timeout_s=600)
def keep_cursor(settings: Settings, cursor: str) -> None:
    """Note that everything the store listed has been fetched, so that the next listing is short."""
    row = {"store": [settings.store.url], "cursor": [cursor], "listed_at": [datetime.now(UTC)]}
    with open_warehouse(settings.warehouse) as warehouse, warehouse.transaction():
        warehouse.merge("raw.store_cursors", pl.DataFrame(row), keys=["store"])


@step(timeout_s=1800)
def fetch_batch(settings: Settings, revisions: Sequence[Revision]) -> list[Revision]:
    """Archive these pictures and note each with what is known about it; return those that would not come.

    What arrives is safe even when the rest fails, and is not fetched again by the next attempt. What finds no
    place in the archive would not come either, and stays in the store.

    Raises:
        StoreError: The store is away, refuses, or asks to be left alone.
        OSError: The disk is full or refuses.
    """
    store = open_store(settings.store.url, settings.home)
    cameras = sorted({meter.camera for meter in settings.meters.values()})
    received_at = datetime.now(UTC)

    def fetch(revision: Revision) -> dict[str, object] | Revision:
        archived = settings.archive / revision.key
        data = archived.read_bytes() if _has_bytes_of(archived, revision) else store.fetch(revision)
        source = _source(settings, revision)
        arrival = arrival_from_store(revision.key, data, source, cameras, settings.zone)
        try:
            return keep(arrival, settings.archive, received_at)
        except NoPlace as error:
            log.warning("%s stays in the store: %s. Rename it there, or its folder.", revision.key, error)
            return revision

    done = download(revisions, fetch, at_once=settings.store.downloads_at_once)
    tell(note_pictures(settings, [each for each in done.kept if not isinstance(each, Revision)]))
    if done.stopped_by is not None:
        raise done.stopped_by
    return [*done.left, *(each for each in done.kept if isinstance(each, Revision))]


@step(timeout_s=600)
def date_by_boot(settings: Settings) -> int:
    """Date pictures that were taken before the camera's clock was set, by others of the same boot."""
    with open_warehouse(settings.warehouse) as warehouse:
        dated = date_pictures(warehouse, datetime.now(UTC) - WAIT_FOR_A_CLOCK)
    log.info("%d pictures taken without a clock are dated by others of the same boot", dated)
    return dated


@step(timeout_s=1800)
def fetch_agent_files(settings: Settings, revisions: Sequence[Revision]) -> list[Revision]:
    """Keep these reports and logs in the home folder; return those that would not come.

    What turns out to be neither is passed over, and stays in the store.

    Raises:
        StoreError: The store is away, refuses, or asks to be left alone.
        OSError: The disk is full or refuses.
    """
    store = open_store(settings.store.url, settings.home)

    def fetch(revision: Revision) -> Counter[str] | None:
        try:
            return keep_agent_file(settings.home, revision.key, store.fetch(revision))
        except NoAgentFile as error:
            log.warning("%s; it stays where it is", error)
            return None

    done = download(revisions, fetch, at_once=settings.store.downloads_at_once)
    kept = [levels for levels in done.kept if levels is not None]
    lines = dict(sum(kept, Counter[str]()))
    log.info("%d reports and logs of agents kept; lines of the logs by level: %s", len(kept), lines)
    if done.stopped_by is not None:
        raise done.stopped_by
    return done.left


def _source(settings: Settings, revision: Revision) -> str:
    """Where a picture lies and in which state, so that other bytes under its name are news."""
    return f"{settings.store.url}/{_name(revision)}"


def _name(revision: Revision) -> str:
    return f"{revision.key}@{revision.revision}"


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
