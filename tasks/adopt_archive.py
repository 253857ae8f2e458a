"""Adopt the archive: a new warehouse learns of every picture that only the archive still has."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent.open_store import open_store
from raspi_agent.picture_key import parse_picture_key
from tasks.archive import arrival_from_store, keep, note_pictures
from tasks.custody import ARCHIVE_SOURCE, PICTURES
from tasks.kept_windows import FOLDER as WINDOWS
from tasks.set_aside import tell
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)


@step(timeout_s=6 * 3600)
def adopt_archive(settings: Settings) -> int:
    """Note the archive's pictures in an empty warehouse, those aside that the store brings anyway.

    Whoever removed the warehouse, or lost it, would else lose every picture that a backup has taken out of
    the store. All are noted at once or none, so a kill in between costs time only.
    """
    with open_warehouse(settings.warehouse) as warehouse:
        if warehouse.query("archived_pictures").height:
            return 0
    frames, windows = _frames(settings.archive), _windows(settings.archive)
    if not frames and not windows:
        return 0
    listed = {each.key for each in open_store(settings.store.url, settings.home).list().revisions}
    files = {key: path for key, path in (windows | frames).items() if _original(key) not in listed}
    log.warning("the warehouse is empty: adopting %d pictures that only the archive has", len(files))
    cameras = sorted({meter.camera for meter in settings.meters.values()})
    received_at = datetime.now(UTC)
    rows = []
    for key, path in sorted(files.items()):
        source = f"{ARCHIVE_SOURCE}{key}"
        arrival = arrival_from_store(key, path.read_bytes(), source, cameras, settings.zone)
        # The bytes stay where they are: those of a thinned picture are its window's.
        rows.append(keep(arrival, None, received_at))
    if rows:
        tell(note_pictures(settings, rows))
    return len(rows)


def _frames(archive: Path) -> dict[str, Path]:
    """Whole pictures by key."""
    folder = archive / PICTURES
    return {path.relative_to(archive).as_posix(): path for path in folder.rglob("*") if _is_ours(path)}


def _windows(archive: Path) -> dict[str, Path]:
    """Windows of thinned pictures by the key of the picture: any one of its registers will do."""
    found = {}
    for register in sorted((archive / WINDOWS).iterdir()) if (archive / WINDOWS).is_dir() else []:
        for path in register.rglob("*.png"):
            if _is_ours(path):
                found[f"{PICTURES}{path.relative_to(register).as_posix().removesuffix('.png')}"] = path
    return found


def _is_ours(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _original(key: str) -> str:
    """The key in the store that a picture had, also where other bytes had its name in the archive."""
    picture = parse_picture_key(key)
    return key if picture is None or picture.twin is None else key.replace(f"~{picture.twin}", "")
