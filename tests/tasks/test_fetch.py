"""Pictures from a real outbox, taken before the camera knew the time."""

import shutil
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raspi_agent.capture_facts import CaptureFacts, embed_facts
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.upload import upload_waiting
from tasks.adopt_archive import adopt_archive
from tasks.backup import plan_backup
from tasks.custody import Fate, pictures_named
from tasks.fetch import date_by_boot, fetch_batch, list_new_pictures, prepare_warehouse
from tasks.settings import load_settings
from warehouse.connection import open_warehouse

YEARS = 50_000  # pictures
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOOT_ID = "10fcee1b-2107-4c1e-9a51-3d6b6a1f0c11"


def take(outbox: Outbox, photo: bytes, minute: int, clock_off: timedelta, *, knows: bool) -> str:
    facts = CaptureFacts(
        camera="cellar",
        taken_at=NOON + timedelta(minutes=minute) + clock_off,
        clock_synchronised=knows,
        boot_id=BOOT_ID,
        boot_ms=minute * 60_000,
    )
    return outbox.add(photo, facts)


def test_a_camera_that_booted_without_a_clock_loses_no_time(home: Path, photo: bytes) -> None:
    outbox = Outbox(home / "camera")
    yesterday = timedelta(hours=-20)
    keys = [take(outbox, photo, minute, yesterday, knows=False) for minute in (1, 16)]
    store = open_store("file:store", home)
    upload_waiting(outbox, store)
    settings = load_settings()
    prepare_warehouse.fn(settings)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    assert date_by_boot.fn(settings) == 0
    keys.append(take(outbox, photo, 31, timedelta(), knows=True))
    upload_waiting(outbox, store)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    assert date_by_boot.fn(settings) == 2
    with open_warehouse(settings.warehouse, read_only=True) as warehouse:
        found = dict(warehouse.sql("select picture_key, taken_at from raw.pictures").iter_rows())
    assert found == {
        key: NOON + timedelta(minutes=minute) for key, minute in zip(keys, (1, 16, 31), strict=True)
    }


def test_a_source_that_no_database_takes_holds_up_no_picture(home: Path, photo: bytes) -> None:
    facts = CaptureFacts(
        camera="cellar", taken_at=NOON, clock_synchronised=True, details={"source": "Z######hler"}
    )
    store = open_store("file:store", home)
    key = "images/cellar/20260301/20260301_120000Z_000001.jpg"
    store.add(key, embed_facts(photo, facts).replace(b"######", rb"\udce4"))
    settings = load_settings()
    prepare_warehouse.fn(settings)
    assert fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions) == []
    with open_warehouse(settings.warehouse, read_only=True) as warehouse:
        found = warehouse.sql("select picture_key, facts ->> '$.details.source' from raw.pictures")
    assert found.rows() == [(key, "Z?hler")]


def test_a_url_that_lost_its_last_slash_names_the_same_store(home: Path, photo: bytes) -> None:
    outbox = Outbox(home / "camera")
    take(outbox, photo, 1, timedelta(), knows=True)
    upload_waiting(outbox, open_store("file:store", home))
    settings = load_settings()
    with_slash = settings.model_copy(
        update={"store": settings.store.model_copy(update={"url": "file:store/"})}
    )
    prepare_warehouse.fn(settings)
    fetch_batch.fn(with_slash, list_new_pictures.fn(with_slash).revisions)
    assert list_new_pictures.fn(settings).revisions == ()
    held = plan_backup.fn(settings, 0, 0).held
    assert [each.fate for each in held] == [Fate.FREE]


@pytest.mark.parametrize(
    ("first", "then"),
    [("images/a", "images/a/b.jpg"), ("images/a/b.jpg", "images/a"), ("windows/a", "windows")],
)
def test_a_name_that_is_a_file_once_and_a_folder_later_stops_nothing(
    home: Path, photo: bytes, first: str, then: str
) -> None:
    settings, store = load_settings(), open_store("file:store", home)
    prepare_warehouse.fn(settings)
    store.add(first, b"notes")
    assert fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions) == []
    shutil.rmtree(home / "store")
    store.add(then, photo)
    store.add("images/z.jpg", photo)
    listed = list_new_pictures.fn(settings).revisions
    (blocked,) = (each for each in listed if each.key == then)
    assert fetch_batch.fn(settings, listed) == [blocked]
    assert list_new_pictures.fn(settings).revisions == (blocked,)
    assert (settings.archive / "images" / "z.jpg").read_bytes() == photo


def test_after_years_only_what_is_listed_is_asked_for(home: Path, photo: bytes) -> None:
    settings, store = load_settings(), open_store("file:store", home)
    prepare_warehouse.fn(settings)
    known, new = (f"images/cellar/20260301/20260301_12000{n}Z_00000{n}.jpg" for n in range(2))
    store.add(known, photo)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    store.add(new, photo)
    with open_warehouse(settings.warehouse) as warehouse:
        warehouse.script(f"""
            insert into raw.pictures by name
            select * exclude (n) replace (printf('images/cellar/old/%06d.jpg', n) as picture_key,
                printf('file:store/images/cellar/old/%06d.jpg@x', n) as source)
            from (select * from raw.pictures, range({YEARS}) t(n))
        """)
    tracemalloc.start()
    try:
        assert adopt_archive.fn(settings) == 0
        assert [each.key for each in list_new_pictures.fn(settings).revisions] == [new]
        fates = {each.revision.key: each.fate for each in plan_backup.fn(settings, 0, 0).held}
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fates == {known: Fate.FREE, new: Fate.NOT_ARCHIVED}
    assert peak_bytes < 10_000_000


def test_every_twin_of_a_listed_picture_is_found(home: Path, photo: bytes) -> None:
    settings, store = load_settings(), open_store("file:store", home)
    prepare_warehouse.fn(settings)
    for name, data in (("a.jpg", photo), ("a.jpg", photo + b"more"), ("b", b"notes"), ("b", b"others")):
        (home / "store" / "images" / name).unlink(missing_ok=True)
        store.add(f"images/{name}", data)
        fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    assert list_new_pictures.fn(settings).revisions == ()
    found = pictures_named(settings.warehouse, store.list().revisions)["picture_key"].to_list()
    assert len(found) == 4
    assert {each.partition("~")[0].removesuffix(".jpg") for each in found} == {"images/a", "images/b"}
