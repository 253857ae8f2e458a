"""Which pictures of the store are safe in the archive, and which of those may leave the store."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import polars as pl

from raspi_agent import durable
from raspi_agent.content_hash import content_hash
from raspi_agent.picture_key import names_of
from raspi_agent.store import Revision
from warehouse.connection import open_warehouse

PICTURES = "images/"
ARCHIVE_SOURCE = "archive/"
RESTORED = "restored.json"
AHEAD = "archive-is-ahead"  # in a home folder whose archive may be newer than its warehouse
REMEMBERED = timedelta(days=365)


class Fate(StrEnum):
    """What a backup does with a revision in the store, and why."""

    FREE = "may_go"
    NEWEST = "newest"
    GRACE = "in_grace"
    NOT_ARCHIVED = "not_archived"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Copy:
    """An archived picture that came from the store: its key there, and what its row says of it."""

    picture_key: str
    taken_at: datetime | None
    received_at: datetime
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What stays in the store.

    Attributes:
        keep: Pictures younger than this stay.
        grace: Pictures that arrived in the archive less than this ago stay, whatever their age.
    """

    keep: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Held:
    """A revision in the store, the archived pictures that may be the same, and what becomes of it."""

    revision: Revision
    copies: tuple[Copy, ...]
    fate: Fate


def pictures_named(path: Path, revisions: Iterable[Revision]) -> pl.DataFrame:
    """What the warehouse at `path` knows of pictures with these revisions' keys, and of their twins.

    Asked for those alone: after years a store holds few of the pictures that the warehouse knows.
    """
    keys = pl.DataFrame({"picture_key": [each.key for each in revisions]}, schema={"picture_key": pl.String})
    with open_warehouse(path) as warehouse:
        return warehouse.query("pictures_named", incoming=keys)


def copies_by_store_key(pictures: pl.DataFrame, store_url: str) -> dict[str, list[Copy]]:
    """The archived pictures by their key in the store; by their own key where they came from elsewhere."""
    found: defaultdict[str, list[Copy]] = defaultdict(list)
    for row in pictures.iter_rows(named=True):
        copy = Copy(row["picture_key"], row["taken_at"], row["received_at"], row["content_sha256"])
        found[store_key(row["source"], store_url) or row["picture_key"]].append(copy)
    return dict(found)


def store_key(source: str, store_url: str) -> str | None:
    """The key in the store that a row's source names; None when it came from elsewhere."""
    name = name_in_store(source, store_url)
    return None if name is None else name.rpartition("@")[0]


def name_in_store(source: str, store_url: str) -> str | None:
    """The key and revision, `key@revision`, that a row's source names; None when it came from elsewhere."""
    prefix = f"{store_url}/"
    if not source.startswith(prefix):
        return None
    name = source.removeprefix(prefix).lstrip("/")  # a URL may have ended with a slash once
    # a store that lay in a folder of this one: its pictures had other keys
    within = not name.startswith(PICTURES) and f"/{PICTURES}" in name
    return None if within else name


def decide(
    revisions: Iterable[Revision],
    copies: Mapping[str, Sequence[Copy]],
    policy: Policy,
    now: datetime,
    restored: Mapping[str, datetime],
) -> list[Held]:
    """What becomes of each revision; only one whose every doubt is settled may go.

    Args:
        revisions: All that the store lists.
        copies: From `copies_by_store_key`.
        policy: What stays.
        now: UTC.
        restored: When a person brought a key back into the store; it counts as new from then on.
    """
    held = []
    for each in revisions:
        # a camera may have sent the same bytes under their plain name and under the twin's
        of_key = tuple(
            copy for name in names_of(each.key, each.content_hash) for copy in copies.get(name, ())
        )
        held.append(Held(each, of_key, _fate(each, of_key, policy, now, restored.get(each.key))))
    return held


def restored_at(home: Path) -> dict[str, datetime]:
    """When a person last brought which key back into the store.

    Raises:
        OSError: The record can't be read.
        ValueError: It is damaged.
    """
    path = home / RESTORED
    noted = json.loads(path.read_bytes()) if path.exists() else {}
    return {key: datetime.fromisoformat(at) for key, at in noted.items()}


def note_restored(home: Path, keys: Iterable[str], now: datetime) -> None:
    """Note, for backups to come, that these keys are brought back now; notes older than a year go."""
    noted = {key: at for key, at in restored_at(home).items() if now - at < REMEMBERED}
    noted |= dict.fromkeys(keys, now)
    text = json.dumps({key: at.isoformat() for key, at in noted.items()}, indent=1)
    durable.replace(home / RESTORED, text.encode())


def read_back(held: Held, archive: Path) -> Copy | None:
    """The archived picture that has the revision's very bytes, read from the disk; None when none has."""
    for copy in held.copies:
        data = read_from_disk(archive / copy.picture_key)
        if (
            data is not None
            and len(data) == held.revision.size
            and content_hash(data) == held.revision.content_hash
        ):
            return copy
    return None


def sha256_of(data: bytes) -> str:
    """The fingerprint that a picture's row keeps of its bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_from_disk(path: Path) -> bytes | None:
    """A file's bytes as the disk has them, not as memory remembers them; None when it can't be read."""
    try:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            return file.read()
    except OSError:
        return None


def _fate(
    revision: Revision,
    copies: Sequence[Copy],
    policy: Policy,
    now: datetime,
    back_at: datetime | None,
) -> Fate:
    if not revision.key.startswith(PICTURES):
        return Fate.FOREIGN
    if not copies:
        return Fate.NOT_ARCHIVED
    youngest = max(copy.taken_at or copy.received_at for copy in copies)
    if now - youngest < policy.keep or (back_at is not None and now - back_at < policy.keep):
        return Fate.NEWEST
    if now - max(copy.received_at for copy in copies) < policy.grace:
        return Fate.GRACE
    return Fate.FREE
