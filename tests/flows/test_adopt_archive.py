"""A warehouse that is lost forgets no picture, though the store has it no more."""

from typing import TYPE_CHECKING

from raspi_agent.open_store import open_store
from tasks.adopt_archive import adopt_archive
from tasks.fetch import list_new_pictures, prepare_warehouse
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
