"""Whether the bytes that a camera gave are a picture worth keeping."""

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING

from raspi_agent.picture_bytes import is_complete_jpeg, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

TRUNCATED = "truncated"
NOT_A_PICTURE = "not_a_picture"
TOO_SMALL = "too_small"
DARK = "dark"
BRIGHT = "bright"
UNUSABLE = frozenset({TRUNCATED, NOT_A_PICTURE, TOO_SMALL})

SMALLEST_BYTES = 1024  # a photograph of even 160 x 120 has more: noise does not compress
MOST_PIXELS = 80_000_000  # the largest camera a Pi takes has 64 million; more is a bomb or broken
DARK_BELOW = 32  # of 255: where even the brightest percent stays below, the lamp was off
BRIGHT_FROM = 250  # of 255: where half of the picture is whiter, its digits are burnt out

_MOST_PIXELS_IN_FULL = 16_000_000  # only JPEGs can be decoded at an eighth of their size
_ENOUGH_PIXELS = (256, 192)
_BRIGHTEST_SHARE = 0.01
_PNG_END = b"IEND\xaeB`\x82"


def judge_picture(data: bytes) -> str | None:
    """What is wrong with a picture, None when nothing is.

    Without Pillow only the bytes are looked at, not how light the picture is.

    Args:
        data: the whole file.

    Returns:
        One of `UNUSABLE`, which nobody can read anything from, or `dark` or `bright`, which are pictures of
        something going wrong and worth keeping.
    """
    media_type = sniff(data)
    if media_type is None:
        return NOT_A_PICTURE
    if not _has_its_end(data, media_type):
        return TRUNCATED
    if len(data) < SMALLEST_BYTES:
        return TOO_SMALL
    return _judge_pixels(data) if find_spec("PIL") else None


def _has_its_end(data: bytes, media_type: str) -> bool:
    match media_type:
        case "image/jpeg":
            return is_complete_jpeg(data)
        case "image/png":
            return _PNG_END in data[-64:]
        case "image/webp":
            return len(data) >= 8 + int.from_bytes(data[4:8], "little")
        case "image/bmp":
            return len(data) >= int.from_bytes(data[2:6], "little")
        case _:
            return True


def _judge_pixels(data: bytes) -> str | None:
    import PIL.Image  # noqa: PLC0415 - not everywhere, and not needed until here

    bombs = (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning)
    try:
        with PIL.Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return NOT_A_PICTURE
            picture.draft("L", _ENOUGH_PIXELS)
            if picture.width * picture.height > _MOST_PIXELS_IN_FULL:
                return None
            return _judge_light(picture)
    except (PIL.UnidentifiedImageError, *bombs):
        return NOT_A_PICTURE
    except OSError:
        return TRUNCATED
    except (ValueError, SyntaxError, IndexError):  # what Pillow makes of broken headers
        return NOT_A_PICTURE


def _judge_light(picture: "Image") -> str | None:
    counts = picture.convert("L").histogram()
    if _level_below_which(counts, 1 - _BRIGHTEST_SHARE) < DARK_BELOW:
        return DARK
    if _level_below_which(counts, 0.5) >= BRIGHT_FROM:
        return BRIGHT
    return None


def _level_below_which(counts: list[int], share: float) -> int:
    """The lightness, 0 to 255, that such a share of the pixels does not exceed."""
    left = share * sum(counts)
    for level, count in enumerate(counts):
        left -= count
        if left <= 0:
            return level
    return len(counts) - 1
