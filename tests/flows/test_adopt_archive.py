"""A warehouse that is lost, or older than its archive, forgets no picture that the store has no more."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raspi_agent.open_store import open_store
from tasks.adopt_archive import adopt_archive
from tasks.fetch import fetch_batch, list_new_pictures, prepare_warehouse
from tasks.home_archive import bring_home, write_archive
from tasks.home_mirror import mirror
from tasks.import_folder import import_batch, list_importable
from tasks.recognize import list_unread_pictures
from tasks.restore import Restored, list_absent, restore_batch
from tasks.settings import load_settings
from tasks.thin import list_thinnable, thin_one
from tests.flows.conftest import read_by_an_oracle
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter


def test_a_new_warehouse_learns_what_only_the_archive_has(drawn_meter: "DrawnMeter") -> None:
    settings = load_settings()
    read_by_an_oracle(drawn_meter, 10)
    store = open_store("file:store", drawn_meter.home)
    for revision in store.list().revisions[:8]:
        store.delete(revision)
    with open_warehouse(settings.warehouse) as warehouse:
        warehouse.script("update core.register_readings set settled = true")
        question = "select picture_key, camera, taken_at, content_sha256, reason from raw.pictures order by 1"
        before = warehouse.sql(question)
    assert adopt_archive.fn(settings) == 0
    thinned = list_thinnable.fn(settings, 1)[0]
    assert thin_one(settings.archive, thinned)

    settings.warehouse.unlink()
    prepare_warehouse.fn(settings)
    assert adopt_archive.fn(settings) == 8
    assert adopt_archive.fn(settings) == 0
    assert {each.key for each in list_new_pictures.fn(settings).revisions} == {
        drawn_meter.key(8),
        drawn_meter.key(9),
    }
    with open_warehouse(settings.warehouse) as warehouse:
        after = warehouse.sql(question)
    other_bytes = before["picture_key"] == thinned.picture_key
    assert after.rows() != before[:8].rows()
    assert after.drop("content_sha256").rows() == before[:8].drop("content_sha256").rows()
    assert after.filter(~other_bytes[:8]).rows() == before.filter(~other_bytes)[:7].rows()
    assert not (settings.archive / thinned.picture_key).exists()
    assert len(list_unread_pictures.fn(settings, "home/1-0:1.8.0")) == 8

    absent = list_absent.fn(settings, None, None)
    assert restore_batch.fn(settings, absent) == Restored(uploaded=7, thinned=1)


def test_a_home_of_an_older_archive_learns_what_the_mirror_has_besides(
    drawn_meter: "DrawnMeter", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by_an_oracle(drawn_meter, 5)
    older = write_archive(drawn_meter.home, tmp_path / "disk", with_secrets=False)
    read_by_an_oracle(drawn_meter, 8)
    mirror(drawn_meter.home, tmp_path / "disk" / "pictures", link=False)

    bring_home(older, tmp_path / "new", tmp_path / "disk" / "pictures")
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path / "new"))
    settings = load_settings()
    prepare_warehouse.fn(settings)
    drawn_meter_there = type(drawn_meter)(settings.home)
    drawn_meter_there.fill(range(7, 9))
    assert adopt_archive.fn(settings) == 2
    assert adopt_archive.fn(settings) == 0
    listed = [each.key for each in list_new_pictures.fn(settings).revisions]
    assert listed == [drawn_meter.key(7), drawn_meter.key(8)]
    with open_warehouse(settings.warehouse) as warehouse:
        keys = warehouse.sql("select picture_key from raw.pictures order by 1")["picture_key"].to_list()
    assert keys == [drawn_meter.key(number) for number in range(7)]


def test_what_an_import_brought_is_adopted_and_never_put_into_the_store(
    drawn_meter: "DrawnMeter", tmp_path: Path
) -> None:
    settings, folder = load_settings(), tmp_path / "old"
    folder.mkdir()
    for number, name in enumerate(("20261119_000000Z.jpg", "meter.jpg")):
        (folder / name).write_bytes(drawn_meter.picture(number))
    drawn_meter.put(drawn_meter.key(2), drawn_meter.picture(2))
    prepare_warehouse.fn(settings)
    found = list_importable.fn(settings, folder, "*.jpg", None, settings.zone)
    import_batch.fn(settings, found, "cellar", settings.zone)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    (revision,) = open_store("file:store", drawn_meter.home).list().revisions
    open_store("file:store", drawn_meter.home).delete(revision)
    settings.warehouse.unlink()  # as if the kill had come before they were noted
    prepare_warehouse.fn(settings)
    assert adopt_archive.fn(settings) == 3
    assert [each.key for each in list_absent.fn(settings, None, None)] == [drawn_meter.key(2)]
