"""Which store a URL means."""

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from raspi_agent.folder_store import FolderStore
from raspi_agent.store import Store
from raspi_agent.users_folder import users_folder

_MOUNT_NOTE = "store-is-mounted"


def open_store(url: str, home: Path) -> Store:
    """The store at a URL; nothing is asked of it yet.

    Args:
        url: `file:` and a folder, a relative one within the home folder, which is made when it is needed;
            any other must exist. Or `dropbox:/` and a folder of the linked Dropbox, `dropbox:/` alone for
            all that the link may see.
        home: the home folder; the link to a Dropbox is kept there.

    Raises:
        ValueError: there is no store of that kind.
    """
    parts = store_parts(url)
    if parts.scheme == "file":
        root = users_folder(Path(parts.path))
        if not root.is_absolute():
            return FolderStore(home / root, create=True)
        return FolderStore(root, mount_note=home / _MOUNT_NOTE)
    from raspi_agent.dropbox_store import DropboxStore  # noqa: PLC0415 - the SDK takes seconds on a Pi

    return DropboxStore(parts.path, home)


def store_parts(url: str) -> SplitResult:
    """The parts of a store's URL, checked.

    Args:
        url: as in `open_store`.

    Raises:
        ValueError: there is no store of that kind.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # of a bracket that does not close
        parts = urlsplit("")
    if parts.scheme in {"file", "dropbox"} and (sign := next((each for each in "?#" if each in url), None)):
        message = f"{url!r} is no store: {sign} can't be part of it; give the folder a name without it"
        raise ValueError(message)
    if not parts.netloc:
        if parts.scheme == "file" and parts.path.strip("/"):
            users_folder(Path(parts.path))
            return parts
        if parts.scheme == "dropbox" and parts.path.startswith("/"):
            return parts
    message = f"{url!r} is no store: use file:FOLDER, like file:store or file:/mnt/x, or dropbox:/FOLDER"
    raise ValueError(message)
