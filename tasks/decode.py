"""Decode: from every picture's candidates to what the register really showed."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tasks.metering.readings import DecodedSeries, decode_readings
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import Warehouse, open_warehouse
from warehouse.events import note_proposal
from warehouse.loading import Pending, SavedReadings, pending_work, save_readings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What has to be decoded: the window of recognitions, its anchor, and how far its results count."""

    pending: Pending
    window: pl.DataFrame
    anchor: tuple[datetime, int] | None
    kept_until: datetime | None


@step(timeout_s=1800)
def decode_series(settings: Settings, register_id: str) -> int:
    """Decode the series from a settled reading well before what is new; return how many rows changed."""
    return decode_pending(settings, register_id)


def decode_pending(settings: Settings, register_id: str, *, to_the_end: bool = False) -> int:
    """As the step does, for commands that wait for it; `to_the_end` goes on to the newest picture."""
    with open_warehouse(settings.warehouse) as warehouse:
        work = find_work(warehouse, register_id, to_the_end=to_the_end)
    if work is None:
        log.info("%s: no new recognitions", register_id)
        return 0
    # A year takes seconds to decode; nobody waits for the file meanwhile.
    series = decode_readings(work.window, settings.register(register_id), anchor=work.anchor)
    if work.kept_until is not None and not joins_what_is_known(work, series.readings):
        return decode_pending(settings, register_id, to_the_end=True)
    with open_warehouse(settings.warehouse) as warehouse:
        saved = save(warehouse, register_id, work, series)
    log.info("%s: %d pictures decoded, %s", register_id, work.window.height, saved)
    return saved.inserted + saved.revised


def find_work(warehouse: Warehouse, register_id: str, *, to_the_end: bool = False) -> Work | None:
    """What is waiting to be decoded, None when nothing is.

    A change in the past is decoded as far as its results can differ; `to_the_end` goes on to the newest.
    """
    pending = pending_work(warehouse, register_id, "decode")
    if not pending.marks:
        return None
    ends: dict[str, Any] = {"anchor_at": None, "anchor_wh": None, "kept_until": None, "end_at": None}
    if pending.from_at is not None:
        found = warehouse.query("decoding_anchor", register_id=register_id, from_at=pending.from_at)
        ends |= found.row(0, named=True) if found.height else {}
    if pending.to_at is not None and not to_the_end:
        found = warehouse.query("decoding_end", register_id=register_id, to_at=pending.to_at)
        ends |= found.row(0, named=True) if found.height else {}
    window = warehouse.query(
        "decoding_window", register_id=register_id, since=ends["anchor_at"], until=ends["end_at"]
    )
    anchor = None if ends["anchor_at"] is None else (ends["anchor_at"], ends["anchor_wh"])
    return Work(pending, window, anchor, ends["kept_until"])


def joins_what_is_known(work: Work, readings: pl.DataFrame) -> bool:
    """Whether the readings beyond the span that counts are the ones known already: the rest stands."""
    beyond = readings.filter(pl.col("read_at") > work.kept_until).join(
        work.window.select("picture_key", "known_wh"), on="picture_key", how="left"
    )
    return beyond.filter(pl.col("value_wh").ne_missing(pl.col("known_wh"))).is_empty()


def save(warehouse: Warehouse, register_id: str, work: Work, series: DecodedSeries) -> SavedReadings:
    """Save what was decoded, and a break that the decoder found for a person to judge."""
    counting = series.readings
    if work.kept_until is not None:
        counting = counting.filter(pl.col("read_at") <= work.kept_until)
    saved = save_readings(warehouse, counting, work.pending)
    window_at = work.window["taken_at"].min()
    if isinstance(window_at, datetime):
        note_proposal(warehouse, register_id, window_at, None)
    return saved
