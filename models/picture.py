"""What a file of a camera holds, found out without ever failing on it."""

import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")
MOST_PIXELS = 50_000_000
MOST_BYTES = 200_000_000
SHORTEST_SIDE = 8
_BYTE = 255

PictureReason = Literal["empty", "not_a_picture", "truncated", "too_large", "too_small"]
# What Pillow's readers raise on damaged files; a damaged file is data here, never a crash.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    AttributeError,
    ZeroDivisionError,
)


class UnreadablePicture(ValueError):  # noqa: N818 the reason is data on its way to a row, not a programming error
    """A file that holds no usable picture; `reason` says why."""

    def __init__(self, reason: PictureReason) -> None:
        super().__init__(f"The file holds no usable picture: {reason.replace('_', ' ')}.")
        self.reason: PictureReason = reason


@dataclass(frozen=True, slots=True)
class Inspection:
    """The facts of a file: its kind, size and time, or the reason why it is no usable picture."""

    media_type: str | None
    width: int | None
    height: int | None
    exif_taken_at: datetime | None
    reason: PictureReason | None


def inspect_picture(data: bytes) -> Inspection:
    """The facts of a file's bytes; whatever they are, an answer and no exception.

    Args:
        data: The whole file. Its name plays no part: the type is sniffed.

    Returns:
        Media type, size and EXIF time as far as known, and a reason when the picture cannot be used.
    """
    if not data:
        return Inspection(None, None, None, None, "empty")
    return _guarded(data, _inspected)


def open_picture(path: Path) -> NDArray[np.uint8]:
    """The pixels of a picture file; see `decode_picture`.

    Raises:
        UnreadablePicture: Also when the file is too large to be a picture; then it is not read at all.
        OSError: When the file cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise UnreadablePicture("too_large")
    return decode_picture(path.read_bytes())


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """The pixels of a picture as stored, RGB `(height, width, 3)`; EXIF orientation is not applied.

    Raises:
        UnreadablePicture: With the reason that `inspect_picture` gives.
    """
    inspection = inspect_picture(data)
    if inspection.reason is not None:
        raise UnreadablePicture(inspection.reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                return _as_rgb(picture)
        except _DAMAGED as error:
            raise UnreadablePicture("truncated") from error


def _guarded(data: bytes, examine: Callable[[Image.Image], Inspection]) -> Inspection:
    with warnings.catch_warnings():
        # Pillow warns of large pictures and odd metadata; size is checked below, metadata is optional.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                return examine(picture)
        except UnidentifiedImageError:
            return Inspection(None, None, None, None, "not_a_picture")
        except Image.DecompressionBombError:
            return Inspection(None, None, None, None, "too_large")
        except _DAMAGED:
            return Inspection(None, None, None, None, "truncated")


def _inspected(picture: Image.Image) -> Inspection:
    width, height = picture.size
    media_type = Image.MIME.get(picture.format or "")
    reason: PictureReason | None = None
    if width * height > MOST_PIXELS:
        reason = "too_large"
    elif min(width, height) < SHORTEST_SIDE:
        reason = "too_small"
    else:
        try:
            # What cannot be turned into RGB cannot be read later either.
            _as_rgb(picture)
        except _DAMAGED:
            reason = "truncated"
    # Asking a PNG for its EXIF block loads it, damage unnoticed: only after the pixels, and never of a giant.
    taken_at = _exif_time(picture) if reason is None else None
    return Inspection(media_type, width, height, taken_at, reason)


def _exif_time(picture: Image.Image) -> datetime | None:
    """The local wall time of the exposure by EXIF; none where it is absent or nonsense."""
    try:
        exif = picture.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        text = inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
        # EXIF times carry no zone: the caller knows the camera's.
        return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S") if text else None  # noqa: DTZ007
    except _DAMAGED:
        return None


def _as_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode.startswith("I"):
        levels = np.asarray(picture, np.float64)
        # Sixteen-bit grey is scaled by its format's range, not by its content: dark stays dark.
        full = 65535.0 if levels.max() > _BYTE else float(_BYTE)
        grey = np.clip(levels * (_BYTE / full), 0, _BYTE).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.mode == "F":
        grey = np.clip(np.nan_to_num(np.asarray(picture, np.float64)), 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if "transparency" in picture.info or picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        shown = picture.convert("RGBA")
        ground = Image.new("RGBA", shown.size, "white")
        return np.asarray(Image.alpha_composite(ground, shown).convert("RGB"), np.uint8)
    return np.asarray(picture.convert("RGB"), np.uint8)
