import io
import struct
import zlib
from datetime import datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from models.picture import MOST_PIXELS, UnreadablePicture, decode_picture, inspect_picture

_NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _noise(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(_NOISE).convert(mode)


_JPEG = _encoded(_noise(), "JPEG")
_WIDE = 7_000


def _huge_png() -> bytes:
    """A few bytes that claim to be a picture of 60000 x 60000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + check + b"\0\0\0\x09IDAT"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"this is a text named .jpg", "not_a_picture"),
        (b"%PDF-1.7\n", "not_a_picture"),
        (_JPEG[: len(_JPEG) // 2], "truncated"),
        (_encoded(_noise(), "PNG")[:400], "truncated"),
        (_encoded(_noise(), "BMP")[:90], "truncated"),
        (_encoded(Image.new("1", (_WIDE, MOST_PIXELS // _WIDE + 1)), "PNG"), "too_large"),
        (_encoded(Image.new("RGB", (200, 7)), "PNG"), "too_small"),
        (_JPEG, None),
    ],
)
def test_each_defect_has_its_reason(data: bytes, reason: str | None) -> None:
    assert inspect_picture(data).reason == reason


def test_a_picture_that_claims_to_be_huge_is_refused_undecoded() -> None:
    assert inspect_picture(_huge_png()).reason == "too_large"


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("BMP", "image/bmp"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
    ],
)
def test_every_kind_is_known_by_its_content(kind: str, media_type: str) -> None:
    inspection = inspect_picture(_encoded(_noise(), kind))
    assert (inspection.media_type, inspection.width, inspection.height) == (media_type, 60, 40)
    assert decode_picture(_encoded(_noise(), kind)).shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("mode", "kind", "level", "expected"),
    [
        ("L", "PNG", 90, 90),
        ("1", "PNG", 255, 255),
        ("CMYK", "JPEG", (0, 0, 0, 255), 0),
        ("RGBA", "PNG", (90, 90, 90, 255), 90),
        ("RGBA", "PNG", (90, 90, 90, 0), 255),
        ("LA", "PNG", (90, 255), 90),
        ("I;16", "PNG", 90 * 257, 90),
        ("F", "TIFF", 90.0, 90),
    ],
)
def test_every_mode_becomes_rgb(mode: str, kind: str, level: float | tuple[int, ...], expected: int) -> None:
    picture = decode_picture(_encoded(Image.new(mode, (12, 10), level), kind))
    assert picture.shape == (10, 12, 3)
    assert picture.dtype == np.uint8
    assert abs(int(picture.mean()) - expected) <= 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023:03:26 02:30:00", datetime(2023, 3, 26, 2, 30)),  # noqa: DTZ001 EXIF times carry no zone
        ("0000:00:00 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_exif_time_is_read_or_left_out(text: str, expected: datetime | None) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = text
    assert inspect_picture(_encoded(_noise(), "JPEG", exif=exif)).exif_taken_at == expected


def test_a_palette_becomes_its_colours() -> None:
    picture = decode_picture(_encoded(Image.new("RGB", (12, 10), (10, 200, 90)).quantize(4), "GIF"))
    assert picture[5, 5].tolist() == [10, 200, 90]


def test_exif_orientation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    assert decode_picture(_encoded(_noise(), "JPEG", exif=exif)).shape == (40, 60, 3)


@settings(max_examples=80, deadline=None)
@example(b"\x00\x00", 41, "PNG")
@given(
    st.binary(max_size=300),
    st.integers(0, len(_JPEG)),
    st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "WEBP"]),
)
def test_no_bytes_break_it(junk: bytes, cut: int, kind: str) -> None:
    whole = _encoded(_noise(), kind)
    for data in (junk, whole[:cut] + junk, whole[: cut % 40] + junk + whole[cut % 40 + len(junk) :]):
        inspection = inspect_picture(data)
        if inspection.reason is None:
            assert decode_picture(data).shape == (inspection.height, inspection.width, 3)
        else:
            with pytest.raises(UnreadablePicture, match=inspection.reason.replace("_", " ")):
                decode_picture(data)
