"""What the bytes of a picture say about themselves, without decoding them."""

from collections.abc import Iterator

_SOI = b"\xff\xd8"
_EOI = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that no length follows

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/bmp": "bmp",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/tiff": "tiff",
}


def sniff(data: bytes) -> str | None:
    """The media type by the first bytes, or None when they are of no picture we know."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    for magic, media_type in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"BM", "image/bmp"),
    ):
        if data.startswith(magic):
            return media_type
    return None


def extension_for(data: bytes) -> str:
    """The file name's extension that fits the bytes; `jpg` when they fit none."""
    return _EXTENSIONS.get(sniff(data) or "", "jpg")


def is_complete_jpeg(data: bytes) -> bool:
    """Whether a JPEG has its end; bytes after it are tolerated, as some cameras send them.

    An end-of-image before the scan belongs to a thumbnail and doesn't count.
    """
    if not data.startswith(_SOI):
        return False
    scan_at = next((start for marker, start, _ in jpeg_segments(data) if marker == _START_OF_SCAN), None)
    return scan_at is not None and data.rfind(_EOI) > scan_at


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Every marker segment of a JPEG's header as (marker, start, end), the start of scan being the last.

    `data[start:end]` is the whole segment with its marker and length. Stops silently where the bytes
    stop making sense.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker starts with it
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + 4 or end > len(data):
            return
        yield marker, at, end
        if marker == _START_OF_SCAN:
            return
        at = end
