"""Thinning the archive: what proves a number stays, and nothing else goes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.picture import decode_picture, open_picture
from models.window import cut_window
from raspi_agent.open_store import open_store
from tasks.fetch import prepare_warehouse
from tasks.kept_windows import kept_window, picture_file, window_path
from tasks.settings import load_settings
from tasks.site_files import copy_pictures
from tasks.thin import list_thinnable, thin_batch, thin_one
from tasks.windows import window_of
from tests.flows.conftest import read_by_an_oracle
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

COUNT, DARK, MANUAL, REVISED, IN_STORE = 16, 7, 9, 11, 13
REGISTER, OTHER = "home/1-0:1.8.0", "home/1-0:2.8.0"


@pytest.fixture
def archived(drawn_meter: "DrawnMeter") -> "DrawnMeter":
    """An archive of which the store has but one picture left, with one of every kind that must stay."""
    read_by_an_oracle(drawn_meter, COUNT, dark={DARK})
    store = open_store("file:store", drawn_meter.home)
    for revision in store.list().revisions:
        if revision.key != drawn_meter.key(IN_STORE):
            store.delete(revision)
    with open_warehouse(load_settings().warehouse) as warehouse:
        warehouse.script("update core.register_readings set settled = true")
        warehouse.script(
            "insert into core.corrections select 1, register_id, picture_key, read_at, value_wh, null, "
            f"read_at, read_at from core.register_readings where picture_key = '{drawn_meter.key(MANUAL)}'"
        )
        warehouse.script(
            "insert into core.reading_revisions by name select *, decided_at as replaced_at "
            f"from core.register_readings where picture_key = '{drawn_meter.key(REVISED)}'"
        )
    return drawn_meter


def test_only_frames_that_prove_no_more_go_and_their_windows_stay(archived: "DrawnMeter") -> None:
    settings = load_settings()
    pictures = {archived.key(number): archived.picture(number) for number in range(COUNT)}
    window = window_of(settings.meters["home"])
    windows = {key: cut_window(open_picture(settings.archive / key), window) for key in pictures}
    frames = list_thinnable.fn(settings, 1)
    stay = {archived.key(number) for number in (0, DARK, MANUAL, REVISED, IN_STORE)}
    assert {frame.picture_key for frame in frames} == pictures.keys() - stay
    assert list_thinnable.fn(settings, 36_500) == []
    done = thin_batch.fn(settings, frames)
    assert done["thinned"] == COUNT - len(stay)
    assert done["archive_freed_bytes"] > 0
    for key in pictures:
        assert (settings.archive / key).is_file() is (key in stay)
        if key not in stay:
            kept = kept_window(settings.archive, REGISTER, key)
            assert kept is not None
            assert np.array_equal(kept, windows[key])
    assert list_thinnable.fn(settings, 1) == []

    thinned = archived.key(1)
    assert picture_file(settings.archive, thinned) == window_path(settings.archive, REGISTER, thinned)
    copy_pictures([thinned], settings.archive, settings.site)
    shown = decode_picture((settings.site / "pictures" / thinned.removeprefix("images/")).read_bytes())
    kept = kept_window(settings.archive, REGISTER, thinned)
    assert kept is not None
    assert np.array_equal(shown, kept)


def test_a_frame_stays_when_anything_is_odd(archived: "DrawnMeter") -> None:
    settings = load_settings()
    rotten, missing, refused = list_thinnable.fn(settings, 1)[:3]
    path = settings.archive / rotten.picture_key
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    (settings.archive / missing.picture_key).unlink()
    # A folder where the window should go is a disk that refuses.
    window_path(settings.archive, REGISTER, refused.picture_key).mkdir(parents=True)
    assert not thin_one(settings.archive, rotten)
    assert not thin_one(settings.archive, missing)
    with pytest.raises(OSError, match="directory"):
        thin_one(settings.archive, refused)
    assert path.is_file()
    assert (settings.archive / refused.picture_key).is_file()
    assert not window_path(settings.archive, REGISTER, rotten.picture_key).exists()


def thinnable() -> set[str]:
    return {frame.picture_key for frame in list_thinnable.fn(load_settings(), 1)}


def name_another_register(home: Path, *, is_named: bool) -> None:
    """Write a second register into the settings, or take it out again, and let the warehouse know."""
    further = 'registers = [{obis_code = "1-0:2.8.0", window = [8, 8, 88, 28]}]\n'
    path = home / "smartmeter.toml"
    path.write_text(path.read_text() + further if is_named else path.read_text().replace(further, ""))
    prepare_warehouse.fn(load_settings())


def let_another_register_show_the_same(tables: tuple[str, ...], condition: str = "true") -> None:
    with open_warehouse(load_settings().warehouse) as warehouse:
        for table in tables:
            warehouse.script(
                f"insert into {table} by name select * replace ('{OTHER}' as register_id) from {table} "
                f"where register_id = '{REGISTER}' and {condition}"
            )


def test_a_register_that_has_left_the_settings_holds_only_frames_that_it_read(
    archived: "DrawnMeter",
) -> None:
    before = thinnable()
    name_another_register(archived.home, is_named=True)
    assert thinnable() == set()  # until it has read them
    read = min(before)
    let_another_register_show_the_same(("raw.recognitions",), f"picture_key = '{read}'")
    name_another_register(archived.home, is_named=False)
    assert thinnable() == before - {read}


def test_the_first_frame_of_each_registers_day_stays(archived: "DrawnMeter") -> None:
    before = thinnable()
    name_another_register(archived.home, is_named=True)
    let_another_register_show_the_same(("raw.recognitions", "core.register_readings"))
    assert thinnable() == before
    with open_warehouse(load_settings().warehouse) as warehouse:
        warehouse.script(f"update core.registers set timezone = 'UTC' where register_id = '{OTHER}'")
    assert thinnable() == before - {archived.key(4)}  # the first after midnight UTC
