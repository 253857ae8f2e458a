"""Restore: pictures that left the store come back into it, whole or not at all."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from raspi_agent.content_hash import content_hash
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import parse_picture_key
from raspi_agent.store import Added, Revision, RevisionGone, Store
from tasks.archive import UNDATED
from tasks.custody import ARCHIVE_SOURCE, note_restored, read_from_disk, sha256_of, store_key
from tasks.kept_windows import picture_file
from tasks.local_times import span_of_days
from tasks.settings import Settings
from tasks.step import LISTING_S, step
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)
BATCH = 256


@dataclass(frozen=True, slots=True)
class Absent:
    """An archived picture that the store once had and has no more."""

    key: str
    revision: str
    picture_key: str
    content_sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did, in pictures.

    Attributes:
        brought_back: The store brought its own deleted revision back.
        uploaded: The archive's copy went into the store.
        taken: Other bytes have the name in the store now; these were left alone.
        thinned: Only the register window is left in the archive, which is no picture of the store.
        lost: Neither the store nor the archive has the bytes any more.
    """

    brought_back: int = 0
    uploaded: int = 0
    taken: int = 0
    thinned: int = 0
    lost: int = 0

    def __add__(self, other: "Restored") -> "Restored":
        return Restored(
            self.brought_back + other.brought_back,
            self.uploaded + other.uploaded,
            self.taken + other.taken,
            self.thinned + other.thinned,
            self.lost + other.lost,
        )


@step(timeout_s=LISTING_S)
def list_absent(settings: Settings, first: date | None, last: date | None) -> list[Absent]:
    """The pictures of these local days that left the store, oldest first; of all days without any."""
    with open_warehouse(settings.warehouse) as warehouse:
        pictures = warehouse.query("archived_pictures")
    listing = open_store(settings.store.url, settings.home).list()
    listed = {each.key for each in listing.revisions}
    at = pl.coalesce("taken_at", "received_at")
    begin_at, end_at = span_of_days(first, last, settings.zone)
    if begin_at is not None:
        pictures = pictures.filter(at >= begin_at)
    if end_at is not None:
        pictures = pictures.filter(at < end_at)
    found = (_absent(row, settings.store.url) for row in pictures.sort(at).iter_rows(named=True))
    absent = [
        each
        for each in found
        if each is not None and each.key not in listed and not listing.may_hide(each.key)
    ]
    log.info("%d archived pictures of that time are no longer in the store", len(absent))
    return absent


@step(timeout_s=3600)
def restore_batch(settings: Settings, absent: Sequence[Absent]) -> Restored:
    """Bring these back, and note it, so that the next backup takes them for new."""
    store = open_store(settings.store.url, settings.home)
    # Before the store changes: a kill in between costs a picture its early leave, not its place.
    note_restored(settings.home, [each.key for each in absent], datetime.now(UTC))
    done = Restored()
    for each in absent:
        done += restore_one(store, each, settings.archive)
    return done


def restore_one(store: Store, absent: Absent, archive: Path) -> Restored:
    """Bring one picture back: out of the store's own bin if it has one, else from the archive."""
    data = read_from_disk(archive / absent.picture_key)
    if data is not None and sha256_of(data) != absent.content_sha256:
        log.warning("%s is damaged in the archive and is not uploaded", absent.picture_key)
        data = None
    try:
        added = _from_the_bin(store, absent, "" if data is None else content_hash(data))
        back = Restored(brought_back=1)
    except RevisionGone:
        if data is None:
            return _left_of(absent, archive)
        added, back = store.add(absent.key, data), Restored(uploaded=1)
    if added is Added.CONFLICT:
        log.warning("%s is taken by other bytes in the store; nothing was touched", absent.key)
        return Restored(taken=1)
    return back


def _from_the_bin(store: Store, absent: Absent, hashed: str) -> Added:
    if not absent.revision:
        raise RevisionGone(f"nobody knows the revision of {absent.key}")
    return store.restore(Revision(absent.key, absent.revision, absent.size_bytes, hashed))


def _left_of(absent: Absent, archive: Path) -> Restored:
    """What can be said of a picture whose bytes nobody has."""
    if picture_file(archive, absent.picture_key):
        log.warning("%s was thinned: only its register window is kept", absent.picture_key)
        return Restored(thinned=1)
    log.warning("%s is neither in the store's bin nor whole in the archive", absent.key)
    return Restored(lost=1)


def _absent(row: dict[str, object], store_url: str) -> Absent | None:
    source, picture_key = str(row["source"]), str(row["picture_key"])
    key = store_key(source, store_url)
    revision = source.rpartition("@")[2] if key else ""
    if key is None and source.startswith(ARCHIVE_SOURCE) and not _was_imported(picture_key):
        key = picture_key  # from a warehouse made anew: where it came from is forgotten, its name is not
    if key is None:
        return None  # an imported picture never was in the store
    return Absent(key, revision, picture_key, str(row["content_sha256"]), int(str(row["size_bytes"])))


def _was_imported(picture_key: str) -> bool:
    parsed = parse_picture_key(picture_key)
    return parsed.is_imported if parsed else UNDATED in picture_key
