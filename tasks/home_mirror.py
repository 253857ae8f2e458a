"""The mirror beside the archives of a home folder: pictures, reports and logs, each brought once."""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from raspi_agent import durable
from tasks.settings import SettingsError

log = logging.getLogger(__name__)
MIRRORED = ("archive", "health", "log")
# What a disk or its owner refuses says nothing about the files that were to come there.
REFUSED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirror was brought.

    Attributes:
        brought: How many files.
        left: The files and folders that can't be read or find no place there, relative to the home folder.
    """

    brought: int
    left: tuple[str, ...] = ()


def mirror(source: Path, target: Path, *, link: bool, whole: bool = False) -> Mirrored:
    """Bring files that a mirror lacks into it, and change none that it has.

    One that can't be read, or finds no place there, is told, and holds up no other.

    Args:
        source: A home folder, or a mirror.
        target: A mirror, or a home folder.
        link: A second name for the same bytes, which takes no room, instead of a copy.
        whole: Refuse where this user may not read something, which a change of owner or mode mends.

    Raises:
        OSError: The disk is full or refuses, or, where it has to come whole, something may not be read.
        SettingsError: Nothing can be linked there, as to another disk.
    """
    count, unread, homeless = 0, list[OSError](), list[OSError]()
    note = partial(_note, unread, whole=whole)
    for path in _mirrored(source, note):
        try:
            count += path.is_file() and _bring(path, target / path.relative_to(source), link=link)
        except OSError as error:
            if unreadable := _unreadable(path):
                note(unreadable)
            elif error.errno in REFUSED:
                raise refused(path.name, target.parent, error) from error
            elif not _takes_files(target):
                raise
            else:
                homeless.append(OSError(error.errno, error.strerror, str(path)))
    _tell(unread, homeless, target)
    left = tuple(Path(each.filename).relative_to(source).as_posix() for each in (*unread, *homeless))
    return Mirrored(count, left)


def _note(unread: list[OSError], error: OSError, *, whole: bool) -> None:
    """Note what can't be read; what has gone since it was listed is no loss."""
    if whole and error.errno in FORBIDDEN:
        raise OSError(
            f"{error.filename} can't be read: {error.strerror}. "
            "Let this user read what is in the mirror, and do the same once more."
        )
    if error.errno != errno.ENOENT:
        unread.append(error)


def _tell(unread: Sequence[OSError], homeless: Sequence[OSError], target: Path) -> None:
    if unread:
        log.warning(
            "%d files or folders can't be read and are missing in %s, like %s: %s; all others are there. Let "
            "this user read them, or restore them, and the next backup brings them.",
            len(unread), target, unread[0].filename, unread[0].strerror,
        )  # fmt: skip
    if homeless:
        log.warning(
            "%d files can't be brought to %s, like %s: %s; all others are there. Where a disk takes no such "
            "names, as FAT and exFAT take none with a colon, one formatted as ext4 does.",
            len(homeless), target, homeless[0].filename, homeless[0].strerror,
        )  # fmt: skip


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
        if error.errno not in NO_LINKS or _unreadable(path):
            raise
        raise SettingsError(
            f"{path.name} can't be linked to {draft.parent}: {error.strerror}. Links need one disk that has "
            'them. Copy instead: --pictures copy, or home_pictures = "copy" in the settings; '
            "to restore a home, leave --link out."
        ) from error


def _mirrored(home: Path, note: Callable[[OSError], None]) -> Iterator[Path]:
    """What is to be mirrored; a folder that can't be looked into is passed over once it is noted."""
    for top in MIRRORED:
        for folder, folders, names in os.walk(home / top, onerror=note):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _unreadable(path: Path) -> OSError | None:
    """What keeps a file's bytes from being read, if anything does."""
    try:
        with path.open("rb") as file:
            while file.read(BLOCK):
                pass
    except OSError as error:
        return OSError(error.errno, error.strerror, str(path))
    return None
