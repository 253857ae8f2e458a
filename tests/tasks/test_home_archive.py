"""Archives of a home folder: whole, read back, and refused where they are not."""

import io
import itertools
import json
import os
import resource
import signal
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raspi_agent import durable
from tasks.custody import AHEAD
from tasks.home_archive import (
    MANIFEST,
    ArchiveError,
    archives_in,
    bring_home,
    check_archive,
    keep_newest,
    write_archive,
)
from tasks.home_mirror import mirror
from warehouse.connection import open_warehouse
from warehouse.errors import WarehouseError
from warehouse.keep import check_kept
from warehouse.migrate import migrate

NOW_AT = datetime(2026, 11, 24, 4, 11, tzinfo=UTC)


@pytest.fixture
def lived_in(home: Path) -> Path:
    """A home folder with something of everything."""
    with open_warehouse(home / "smartmeter.duckdb") as warehouse:
        migrate(warehouse)
        warehouse.script("insert into raw.store_cursors values ('file:store', '7', now())")
    (home / "smartmeter.toml").write_text(f'[reader]\nmodel = "{home}/models/mine"\n')
    for name in (
        "restored.json",
        "watch/incidents.json",
        "windows/home.json",
        "models/mine/a.onnx",
        "secrets/alerts",
        "archive/images/cellar/a.jpg",
        "archive/.drafts/half",
        "health/cellar/a.json",
        "log/cellar/a.log.gz",
        "prefect/prefect.db",
        "site/index.html",
    ):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return home


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


KEPT = {
    *("smartmeter.toml", "smartmeter.duckdb", "restored.json", "watch/incidents.json", "windows/home.json"),
    "models/mine/a.onnx",
}


@pytest.mark.parametrize("with_secrets", [False, True])
def test_a_home_comes_back_elsewhere_with_its_paths(
    lived_in: Path, tmp_path: Path, with_secrets: bool
) -> None:
    archive = write_archive(lived_in, tmp_path / "kept", with_secrets=with_secrets, now_at=NOW_AT)
    assert archive.name == "smartmeter-home_20261124T041100Z.tar.gz"
    assert archive.stat().st_mode & 0o777 == 0o600
    assert files_of(tmp_path / "kept") == {archive.name}
    new = tmp_path / "elsewhere" / "new"
    assert bring_home(archive, new)[0].with_secrets == with_secrets
    assert files_of(new) == KEPT | {AHEAD} | ({"secrets/alerts"} if with_secrets else set())
    assert f'"{new}/models/mine"' in (new / "smartmeter.toml").read_text()
    assert all((new / name).stat().st_mode & 0o077 == 0 for name in files_of(new))
    with open_warehouse(new / "smartmeter.duckdb") as warehouse:
        assert warehouse.sql("select cursor from raw.store_cursors").item() == "7"
        assert migrate(warehouse) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("url = 'file:{home}/store'", "url = 'file:{new}/store'"),
        ('url = "file://{home}/store"', 'url = "file://{new}/store"'),
        ('web_root = "{home}/www"', 'web_root = "{new}/www"'),
        ('web_root = "/mnt{home}/www"', 'web_root = "/mnt{home}/www"'),
        ('url = "file:/mnt/{home}/pictures"', 'url = "file:/mnt/{home}/pictures"'),
        ('web_root = "{home}-www/www"', 'web_root = "{home}-www/www"'),
    ],
)
def test_only_paths_in_the_old_home_are_in_the_new_one(
    home: Path, tmp_path: Path, old: str, new: str
) -> None:
    (home / "smartmeter.toml").write_text(old.format(home=home))
    bring_home(write_archive(home, tmp_path / "kept", with_secrets=False), tmp_path / "new")
    expected = new.format(home=home, new=tmp_path / "new")
    assert (tmp_path / "new" / "smartmeter.toml").read_text() == expected


def test_a_home_without_a_warehouse_is_kept_too(home: Path, tmp_path: Path) -> None:
    bring_home(write_archive(home, tmp_path / "kept", with_secrets=False), tmp_path / "new")
    assert files_of(tmp_path / "new") == {"smartmeter.toml", AHEAD}


def test_the_newest_archives_stay(home: Path, tmp_path: Path) -> None:
    for day in range(4):
        newest = write_archive(home, tmp_path, with_secrets=False, now_at=NOW_AT + timedelta(days=day))
    (tmp_path / "mine.tar.gz").touch()
    assert len(keep_newest(tmp_path, 2, newest)) == 2
    assert [path.name[16:24] for path in archives_in(tmp_path)] == ["20261126", "20261127"]
    assert (tmp_path / "mine.tar.gz").exists()


@pytest.mark.parametrize(
    ("days", "count", "left"),
    [
        (["20360101", "20261124"], 1, ["20261124"]),
        (["20360101", "20261117", "20261124"], 2, ["20261117", "20261124"]),
        (["20360101", "20261117", "20261124"], 3, ["20261117", "20261124", "20360101"]),
        # the clock is wrong now: the one just written stays, and counts as the newest
        (["20261110", "20261117", "20150101"], 2, ["20150101", "20261117"]),
        (["20261117", "20261124"], 0, ["20261124"]),
    ],
)
def test_an_archive_from_the_future_counts_as_the_oldest(
    tmp_path: Path, days: list[str], count: int, left: list[str]
) -> None:
    paths = [tmp_path / f"smartmeter-home_{day}T041100Z.tar.gz" for day in days]
    for path in paths:
        path.touch()
    keep_newest(tmp_path, count, paths[-1])
    assert [path.name[16:24] for path in archives_in(tmp_path)] == left


def test_what_changes_while_an_archive_is_made_is_no_damage(home: Path, tmp_path: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "own.onnx").write_bytes(os.urandom(8_000_000))
    (home / "watch").mkdir()
    noted, done = home / "watch" / "incidents.json", threading.Event()

    def watch() -> None:
        for number in itertools.count():
            if done.is_set():
                return
            durable.replace(noted, b"x" * number)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for second in range(3):
            at = NOW_AT + timedelta(seconds=second)
            write_archive(home, tmp_path / "kept", with_secrets=False, now_at=at)
    finally:
        done.set()
        watching.join()


def test_a_full_disk_is_no_damage_and_leaves_nothing(lived_in: Path, tmp_path: Path) -> None:
    (lived_in / "models" / "own.onnx").write_bytes(os.urandom(200_000))
    (lived_in / "archive" / "images" / "cellar" / "a.jpg").write_bytes(os.urandom(40_000_000))
    archive = write_archive(lived_in, tmp_path / "kept", with_secrets=False)
    mirror(lived_in, tmp_path / "kept" / "pictures", link=True)
    for limit in (100_000, 30_000_000):  # neither the archive fits, nor the picture
        with no_file_above(limit), pytest.raises(OSError, match="do the same once more") as refusal:
            bring_home(archive, tmp_path / "new", tmp_path / "kept" / "pictures")
        assert "damaged" not in str(refusal.value)
        assert [path.name for path in tmp_path.glob("*new*")] == []
    _, count = bring_home(archive, tmp_path / "new", tmp_path / "kept" / "pictures")
    assert (count, (tmp_path / "new" / "archive").is_dir()) == (3, True)


@pytest.mark.parametrize("limit", [0, 20_000, 300_000])
def test_a_full_disk_for_archives_is_told_as_that(lived_in: Path, tmp_path: Path, limit: int) -> None:
    with no_file_above(limit), pytest.raises(WarehouseError, match="do the same once more") as refusal:
        write_archive(lived_in, tmp_path / "kept", with_secrets=False)
    assert "held by" not in str(refusal.value)
    assert list((tmp_path / "kept").iterdir()) == []


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """The kernel refuses to let any file grow further, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_what_a_kill_left_is_cleared_away_a_day_later(home: Path, tmp_path: Path) -> None:
    for name, age_s in ((".draft-old", 90_000), (".check-old", 90_000), (".draft-now", 0)):
        (tmp_path / name / "half").mkdir(parents=True)
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    write_archive(home, tmp_path, with_secrets=False)
    assert [path.name for path in tmp_path.glob(".*")] == [".draft-now"]


def test_nothing_is_replaced(home: Path, tmp_path: Path) -> None:
    first = write_archive(home, tmp_path, with_secrets=False, now_at=NOW_AT)
    before = first.read_bytes()
    with pytest.raises(ArchiveError, match="exists already"):
        write_archive(home, tmp_path, with_secrets=True, now_at=NOW_AT)
    assert first.read_bytes() == before
    with pytest.raises(ArchiveError, match="not empty"):
        bring_home(first, home)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_damage_is_never_taken_for_a_home(
    home: Path, tmp_path: Path, place: float, bit: int, cut: bool
) -> None:
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "alerts").write_bytes(bytes(range(256)) * 8)
    whole = tmp_path / "whole"
    archives = archives_in(whole) or [write_archive(home, whole, with_secrets=True, now_at=NOW_AT)]
    data = bytearray(archives[0].read_bytes())
    at = int(place * len(data))
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(data)
    new = tmp_path / "new"
    try:
        bring_home(damaged, new)
    except ArchiveError:
        assert not new.exists()
    else:  # a bit that means nothing, as in the header of gzip
        assert (new / "secrets" / "alerts").read_bytes() == bytes(range(256)) * 8
        for path in sorted(new.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        new.rmdir()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/tmp/outside", tarfile.REGTYPE),  # noqa: S108 - where a bad archive would write
        ("secrets/alerts", tarfile.SYMTYPE),
        ("secrets/alerts", tarfile.LNKTYPE),
        ("not_in_the_manifest", tarfile.REGTYPE),
    ],
)
def test_a_foreign_archive_writes_nowhere_else(tmp_path: Path, name: str, kind: bytes) -> None:
    fields = {"format": 1, "made_at": "", "home": "/x", "tables": {}, "with_secrets": True}
    fields["files"] = {} if name.startswith("not") else {name: "0" * 64}
    path = tmp_path / "foreign.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for each, data in ((MANIFEST, json.dumps(fields).encode()), (name, b"evil")):
            member = tarfile.TarInfo(each)
            member.size = len(data)
            if each == name:
                member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO(data))
    with pytest.raises(ArchiveError):
        bring_home(path, tmp_path / "new")
    assert files_of(tmp_path) == {"foreign.tar.gz"}


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="Take another one"):
        check_archive(path)


def test_a_copy_with_other_rows_is_no_archive(
    lived_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_archive(lived_in, tmp_path / "kept", with_secrets=False)
    manifest, _ = bring_home(archive, tmp_path / "new")
    with open_warehouse(tmp_path / "new" / "smartmeter.duckdb") as warehouse:
        warehouse.script("update raw.store_cursors set cursor = '8'")
    with pytest.raises(Exception, match=r"raw\.store_cursors"):
        check_kept(tmp_path / "new" / "smartmeter.duckdb", manifest.tables)
