"""Folders as people write them."""

from pathlib import Path


def users_folder(folder: Path) -> Path:
    """The folder with `~` as a shell understands it.

    Args:
        folder: as it stands in the settings.

    Raises:
        ValueError: it names a user who does not exist.
    """
    try:
        return folder.expanduser()
    except RuntimeError as error:
        message = f"{str(folder)!r}: there is no such user; write the whole path"
        raise ValueError(message) from error
