"""Files that survive a power cut: written, synced, and published without replacing anything."""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def make_folder(folder: Path) -> None:
    """Make a folder and its parents so that a power cut does not take them back."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Return once the folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Return once a file that somebody else has written, and its name, are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> None:
    """Write a new file and return once its bytes are on the disk.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: the disk is full or refuses; nothing of the file is left behind.
    """
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace(path: Path, data: bytes) -> None:
    """Give a file new bytes: after a power cut it has either the old ones or the new ones, whole.

    For one writer at a time.
    """
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    write_new(draft, data)
    draft.replace(path)
    sync_folder(path.parent)


def move_without_replacing(source: Path, target: Path) -> bool:
    """Move a file within one file system; False, and nothing moved, when the target's name is taken.

    A kill in between can leave the file under both names, never under none.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # FAT and some network shares have no hard links
        if not _rename_without_replacing(source, target):
            return False
        sync_folder(target.parent)
        return True
    sync_folder(target.parent)
    source.unlink(missing_ok=True)
    return True


def _rename_without_replacing(source: Path, target: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    names = (_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target))
    if libc.renameat2(*names, _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))
