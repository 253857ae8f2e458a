"""The register windows that stay when a whole frame has been thinned out of the archive."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.picture import UnreadablePicture, decode_picture

FOLDER = "windows"


def window_path(archive: Path, register_id: str, picture_key: str) -> Path:
    """Where the window of a register is kept: `windows/<meter>_<obis>/<picture key>.png`."""
    register = register_id.replace("/", "_").replace(":", ".")
    return archive / FOLDER / register / f"{picture_key.removeprefix('images/')}.png"


def kept_window(archive: Path, register_id: str, picture_key: str) -> NDArray[np.uint8] | None:
    """The window that was kept of a thinned picture, upright and unmirrored; None where there is none."""
    try:
        return decode_picture(window_path(archive, register_id, picture_key).read_bytes())
    except (OSError, UnreadablePicture):
        return None


def picture_file(archive: Path, picture_key: str, register_id: str | None = None) -> Path | None:
    """The file that shows a picture: the whole frame, else a window kept of it, else None.

    Args:
        archive: Where pictures are.
        picture_key: The picture.
        register_id: Whose window it has to be; any register's where that does not matter.
    """
    frame = archive / picture_key
    if frame.is_file():
        return frame
    if register_id is not None:
        kept = window_path(archive, register_id, picture_key)
        return kept if kept.is_file() else None
    name = f"{picture_key.removeprefix('images/')}.png"
    folders = sorted((archive / FOLDER).iterdir()) if (archive / FOLDER).is_dir() else []
    return next((folder / name for folder in folders if (folder / name).is_file()), None)
