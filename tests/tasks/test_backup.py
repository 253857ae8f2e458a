"""Whatever the archive looks like and whenever the power fails: no picture is lost."""

import contextlib
import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raspi_agent.content_hash import content_hash
from raspi_agent.folder_store import FolderStore
from raspi_agent.store import Added, Listing, Revision, Space, Store, StoreUnavailable
from tasks.backup import Outcome, free_one
from tasks.custody import Copy, Fate, Held, Policy, decide, sha256_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)
KEYS = [f"images/cellar/20261001/20261001_10{number:02d}00Z_00000{number}.jpg" for number in range(4)]


class PowerCut(BaseException):
    """Everything ends here."""


class StoreWithTrouble:
    """A store before which something happens at one of its calls."""

    def __init__(self, store: Store, at_call: int, trouble: Callable[[], None]) -> None:
        self.store = store
        self.calls_left = at_call
        self.trouble = trouble

    def _count(self) -> None:
        self.calls_left -= 1
        if self.calls_left == 0:
            self.trouble()

    def list(self, cursor: str | None = None) -> Listing:
        return self.store.list(cursor)

    def fetch(self, revision: Revision) -> bytes:
        self._count()
        return self.store.fetch(revision)

    def add(self, key: str, data: bytes) -> Added:
        return self.store.add(key, data)

    def delete(self, revision: Revision) -> bool:
        self._count()
        return self.store.delete(revision)

    def space(self) -> Space:
        return self.store.space()

    def deleted(self) -> tuple[Revision, ...]:
        return self.store.deleted()

    def restore(self, revision: Revision) -> Added:
        return self.store.restore(revision)


def everything_in(*folders: Path) -> set[str]:
    """The hashes of all whole files."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {content_hash(path.read_bytes()) for path in files}


def held_in(store: Store, rows: dict[str, bytes]) -> list[Held]:
    copies = {key: [Copy(key, LONG_AGO, LONG_AGO, sha256_of(data))] for key, data in rows.items()}
    policy = Policy(timedelta(days=14), timedelta(hours=24))
    return decide(store.list().revisions, copies, policy, NOW, {})


NEWCOMER = b"newcomer of the same key"
PICTURE = st.binary(min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    in_store=st.dictionaries(st.sampled_from(KEYS), PICTURE, min_size=1),
    in_archive=st.dictionaries(st.sampled_from(KEYS), PICTURE),
    same=st.sets(st.sampled_from(KEYS)),
    noted=st.sets(st.sampled_from(KEYS)),
    trouble=st.sampled_from(["none", "power", "away", "replaced"]),
    at_call=st.integers(1, 5),
)
def test_no_bytes_are_ever_lost(
    *,
    in_store: dict[str, bytes],
    in_archive: dict[str, bytes],
    same: set[str],
    noted: set[str],
    trouble: str,
    at_call: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, archive = Path(folder, "store"), Path(folder, "archive")
        plain = FolderStore(root, create=True, settle_s=-1)
        for key, data in in_store.items():
            plain.add(key, data)
        fill(archive, in_archive | {key: data for key, data in in_store.items() if key in same})
        # A row vouches for the bytes that were fetched, which are those of the store.
        held = held_in(plain, {key: data for key, data in in_store.items() if key in noted})
        overwritten: set[str] = set()
        store = StoreWithTrouble(plain, at_call, lambda: make(trouble, root, overwritten))
        with contextlib.suppress(PowerCut, StoreUnavailable):
            for each in held:
                if each.fate is Fate.FREE:
                    free_one(store, each, archive)
        left = everything_in(root, archive)
        # What another program overwrote is not ours to keep, but its new bytes are.
        assert {content_hash(data) for key, data in in_store.items() if key not in overwritten} <= left
        assert all((root / key).read_bytes() == NEWCOMER for key in overwritten)


def fill(folder: Path, pictures: dict[str, bytes]) -> None:
    for key, data in pictures.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)


def make(trouble: str, root: Path, overwritten: set[str]) -> None:
    if trouble == "power":
        raise PowerCut
    if trouble == "away":
        raise StoreUnavailable("gone for now")
    if trouble == "replaced":
        for path in root.rglob("*.jpg"):
            path.write_bytes(NEWCOMER)
            overwritten.add(path.relative_to(root).as_posix())


@pytest.mark.parametrize(
    ("archived", "row", "outcome"),
    [
        (b"picture", b"picture", Outcome(freed=1, freed_bytes=7)),
        (None, b"picture", Outcome(mended=1)),
        (b"pict", b"picture", Outcome(mended=1)),
        (b"other", b"other", Outcome(unproven=1)),
        (None, b"other", Outcome(unproven=1)),
    ],
)
def test_each_state_of_the_archive_has_its_outcome(
    tmp_path: Path, archived: bytes | None, row: bytes, outcome: Outcome
) -> None:
    store = FolderStore(tmp_path / "store", create=True, settle_s=-1)
    store.add(KEYS[0], b"picture")
    archive = tmp_path / "archive"
    (archive / KEYS[0]).parent.mkdir(parents=True)
    if archived is not None:
        (archive / KEYS[0]).write_bytes(archived)
    (held,) = held_in(store, {KEYS[0]: row})
    assert free_one(store, held, archive) == outcome
    assert (tmp_path / "store" / KEYS[0]).exists() is (outcome.freed == 0)
    if outcome.mended:
        assert (archive / KEYS[0]).read_bytes() == b"picture"
        assert free_one(store, held, archive).freed == 1


def test_a_picture_replaced_before_its_deletion_stays(tmp_path: Path) -> None:
    root = tmp_path / "store"
    plain = FolderStore(root, create=True, settle_s=-1)
    plain.add(KEYS[0], b"picture")
    (tmp_path / KEYS[0]).parent.mkdir(parents=True)
    (tmp_path / KEYS[0]).write_bytes(b"picture")
    (held,) = held_in(plain, {KEYS[0]: b"picture"})

    def happens() -> None:
        (root / KEYS[0]).write_bytes(b"another")

    store = StoreWithTrouble(plain, 1, happens)
    assert free_one(store, held, tmp_path) == Outcome(replaced=1)
    assert (root / KEYS[0]).read_bytes() == b"another"


def test_a_backup_repeated_after_a_cut_anywhere_ends_the_same(tmp_path: Path) -> None:
    pictures = {key: random.Random(key).randbytes(50) for key in KEYS}
    for cut_at in range(1, 6):
        root, archive = tmp_path / f"store{cut_at}", tmp_path / f"archive{cut_at}"
        plain = FolderStore(root, create=True, settle_s=-1)
        for key, data in pictures.items():
            plain.add(key, data)
        fill(archive, pictures)

        def cut() -> None:
            raise PowerCut

        troubled = StoreWithTrouble(plain, cut_at, cut)
        with contextlib.suppress(PowerCut):
            for each in held_in(plain, pictures):
                free_one(troubled, each, archive)
        assert (len(plain.list().revisions) == 0) is (cut_at > len(KEYS))
        for each in held_in(plain, pictures):
            free_one(plain, each, archive)
        assert not plain.list().revisions
        assert everything_in(archive) == {content_hash(data) for data in pictures.values()}
