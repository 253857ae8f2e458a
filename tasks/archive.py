"""The archive: every picture that ever arrived, kept as it came, with what is known about it."""

import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import polars as pl
from polars._typing import PolarsDataType

from models.picture import Inspection, inspect_picture
from raspi_agent.capture_facts import format_facts, read_facts
from raspi_agent.content_hash import content_hash
from raspi_agent.durable import make_folder, move_without_replacing, sync_file, write_new
from raspi_agent.picture_key import PictureKey, imported_key, names_of, parse_picture_key
from tasks.set_aside import SetAside
from tasks.settings import Settings
from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures

DRAFTS = ".drafts"
UNDATED = "/undated/i"  # in the key of an imported picture whose time nobody knows
LARGEST_BYTES = 64_000_000  # what is larger is no picture of a meter
LEFT_OVER_S = 3600.0
CLOCK_TOLERANCE = timedelta(minutes=10)
PICTURE_SCHEMA: dict[str, PolarsDataType] = {
    "picture_key": pl.String,
    "camera": pl.String,
    "taken_at": pl.Datetime("us", "UTC"),
    "time_source": pl.String,
    "received_at": pl.Datetime("us", "UTC"),
    "content_sha256": pl.String,
    "size_bytes": pl.Int64,
    "media_type": pl.String,
    "width": pl.Int32,
    "height": pl.Int32,
    "reason": pl.String,
    "facts": pl.String,
    "source": pl.String,
}
# 20221122_040130Z, IMG-2022-11-22T04.01.30, 2022-11-22T04-01-30.123+01:00 and the like; -0100 may count
_TIME_IN_NAME = re.compile(
    r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[-:.h]?(\d\d)[-:.m]?(\d\d)(?!\d)"
    r"(?:(?:[-.,_]\d{1,9})?"
    r"(?:(?P<utc>Z)(?![a-z])|(?P<offset>\+[01]\d[-:.]?(?:00|15|30|45)|-[01]\d:(?:00|30))(?!\d)))?"
)


class NoPlace(OSError):  # noqa: N818 - what the archive has for it
    """Something else has the picture's place in the archive; the message names it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A picture on its way into the archive.

    Attributes:
        key: Its picture key, or the name it had in the store where that follows no contract.
        data: The bytes as they came.
        camera: Whose picture it is.
        taken_at: UTC, or None when nobody knows.
        time_source: name, exif, labels, boot or unknown.
        source: Where it came from, for people.
    """

    key: str
    data: bytes
    camera: str
    taken_at: datetime | None
    time_source: str
    source: str


def arrival_from_store(key: str, data: bytes, source: str, cameras: Sequence[str], zone: ZoneInfo) -> Arrival:
    """What a picture's key says about it; keys of no known form keep their picture, without a time."""
    parsed = parse_picture_key(key)
    taken_at, time_source = (None, "unknown") if parsed is None else _time_of_key(parsed, zone)
    # a camera without a clock writes a wrong time into its pictures too: `date_by_boot` finds the right one
    if taken_at is None and (parsed is None or parsed.boot is None):
        taken_at, time_source = _exif_time(inspect_picture(data), zone)
    return Arrival(key, data, _camera_of(key, parsed, cameras), taken_at, time_source, source)


def arrival_from_file(
    path: Path, data: bytes, camera: str, told: tuple[datetime, str] | None, zone: ZoneInfo
) -> Arrival:
    """An existing picture file under a picture key of its own.

    Args:
        path: Of the file.
        data: Its bytes.
        camera: Whose picture it is.
        told: When it was taken (UTC) by its label or name, and which of them told; else EXIF is asked.
        zone: What the camera's clock was set to.
    """
    taken_at, time_source = told or _exif_time(inspect_picture(data), zone)
    key = _imported_key(path, data, camera, taken_at)
    return Arrival(key, data, camera, taken_at, time_source, in_words(path))


def in_words(path: Path) -> str:
    """A path as text that can be stored and shown, also where old names are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def time_of_name(stem: str) -> datetime | None:
    """The time in a file's name: UTC after a Z or an offset, else naive, as the camera's clock showed it."""
    match = _TIME_IN_NAME.search(stem)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(match[part]) for part in range(1, 7))
        shown = datetime(year, month, day, hour, minute, second, tzinfo=UTC if match["utc"] else None)
        return (shown - _offset(match["offset"])).replace(tzinfo=UTC) if match["offset"] else shown
    except (ValueError, OverflowError):
        return None


def keep(arrival: Arrival, archive: Path | None, received_at: datetime) -> dict[str, object]:
    """Store the bytes durably, never replacing others, and return the picture's row.

    Args:
        arrival: The picture.
        archive: The archive's folder; None where the bytes are in it already.
        received_at: UTC, now.

    Returns:
        A row of PICTURE_SCHEMA; `reason` says why the picture can't be read, null when it can.

    Raises:
        NoPlace: Something else has the key's place in the archive.
        OSError: The disk is full or refuses.
    """
    digest = hashlib.sha256(arrival.data).hexdigest()
    key = arrival.key if archive is None else _store(archive, arrival.key, arrival.data)
    inspection = inspect_picture(arrival.data)
    facts = read_facts(arrival.data)
    reason: str | None = inspection.reason
    if reason is None and arrival.taken_at is None:
        reason = "no_time"
    if reason is None and arrival.taken_at is not None and arrival.taken_at > received_at + CLOCK_TOLERANCE:
        reason = "from_the_future"
    return {
        "picture_key": key,
        "camera": arrival.camera,
        "taken_at": arrival.taken_at,
        "time_source": arrival.time_source,
        "received_at": received_at,
        "content_sha256": digest,
        "size_bytes": len(arrival.data),
        "media_type": inspection.media_type,
        "width": inspection.width,
        "height": inspection.height,
        "reason": reason,
        "facts": format_facts(facts) if facts else None,
        "source": arrival.source,
    }


def save_arrivals(settings: Settings, arrivals: Iterable[Arrival]) -> list[SetAside]:
    """Archive these pictures and note each with what is known about it; return those that can't be read."""
    received_at = datetime.now(UTC)
    rows = [keep(arrival, settings.archive, received_at) for arrival in arrivals]
    return note_pictures(settings, rows, name="source")


def note_pictures(
    settings: Settings, pictures: Sequence[dict[str, object]], name: str = "picture_key"
) -> list[SetAside]:
    """Note archived pictures in the warehouse; return those that can't be read.

    Args:
        settings: Where the warehouse is.
        pictures: Rows of `keep`.
        name: The column that people know a picture by.
    """
    rows = pl.DataFrame(pictures, schema=PICTURE_SCHEMA)
    with open_warehouse(settings.warehouse) as warehouse:
        load_pictures(warehouse, rows)
    return [SetAside(*row) for row in rows.select(name, "reason").drop_nulls("reason").iter_rows()]


def sweep_drafts(archive: Path, older_than_s: float = LEFT_OVER_S) -> int:
    """Clear away what a kill left half done, or done and also under its draft's name; return how many."""
    drafts = archive / DRAFTS
    if not drafts.is_dir():
        return 0
    old = [draft for draft in drafts.iterdir() if time.time() - draft.stat().st_ctime > older_than_s]
    for draft in old:
        draft.unlink(missing_ok=True)
    return len(old)


def _store(archive: Path, key: str, data: bytes) -> str:
    """Write once; the same bytes again change nothing, other bytes get a name beside, as in the store."""
    names = names_of(key, content_hash(data))
    if blocker := _in_the_way(archive, key):
        raise NoPlace(f"{blocker} is in its way")
    for name in names:
        target = archive / name
        if target.exists() and target.read_bytes() == data:
            sync_file(target)  # whoever wrote it may have been killed before
            return name
    for name in (key, *names):
        if not (archive / name).exists() and _publish(archive, name, data):
            return name
    raise NoPlace(f"{archive / key} and its twin are taken by other bytes; compare the three by hand")


def _in_the_way(archive: Path, key: str) -> Path | None:
    """The folder that has a key's name, or the file that has its folder's: names were used both ways."""
    folders = [archive / each for each in PurePosixPath(key).parents]
    return next(
        (each for each in folders if each.is_file()), archive / key if (archive / key).is_dir() else None
    )


def _publish(archive: Path, name: str, data: bytes) -> bool:
    """Write bytes to the disk and then give them the name; False when somebody was quicker."""
    make_folder(archive / DRAFTS)
    make_folder((archive / name).parent)
    draft = archive / DRAFTS / uuid.uuid4().hex
    write_new(draft, data)
    if move_without_replacing(draft, archive / name):
        return True
    draft.unlink(missing_ok=True)
    return False


def _camera_of(key: str, parsed: PictureKey | None, cameras: Sequence[str]) -> str:
    if parsed is not None and parsed.camera is not None:
        return parsed.camera
    parts = key.split("/")
    if parsed is None and len(parts) > 2 and parts[0] == "images":  # noqa: PLR2004  (images/<camera>/name)
        return parts[1]
    # The original's flat names say no camera: with one camera there is no doubt.
    return cameras[0] if len(cameras) == 1 else "unknown"


def _time_of_key(parsed: PictureKey, zone: ZoneInfo) -> tuple[datetime | None, str]:
    if parsed.taken_at is not None:
        return parsed.taken_at, "name"
    if parsed.taken_local is not None:
        return parsed.taken_local.replace(tzinfo=zone).astimezone(UTC), "name"
    return None, "unknown"


def _offset(text: str) -> timedelta:
    """Of +01:00 and the like, how far a clock that shows it is ahead of UTC."""
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -ahead if text.startswith("-") else ahead


def _imported_key(path: Path, data: bytes, camera: str, taken_at: datetime | None) -> str:
    digest = hashlib.sha256(data).hexdigest()
    if taken_at is None:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[-80:]
        return f"images/{camera}{UNDATED}{digest[:8]}_{name}"
    suffix = path.suffix.lower().lstrip(".")
    extension = suffix if re.fullmatch(r"jpe?g|png|bmp|webp|gif|tiff?", suffix) else "jpg"
    return imported_key(camera, taken_at, digest, extension)


def _exif_time(inspection: Inspection, zone: ZoneInfo) -> tuple[datetime | None, str]:
    if inspection.exif_taken_at is None:
        return None, "unknown"
    return inspection.exif_taken_at.replace(tzinfo=zone).astimezone(UTC), "exif"
