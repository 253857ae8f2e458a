"""All files below a folder, whatever else people keep there."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from raspi_agent.settled_files import is_temporary_name
from raspi_agent.store import is_too_long

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Walked:
    """What lies below a folder.

    Attributes:
        files: each regular file's path relative to the folder, and its status.
        hidden: files and folders that this user may not look at; what is in them is not known.
    """

    files: tuple[tuple[str, os.stat_result], ...]
    hidden: tuple[str, ...]


def walk(root: Path) -> Walked:
    """Every regular file with its key; links are not followed, they may lead out of the store.

    Raises:
        OSError: the folder itself can't be read, or its disk does not answer.
    """
    files: list[tuple[str, os.stat_result]] = []
    hidden: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = _entries(root / folder)
        except PermissionError:
            if not folder:
                raise
            hidden.append(folder.removesuffix("/"))
            continue
        for entry in entries:
            key = f"{folder}{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{key}/")
                elif entry.is_file(follow_symlinks=False):
                    files.append((key, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:  # deleted meanwhile
                continue
            except PermissionError:
                hidden.append(key)
    return Walked(tuple(files), tuple(hidden))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return [
            each for each in found if not is_temporary_name(each.name) and _is_storable(each.name, folder)
        ]


def _is_storable(name: str, folder: Path) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        _log.warning("%r in %s is not listed: its name is not UTF-8; rename it", name, folder)
        return False
    if "\\" in name:
        _log.warning("%r in %s is not listed: its name has a backslash; rename it", name, folder)
        return False
    if is_too_long(name):
        _log.warning("%r in %s is not listed: its name is too long; rename it", name, folder)
        return False
    return True
