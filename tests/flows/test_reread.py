"""Reading the past again after the camera was moved, through the window that the settings name now."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from flows.finding import write_window
from models.rendering.meter import draw_frame, encode_jpeg, register_corners
from models.window import Window
from tasks.decode import adopt_rereading, compare_rereading, decode_series
from tasks.fetch import fetch_batch, list_new_pictures, prepare_warehouse
from tasks.kept_windows import window_path
from tasks.recognize import list_pictures_to_reread, list_unread_pictures, recognize_batch, rereading_of
from tasks.settings import load_settings
from tests.flows.conftest import FACE, START_UNITS, STEP_UNITS, read_by_an_oracle
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

REGISTER = "home/1-0:1.8.0"
BEFORE, AFTER, DOWN = 5, 4, 130


def test_what_was_read_before_the_camera_was_moved_stays(drawn_meter: "DrawnMeter") -> None:
    settings = load_settings()
    drawn_meter.fill(range(BEFORE))
    for number in range(BEFORE, BEFORE + AFTER):
        frame = draw_frame(FACE, float(START_UNITS + STEP_UNITS * number), seed=number)
        drawn_meter.put(drawn_meter.key(number), encode_jpeg(np.roll(frame, DOWN, axis=0)))
    prepare_warehouse.fn(settings)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    recognize_batch.fn(settings, REGISTER, list_unread_pictures.fn(settings, REGISTER))
    decode_series.fn(settings, REGISTER)

    a, b, c, d = ((x, y + DOWN) for x, y in register_corners(FACE))
    write_window(settings, "home", Window((a, b, c, d)))
    settings = load_settings()
    rereading = rereading_of(settings, REGISTER, None, None)
    recognize_batch.fn(settings, REGISTER, list_pictures_to_reread.fn(settings, rereading))
    with open_warehouse(settings.warehouse) as warehouse:
        every = warehouse.sql("select reader_version, reason from raw.recognitions order by taken_at")
    again = every.filter(pl.col("reader_version") == rereading.reader_version)
    assert again["reason"].to_list() == ["moved"] * BEFORE + [None] * AFTER
    assert compare_rereading.fn(settings, rereading)["counts"] == {"read now": AFTER, "unchanged": BEFORE}
    adopt_rereading.fn(settings, rereading)
    decode_series.fn(settings, REGISTER)
    with open_warehouse(settings.warehouse) as warehouse:
        readings = warehouse.sql("select value_wh from core.register_readings order by read_at")
    assert readings["value_wh"].to_list() == [drawn_meter.value_wh(n) for n in range(BEFORE + AFTER)]


def test_pictures_that_are_not_in_the_archive_are_not_read_again(drawn_meter: "DrawnMeter") -> None:
    read_by_an_oracle(drawn_meter, BEFORE)
    settings = load_settings()
    rereading = rereading_of(settings, REGISTER, None, None)
    thinned, gone, *others = reversed([drawn_meter.key(number) for number in range(BEFORE)])
    kept = window_path(settings.archive, REGISTER, thinned)
    kept.parent.mkdir(parents=True)
    (settings.archive / thinned).rename(kept)
    (settings.archive / gone).unlink()
    again = list_pictures_to_reread.fn(settings, rereading)
    assert [each.key for each in again] == [thinned, *others]
