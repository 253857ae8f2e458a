"""The mirror beside the archives of a home folder: pictures, reports and logs, each brought once."""

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from raspi_agent import durable
from tasks.settings import SettingsError

log = logging.getLogger(__name__)
MIRRORED = ("archive", "health", "log")
# What a disk or its owner refuses says nothing about the files that were to come there.
REFUSED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})
NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def mirror(source: Path, target: Path, *, link: bool) -> int:
    """Bring files that a mirror lacks into it, and change none that it has; return how many came.

    One that finds no place there is told, and holds up no other.

    Args:
        source: A home folder, or a mirror.
        target: A mirror, or a home folder.
        link: A second name for the same bytes, which takes no room, instead of a copy.

    Raises:
        OSError: The disk is full or refuses.
        SettingsError: Nothing can be linked there, as to another disk.
    """
    count = 0
    left: list[tuple[Path, OSError]] = []
    for path in _mirrored(source):
        name = path.relative_to(source)
        try:
            count += _bring(path, target / name, link=link)
        except OSError as error:
            if error.errno in REFUSED:
                raise refused(path.name, target.parent, error) from error
            if not _takes_files(target):
                raise
            left.append((name, error))
    if left:
        log.warning(
            "%d files can't be brought to %s, like %s: %s; all others are there. Where a disk takes no such "
            "names, as FAT and exFAT take none with a colon, one formatted as ext4 does.",
            len(left), target, left[0][0], left[0][1].strerror,
        )  # fmt: skip
    return count


def refused(what: str, where: Path | str, error: OSError) -> OSError:
    """What to tell when a disk takes no more: the file, the place and the remedy."""
    return OSError(
        f"{what} can't be brought to {where}: {error.strerror}. "
        "Make room there, or allow what was refused, and do the same once more."
    )


def _bring(path: Path, there: Path, *, link: bool) -> bool:
    """Bring one file; False when it is there already."""
    if there.exists():
        return False
    durable.make_folder(there.parent)
    draft = there.with_name(f".{there.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        if link:
            _link(path, draft)
        else:
            shutil.copy2(path, draft)
            durable.sync_file(draft)
        draft.replace(there)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return True


def _takes_files(folder: Path) -> bool:
    """Whether a file of an ordinary name finds its place in a folder."""
    try:
        durable.make_folder(folder)
        durable.replace(folder / ".takes-files", b"yes")
        (folder / ".takes-files").unlink()
    except OSError:
        return False
    return True


def _link(path: Path, draft: Path) -> None:
    try:
        os.link(path, draft)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        raise SettingsError(
            f"{path.name} can't be linked to {draft.parent}: {error.strerror}. Links need one disk that has "
            'them. Copy instead: --pictures copy, or home_pictures = "copy" in the settings; '
            "to restore a home, leave --link out."
        ) from error


def _mirrored(home: Path) -> Iterator[Path]:
    for name in MIRRORED:
        for path in sorted((home / name).rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(home).parts):
                yield path
