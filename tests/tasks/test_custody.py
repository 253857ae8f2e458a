from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from raspi_agent.content_hash import content_hash
from raspi_agent.store import Revision
from tasks.custody import (
    Copy,
    Fate,
    Held,
    Policy,
    copies_by_store_key,
    decide,
    note_restored,
    read_back,
    restored_at,
    store_key,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = Policy(keep=timedelta(days=14), grace=timedelta(hours=24))
KEY = "images/cellar/20261001/20261001_101500Z_000001.jpg"


def copy(taken_days: float | None, received_days: float, key: str = KEY) -> Copy:
    taken_at = None if taken_days is None else NOW - timedelta(days=taken_days)
    return Copy(key, taken_at, NOW - timedelta(days=received_days), "")


def revision(data: bytes = b"picture", key: str = KEY) -> Revision:
    return Revision(key, "1", len(data), content_hash(data))


@pytest.mark.parametrize(
    ("copies", "key", "restored_days", "fate"),
    [
        ([copy(20, 19)], KEY, None, Fate.FREE),
        ([copy(14, 14)], KEY, None, Fate.FREE),
        ([copy(13, 13)], KEY, None, Fate.NEWEST),
        ([copy(20, 0.9)], KEY, None, Fate.GRACE),
        ([copy(20, 1)], KEY, None, Fate.FREE),
        ([copy(None, 13)], KEY, None, Fate.NEWEST),
        ([copy(None, 15)], KEY, None, Fate.FREE),
        ([copy(20, 19), copy(20, 0.5)], KEY, None, Fate.GRACE),
        ([copy(20, 19), copy(2, 2)], KEY, None, Fate.NEWEST),
        ([], KEY, None, Fate.NOT_ARCHIVED),
        ([copy(20, 19)], "letters/to_mother.txt", None, Fate.FOREIGN),
        ([copy(20, 19)], KEY, 3, Fate.NEWEST),
        ([copy(20, 19)], KEY, 15, Fate.FREE),
        ([copy(-2, 19)], KEY, None, Fate.NEWEST),
    ],
)
def test_a_revision_goes_only_when_every_doubt_is_settled(
    copies: list[Copy], key: str, restored_days: float | None, fate: Fate
) -> None:
    restored = {} if restored_days is None else {key: NOW - timedelta(days=restored_days)}
    (held,) = decide([revision(key=key)], {key: copies}, POLICY, NOW, restored)
    assert held.fate is fate


@pytest.mark.parametrize(
    ("source", "key"),
    [
        (f"file:store/{KEY}@abc", KEY),
        ("file:store/images/odd@name.jpg@abc", "images/odd@name.jpg"),
        (f"file:store//{KEY}@abc", KEY),
        (f"file:store2/{KEY}@abc", None),
        (f"file:store/cellar/{KEY}@abc", None),
        ("file:store/letters/to_mother.txt@abc", "letters/to_mother.txt"),
        ("/home/me/pictures/a.jpg", None),
    ],
)
def test_a_row_names_its_key_in_the_store(source: str, key: str | None) -> None:
    assert store_key(source, "file:store") == key


def test_copies_are_found_by_where_they_came_from_and_by_their_own_key() -> None:
    twin = KEY.replace(".jpg", "~0a0a0a0a.jpg")
    pictures = pl.DataFrame(
        {
            "picture_key": [KEY, twin, "images/attic/x.jpg"],
            "source": [f"file:store/{KEY}@1", f"file:store/{KEY}@2", "/elsewhere/x.jpg"],
            "taken_at": [NOW] * 3,
            "received_at": [NOW] * 3,
            "content_sha256": ["a", "b", "c"],
        }
    )
    found = copies_by_store_key(pictures, "file:store")
    assert {key: [each.picture_key for each in copies] for key, copies in found.items()} == {
        KEY: [KEY, twin],
        "images/attic/x.jpg": ["images/attic/x.jpg"],
    }


def test_what_was_restored_is_remembered_for_a_year(tmp_path: Path) -> None:
    assert restored_at(tmp_path) == {}
    note_restored(tmp_path, ["old", "again"], NOW - timedelta(days=366))
    note_restored(tmp_path, ["again", "new"], NOW)
    assert restored_at(tmp_path) == {"again": NOW, "new": NOW}


@pytest.mark.parametrize(
    ("archived", "proven"),
    [
        (b"picture", True),
        (b"Picture", False),
        (b"pictur", False),
        (b"", False),
        (None, False),
    ],
)
def test_only_the_very_bytes_prove_a_copy(tmp_path: Path, archived: bytes | None, proven: bool) -> None:
    target = tmp_path / KEY
    target.parent.mkdir(parents=True)
    if archived is not None:
        target.write_bytes(archived)
    held = Held(revision(), (copy(20, 19),), Fate.FREE)
    assert (read_back(held, tmp_path) is not None) is proven
