from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.picture_bytes import extension_for, is_complete_jpeg, jpeg_segments, sniff


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg", "jpg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png", "png"),
        (b"BM1234", "image/bmp", "bmp"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", None, "jpg"),
        (b"GIF89a", "image/gif", "gif"),
        (b"II*\x00", "image/tiff", "tiff"),
        (b"MM\x00*", "image/tiff", "tiff"),
        (b"", None, "jpg"),
        (b"<html>", None, "jpg"),
    ],
)
def test_the_type_is_in_the_first_bytes(data: bytes, media_type: str | None, extension: str) -> None:
    assert sniff(data) == media_type
    assert extension_for(data) == extension


def test_a_jpeg_is_complete_with_its_end_and_whatever_follows(jpeg: Callable[..., bytes]) -> None:
    assert is_complete_jpeg(jpeg(b"scan"))
    assert is_complete_jpeg(jpeg(b"scan") + b"\x00\x00junk")


def test_the_end_of_a_thumbnail_does_not_count(jpeg: Callable[..., bytes]) -> None:
    whole = jpeg(b"scan", exif=b"Exif\x00\x00\xff\xd8thumbnail\xff\xd9")
    assert is_complete_jpeg(whole)
    assert not is_complete_jpeg(whole[:-2])


@given(scan=st.binary(min_size=1, max_size=40), cut=st.integers(1, 40))
def test_a_cut_jpeg_is_never_complete(jpeg: Callable[..., bytes], scan: bytes, cut: int) -> None:
    whole = jpeg(scan)
    assert not is_complete_jpeg(whole[: len(whole) - min(cut, len(whole))])


@given(st.binary(max_size=200).map(lambda rest: b"\xff\xd8\xff" + rest))
def test_segments_of_garbage_stay_within_it(data: bytes) -> None:
    assert all(start < end <= len(data) for _, start, end in jpeg_segments(data))
    is_complete_jpeg(data)
