"""Adopt the archive: a new or older warehouse learns of every picture that only the archive still has."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent.open_store import open_store
from raspi_agent.picture_key import parse_picture_key
from tasks.archive import arrival_from_store, keep, note_pictures
from tasks.custody import AHEAD, ARCHIVE_SOURCE, PICTURES
from tasks.kept_windows import FOLDER as WINDOWS
from tasks.set_aside import tell
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)


@step(timeout_s=6 * 3600)
def adopt_archive(settings: Settings) -> int:
    """Note the archive's pictures that the warehouse lacks, those aside that the store brings anyway.

    Looked for where the warehouse is empty, or came back out of a home folder's archive, which may be older
    than the mirror of the pictures. Nothing else would ever bring what a backup has taken out of the store.
    All are noted at once or none, so a kill in between costs time only.
    """
    ahead = settings.home / AHEAD
    with open_warehouse(settings.warehouse) as warehouse:
        if not ahead.exists() and warehouse.query("has_pictures").item():
            return 0
        known = set(warehouse.query("archived_pictures").get_column("picture_key"))
    found = _windows(settings.archive) | _frames(settings.archive)
    files = {key: path for key, path in found.items() if key not in known}
    count = _adopt(settings, files) if files else 0
    ahead.unlink(missing_ok=True)
    return count


def _adopt(settings: Settings, files: Mapping[str, Path]) -> int:
    listed = {each.key for each in open_store(settings.store.url, settings.home).list().revisions}
    cameras = sorted({meter.camera for meter in settings.meters.values()})
    received_at = datetime.now(UTC)
    rows = []
    for key, path in sorted(files.items()):
        if _original(key) in listed:
            continue
        source = f"{ARCHIVE_SOURCE}{key}"
        arrival = arrival_from_store(key, path.read_bytes(), source, cameras, settings.zone)
        # The bytes stay where they are: those of a thinned picture are its window's.
        rows.append(keep(arrival, None, received_at))
    if rows:
        log.warning("adopting %d pictures that only the archive has", len(rows))
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
