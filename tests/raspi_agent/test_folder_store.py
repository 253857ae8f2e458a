import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent import folder_store
from raspi_agent.content_hash import content_hash
from raspi_agent.folder_store import FolderStore
from raspi_agent.store import Added, Listing, Revision, RevisionGone, StoreUnavailable

KEY = "images/home/20260301/20260301_120000Z_000001.jpg"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    (tmp_path / "store").mkdir()
    return FolderStore(tmp_path / "store")


def put_by_hand(store: FolderStore, name: str, data: bytes, *, age_s: float = 60) -> None:
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - age_s,) * 2)


def keys(listing: Listing) -> list[str]:
    return [revision.key for revision in listing.revisions]


def test_what_was_added_is_listed_at_once_and_fetched_whole(store: FolderStore) -> None:
    assert store.add(KEY, b"picture") is Added.STORED
    digest = content_hash(b"picture")
    (revision,) = store.list().revisions
    assert revision == Revision(key=KEY, revision=digest, size=7, content_hash=digest)
    assert store.fetch(revision) == b"picture"


def test_nothing_is_overwritten(store: FolderStore) -> None:
    results = [store.add(KEY, data) for data in (b"first", b"first", b"other")]
    assert results == [Added.STORED, Added.ALREADY_THERE, Added.CONFLICT]
    assert store.fetch(store.list().revisions[0]) == b"first"


def test_a_folder_of_that_name_is_a_conflict(store: FolderStore) -> None:
    put_by_hand(store, f"{KEY}/inside", b"odd")
    assert store.add(KEY, b"picture") is Added.CONFLICT


def test_no_draft_is_left_or_listed(store: FolderStore) -> None:
    store.add(KEY, b"first")
    store.add(KEY, b"other")
    assert keys(store.list()) == [KEY]
    assert not list((store.root / ".smartmeter-tmp").iterdir())


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a/",
        "a\\b",
        "a\0b",
        ".hidden",
        "a/.b/c",
        "x.part",
        ".",
    ],
)
def test_keys_that_lead_elsewhere_are_refused(store: FolderStore, key: str) -> None:
    revision = Revision(key=key, revision="", size=0, content_hash="")
    with pytest.raises(ValueError, match="is no key"):
        store.add(key, b"picture")
    with pytest.raises(ValueError, match="is no key"):
        store.fetch(revision)
    with pytest.raises(ValueError, match="is no key"):
        store.delete(revision)


@pytest.mark.parametrize(
    "name", ["holiday picture (1).JPG", "20260301_120000.png", "images/Zähler\n.jpg", "empty", "a~b", "a+b,c"]
)
def test_odd_names_put_there_by_hand_are_listed(store: FolderStore, name: str) -> None:
    put_by_hand(store, name, b"bytes")
    (revision,) = store.list().revisions
    assert revision.key == name
    assert store.fetch(revision) == b"bytes"


@pytest.mark.parametrize(
    "name", [".hidden", ".rsync.jpg.x7Gh2k", "a.part", "a.TMP", "a.jpg~", ".trash/a.jpg", "lost+found/a.jpg"]
)
def test_unfinished_and_hidden_files_are_not_listed(store: FolderStore, name: str) -> None:
    put_by_hand(store, name, b"bytes")
    assert store.list().revisions == ()


def test_names_that_could_not_be_stored_are_not_listed(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    put_by_hand(store, os.fsdecode(b"latin-\xe4.jpg"), b"bytes")
    put_by_hand(store, "back\\slash.jpg", b"bytes")
    assert store.list().revisions == ()
    put_by_hand(store, "ä" * 120 + ".jpg", b"its twin's name would be too long")
    assert store.list().revisions == ()
    assert caplog.text.count("rename it") == 5


@pytest.mark.parametrize(("age_s", "listed"), [(0, False), (1, False), (10, True), (-3600, True)])
def test_only_files_that_rest_are_listed(store: FolderStore, *, age_s: float, listed: bool) -> None:
    put_by_hand(store, "a.jpg", b"half", age_s=age_s)
    assert bool(store.list().revisions) is listed


def test_links_are_not_followed(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (store.root / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    (store.root / "folder").symlink_to(tmp_path)
    assert store.list().revisions == ()


def test_the_cursor_tells_only_what_is_new(store: FolderStore) -> None:
    store.add("a.jpg", b"a")
    first = store.list()
    assert keys(first) == ["a.jpg"]
    assert store.list(first.cursor) == Listing((), first.cursor)
    store.add("b.jpg", b"b")
    assert keys(store.list(first.cursor)) == ["b.jpg"]


def test_a_file_that_was_being_written_is_told_later(store: FolderStore) -> None:
    put_by_hand(store, "slow.jpg", b"half", age_s=0)
    store.add("a.jpg", b"a")
    first = store.list()
    assert keys(first) == ["a.jpg"]
    os.utime(store.root / "slow.jpg", (0, 0))
    assert "slow.jpg" in keys(store.list(first.cursor))


def test_a_deletion_makes_only_its_own_folder_be_listed_anew(store: FolderStore) -> None:
    days = [f"images/cellar/202611{day:02d}" for day in range(1, 15)]
    for day in days:
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            store.add(f"{day}/{name}", name.encode())
    first = store.list()
    for each in first.revisions[:4]:  # the first day and a picture of the second
        store.delete(each)
    second = store.list(first.cursor)
    assert keys(second) == [f"{days[1]}/b.jpg", f"{days[1]}/c.jpg"]
    assert keys(store.list(second.cursor)) == []


@pytest.mark.parametrize(
    "cursor",
    ["", "garbage", "1-2", f"-1{'-0' * 64}", f"1{'-0' * 64}", f"{10**30}{'-5' * 64}", f"٣{'-0' * 64}"],
)
def test_a_useless_cursor_tells_everything(store: FolderStore, cursor: str) -> None:
    store.add("a.jpg", b"a")
    assert keys(store.list(cursor)) == ["a.jpg"]


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(["add", "hand", "delete", "list"]), st.integers(0, 4)), max_size=15
    )
)
def test_whoever_follows_the_cursor_misses_nothing(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]]
) -> None:
    store = FolderStore(tmp_path_factory.mktemp("store"))
    seen: set[str] = set()
    cursor: str | None = None
    for number, (change, name) in enumerate([*changes, ("list", 0)]):
        if change == "add":
            store.add(f"{name % 2}/{name}.jpg", b"%d" % number)
        elif change == "hand":
            put_by_hand(store, f"{name % 2}/{name}.jpg", b"%d" % number, age_s=10 + 1000 * name)
        elif change == "delete":
            (store.root / f"{name % 2}/{name}.jpg").unlink(missing_ok=True)
        else:
            listing = store.list(cursor)
            cursor = listing.cursor
            seen |= {f"{revision.key}@{revision.revision}" for revision in listing.revisions}
            assert {f"{r.key}@{r.revision}" for r in store.list().revisions} <= seen


def test_a_revision_that_changed_is_neither_fetched_nor_deleted(store: FolderStore) -> None:
    store.add("a.jpg", b"old")
    (old,) = store.list().revisions
    put_by_hand(store, "a.jpg", b"new")
    with pytest.raises(RevisionGone):
        store.fetch(old)
    assert store.delete(old) is False
    (new,) = store.list().revisions
    assert [store.delete(new), store.delete(new)] == [True, True]
    assert store.list().revisions == ()
    with pytest.raises(RevisionGone):
        store.fetch(new)


def between_looks(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """Let somebody else act after the first look at a file's bytes, the second, ..."""
    coming = list(acts)

    def look(path: Path) -> str:
        found = content_hash(path.read_bytes())
        if coming:
            coming.pop(0)()
        return found

    monkeypatch.setattr(folder_store, "content_hash_of_file", look)


def hidden_files(store: FolderStore) -> list[Path]:
    return list(store.root.rglob(".smartmeter-deleting/*"))


@pytest.mark.parametrize("writers", [1, 2])
def test_bytes_that_arrive_in_the_middle_of_a_delete_stay(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, writers: int
) -> None:
    store.add(KEY, b"old")
    (old,) = store.list().revisions
    arriving = [b"new", b"newer"][:writers]
    between_looks(monkeypatch, *(partial(put_by_hand, store, KEY, data) for data in arriving))
    assert store.delete(old) is False
    found = {(store.root / key).read_bytes(): key for key in keys(store.list())}
    assert set(found) == set(arriving)
    assert found[arriving[-1]] == KEY
    assert hidden_files(store) == []


@pytest.mark.parametrize("replaced", [False, True])
def test_a_delete_that_was_killed_in_the_middle_is_ended_by_a_later_listing(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, *, replaced: bool
) -> None:
    store.add(KEY, b"old")
    (old,) = store.list().revisions

    def other() -> None:
        if replaced:
            put_by_hand(store, KEY, b"new")

    def kill() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as moment:
        between_looks(moment, other, kill)
        with pytest.raises(KeyboardInterrupt):
            store.delete(old)
    assert store.list().revisions == ()
    assert hidden_files(store) != []
    monkeypatch.setattr(folder_store, "_LEFT_OVER_S", -1)
    assert [store.fetch(each) for each in store.list().revisions] == ([b"new"] if replaced else [])
    assert hidden_files(store) == []


def test_a_store_that_is_away_is_not_an_empty_one(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "not mounted")
    revision = Revision(key="a.jpg", revision="", size=0, content_hash="")
    for call in (
        store.list,
        lambda: store.add("a.jpg", b"a"),
        lambda: store.fetch(revision),
        lambda: store.delete(revision),
    ):
        with pytest.raises(StoreUnavailable, match="mount it or create it"):
            call()
    assert not store.root.exists()
