"""Small copies of archived pictures for the pages that prove numbers: the frame, and the register window."""

import io
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.picture import UnreadablePicture, open_picture
from models.window import Window, cut_window
from tasks.kept_windows import picture_file, window_path
from tasks.site_files import write_whole

log = logging.getLogger(__name__)
Part = Literal["frame", "evidence", "window"]
WIDTHS: dict[Part, int] = {"frame": 320, "evidence": 640, "window": 320}
REVIEW_WIDTH = 960
QUALITY = 72


@dataclass(frozen=True, slots=True)
class Source:
    """An archived picture, and where its register window is.

    Args:
        archive: where pictures are.
        register_id: whose window to cut out.
        picture_key: the picture.
        window_corners: as JSON; None when the picture is the window, or nobody found it.
    """

    archive: Path
    register_id: str
    picture_key: str
    window_corners: str | None


def small_name(picture_key: str, part: Part) -> str:
    """The file of a small copy."""
    stem = picture_key.removeprefix("images/").rpartition(".")[0].replace("/", "-")
    return f"{stem}-{part}.jpg"


def window_picture(source: Source) -> bytes | None:
    """The register window as JPEG, drawn anew; None where there is none."""
    picture = _opened(source)
    window = None if picture is None else _window(source, picture)
    return None if window is None else _jpeg(window, REVIEW_WIDTH)


def full_picture(source: Source) -> bytes | None:
    """The whole picture as JPEG, drawn anew; None where there is none."""
    picture = _opened(source)
    return None if picture is None else _jpeg(picture, REVIEW_WIDTH)


def make_small(source: Source, folder: Path, frame: Literal["frame", "evidence"]) -> bool:
    """Write the small copies of a picture, drawn anew from its pixels alone; return whether there are any."""
    picture = _opened(source)
    if picture is None:
        return False
    window = _window(source, picture)
    if window is not None:
        write_whole(folder / small_name(source.picture_key, "window"), _jpeg(window, WIDTHS["window"]))
    write_whole(folder / small_name(source.picture_key, frame), _jpeg(picture, WIDTHS[frame]))
    return True


def _opened(source: Source) -> NDArray[np.uint8] | None:
    file = picture_file(source.archive, source.picture_key, source.register_id)
    if file is None:
        return None
    try:
        return open_picture(file)
    except (UnreadablePicture, OSError):
        return None


def _window(source: Source, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The register window, None where nobody knows it or the picture is no more than that."""
    kept = window_path(source.archive, source.register_id, source.picture_key)
    if source.window_corners is None or kept.is_file():
        return None
    try:
        points = [(float(x), float(y)) for x, y in json.loads(source.window_corners)]
        return cut_window(picture, Window((points[0], points[1], points[2], points[3])))
    except (ValueError, TypeError, IndexError) as error:
        log.debug("%s: no window to show: %s", source.picture_key, error)
        return None


def _jpeg(pixels: NDArray[np.uint8], width: int) -> bytes:
    image = Image.fromarray(pixels)
    if image.width > width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.BILINEAR
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
