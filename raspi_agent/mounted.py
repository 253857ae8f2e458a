"""Whether a folder that was a mounted share still is one."""

from contextlib import suppress
from pathlib import Path

from raspi_agent import durable
from raspi_agent.store import StoreUnavailable

_ROOT = Path("/")


def lies_on_root(folder: Path, root: Path = _ROOT) -> bool:
    """Whether a folder is a part of the root file system, as a mount point is while nothing is mounted.

    Args:
        folder: one that exists, or is to be made.
        root: any folder of that file system.
    """
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return existing.stat().st_dev == root.stat().st_dev


def check_still_mounted(folder: Path, note: Path, root: Path = _ROOT) -> None:
    """Refuse a folder that lay on a file system of its own when it was last seen, and now does not.

    What is written below an empty mount point counts as sent, and nobody would ever find it there.

    Args:
        folder: one that exists, or is to be made.
        note: the file that remembers it; without it nothing is known and nothing refused.
        root: see `lies_on_root`.

    Raises:
        StoreUnavailable: the share is not mounted.
    """
    is_known = note.is_file() and note.read_text() == f"{folder}\n"
    if lies_on_root(folder, root):
        if is_known:
            message = (
                f"the share at {folder} is not mounted: mount it; "
                f"if it shall be an ordinary folder from now on, remove {note}"
            )
            raise StoreUnavailable(message)
    elif not is_known:
        with suppress(OSError):  # who may not write there only looks on
            durable.replace(note, f"{folder}\n".encode())
