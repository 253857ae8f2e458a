"""Recognize: what the reader sees in each picture, every candidate of it."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from polars._typing import PolarsDataType

from models.recognizer import Recognition, load_recognizer
from tasks.kept_windows import kept_window, picture_file
from tasks.settings import MeterSettings, Settings
from tasks.step import step
from tasks.windows import Seen, read_seen, windows_of
from warehouse.connection import open_warehouse
from warehouse.loading import finish, load_recognitions, pending_work
from warehouse.reread import Rereading

log = logging.getLogger(__name__)

RECOGNITION_SCHEMA: dict[str, PolarsDataType] = {
    "picture_key": pl.String,
    "register_id": pl.String,
    "reader": pl.String,
    "reader_version": pl.String,
    "taken_at": pl.Datetime("us", "UTC"),
    "recognised_at": pl.Datetime("us", "UTC"),
    "reason": pl.String,
    "milliseconds": pl.Float64,
    "window_corners": pl.String,
    "orientation": pl.String,
    "tenth": pl.UInt8,
}
CANDIDATE_SCHEMA: dict[str, PolarsDataType] = {
    "picture_key": pl.String,
    "register_id": pl.String,
    "reader": pl.String,
    "reader_version": pl.String,
    "rank": pl.UInt8,
    "text": pl.String,
    "half_step": pl.Boolean,
    "value_units": pl.Int64,
    "probability": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class ArchivedPicture:
    """A picture that can be read: its key, and when it was taken."""

    key: str
    taken_at: datetime


@step(timeout_s=600)
def list_unread_pictures(settings: Settings, register_id: str) -> list[ArchivedPicture]:
    """The register's pictures that nobody has read, oldest first."""
    with open_warehouse(settings.warehouse) as warehouse:
        pending = pending_work(warehouse, register_id, "read")
        if not pending.marks:
            return []
        unread = warehouse.query("unread_pictures", register_id=register_id, since=pending.from_at)
        if unread.is_empty():
            finish(warehouse, pending)
    log.info("%s: %d pictures to read", register_id, unread.height)
    return [ArchivedPicture(*row) for row in unread.iter_rows()]


@step(timeout_s=600)
def list_pictures_to_reread(settings: Settings, rereading: Rereading) -> list[ArchivedPicture]:
    """Pictures of a span that today's reader has not read through today's window, newest first.

    Those that are not in the archive are left out: what was read of them is all that can be known.
    """
    with open_warehouse(settings.warehouse) as warehouse:
        found = warehouse.query("reread_pictures", **asdict(rereading))
    unread = [ArchivedPicture(*row) for row in found.iter_rows()]
    there = [each for each in unread if picture_file(settings.archive, each.key, rereading.register_id)]
    if gone := len(unread) - len(there):
        log.warning(
            "%s: %d pictures are not in %s and can't be read again; what was read of them stays",
            rereading.register_id,
            gone,
            settings.archive,
        )
    return there


def rereading_of(
    settings: Settings, register_id: str, from_at: datetime | None, to_at: datetime | None
) -> Rereading:
    """A span of a register's pictures, as today's reader sees them through today's window."""
    recognizer = load_recognizer(settings.reader.model, settings.reader.engine)
    version = reader_version(recognizer.version, settings.face(register_id))
    return Rereading(register_id, recognizer.name, version, from_at, to_at)


@step(timeout_s=1800)
def recognize_batch(settings: Settings, register_id: str, pictures: Sequence[ArchivedPicture]) -> int:
    """Read these pictures and keep every candidate; return how many could be read."""
    chosen = settings.face(register_id)
    taken_at = {picture.key: picture.taken_at for picture in pictures}
    recognizer = load_recognizer(settings.reader.model, settings.reader.engine)
    frames = [key for key in taken_at if (settings.archive / key).is_file()]
    seen = windows_of(settings, register_id, frames, recognizer)
    for key in taken_at.keys() - seen.keys():
        cut = kept_window(settings.archive, register_id, key)
        seen[key] = Seen(None, cut, None if cut is not None else "unreadable_picture")
    recognitions = read_seen(recognizer, seen, chosen.digits)
    common = {
        "register_id": register_id,
        "reader": recognizer.name,
        "reader_version": reader_version(recognizer.version, chosen),
    }
    rows = [
        _recognition_row(key, recognitions.get(key), seen[key]) | common | {"taken_at": at}
        for key, at in taken_at.items()
    ]
    candidates = [
        row | common for key, each in recognitions.items() for row in candidate_rows(key, each, chosen.digits)
    ]
    with open_warehouse(settings.warehouse) as warehouse:
        load_recognitions(
            warehouse,
            pl.DataFrame(rows, schema=RECOGNITION_SCHEMA),
            pl.DataFrame(candidates, schema=CANDIDATE_SCHEMA),
        )
    read = sum(each.reason is None for each in recognitions.values())
    log.info("%s: read %d of %d pictures", register_id, read, len(pictures))
    return read


def reader_version(weights: str, meter: MeterSettings) -> str:
    """What decides how a picture is read: the reader's weights, and the settings of the register's window."""
    look = json.dumps([meter.window, meter.mirror, meter.rotation, meter.digits])
    return f"{weights}-{hashlib.sha256(look.encode()).hexdigest()[:6]}"


def candidate_rows(key: str, recognition: Recognition, digits: int) -> list[dict[str, Any]]:
    """The candidates of a recognition as rows; a text with the wrong number of digits has no value."""
    return [
        {
            "picture_key": key,
            "rank": rank,
            "text": candidate.text,
            "half_step": candidate.half_step,
            "value_units": int(candidate.text)
            if len(candidate.text) == digits and candidate.text.isascii() and candidate.text.isdigit()
            else None,
            "probability": candidate.probability,
        }
        for rank, candidate in enumerate(recognition.candidates, start=1)
    ]


def _recognition_row(key: str, recognition: Recognition | None, seen: Seen) -> dict[str, Any]:
    return {
        "picture_key": key,
        "recognised_at": datetime.now(UTC),
        "reason": seen.reason if recognition is None else recognition.reason,
        "milliseconds": None if recognition is None else recognition.milliseconds,
        "window_corners": None if seen.window is None else json.dumps(seen.window.corners),
        "orientation": "upright-0" if seen.window is None else seen.window.orientation,
        "tenth": None if recognition is None else recognition.tenth,
    }
