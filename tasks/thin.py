"""Thin: old whole frames leave the archive on a person's word; what proves a number stays as its window."""

import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.picture import UnreadablePicture, decode_picture
from models.window import Window, cut_window
from raspi_agent import durable
from raspi_agent.open_store import open_store
from tasks.custody import read_from_disk, sha256_of, store_key
from tasks.kept_windows import window_path
from tasks.settings import Settings
from tasks.step import LISTING_S, step
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)
BATCH = 256


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole picture that may be thinned, and the windows to be kept of it: register and corners."""

    picture_key: str
    content_sha256: str
    size_bytes: int
    windows: tuple[tuple[str, str], ...]


@step(timeout_s=LISTING_S)
def list_thinnable(settings: Settings, older_than_days: float) -> list[Frame]:
    """The frames that may go: measured and settled long ago, no longer in the store, not the day's first."""
    before = datetime.now(UTC) - timedelta(days=older_than_days)
    with open_warehouse(settings.warehouse) as warehouse:
        rows = warehouse.query("thinnable_pictures", before=before)
    listing = open_store(settings.store.url, settings.home).list()
    listed = {each.key for each in listing.revisions}

    def may_be_stored(row: dict[str, Any]) -> bool:
        key = store_key(row["source"], settings.store.url) or row["picture_key"]
        return key in listed or listing.may_hide(key)

    return [
        Frame(
            row["picture_key"],
            row["content_sha256"],
            row["size_bytes"],
            tuple(zip(row["register_ids"], row["window_corners"], strict=True)),
        )
        for row in rows.iter_rows(named=True)
        if not may_be_stored(row) and (settings.archive / row["picture_key"]).is_file()
    ]


@step(timeout_s=3600)
def thin_batch(settings: Settings, frames: Sequence[Frame]) -> dict[str, int]:
    """Keep the windows of these frames and remove the frames; return how many went and how many bytes."""
    thinned = [each for each in frames if thin_one(settings.archive, each)]
    kept_bytes = sum(
        window_path(settings.archive, register_id, each.picture_key).stat().st_size
        for each in thinned
        for register_id, _ in each.windows
    )
    freed_bytes = sum(each.size_bytes for each in thinned) - kept_bytes
    return {"thinned": len(thinned), "archive_freed_bytes": freed_bytes}


def thin_one(archive: Path, frame: Frame) -> bool:
    """Remove a frame once each of its windows has been read back from the disk, pixel for pixel.

    A kill in between leaves the frame, or both. A frame that is not what it was stays.
    """
    path = archive / frame.picture_key
    data = read_from_disk(path)
    if data is None or sha256_of(data) != frame.content_sha256:
        log.warning("%s stays: it is missing or damaged in the archive", frame.picture_key)
        return False
    try:
        picture = decode_picture(data)
        cuts = {
            window_path(archive, register_id, frame.picture_key): cut_window(picture, _window(corners))
            for register_id, corners in frame.windows
        }
    except (UnreadablePicture, ValueError) as error:
        log.warning("%s stays: its window can't be cut (%s)", frame.picture_key, error)
        return False
    for target, cut in cuts.items():
        durable.make_folder(target.parent)
        durable.replace(target, _as_png(cut))
        kept = read_from_disk(target)
        if kept is None or not np.array_equal(decode_picture(kept), cut):
            log.warning("%s stays: its window did not reach the disk whole", frame.picture_key)
            return False
    path.unlink()
    durable.sync_folder(path.parent)
    return True


def _window(corners: str) -> Window:
    (a, b), (c, d), (e, f), (g, h) = json.loads(corners)
    return Window(((a, b), (c, d), (e, f), (g, h)))


def _as_png(cut: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(cut).save(stream, "PNG")
    return stream.getvalue()
