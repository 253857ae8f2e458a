"""Pictures without anything but the picture: no place, no owner, no device, no comments."""

from collections.abc import Iterator

from raspi_agent.picture_bytes import sniff

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN, _COMMENT = 0xDA, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_RESTARTS = range(0xD0, 0xD8)
# What changes how the pixels look: JFIF's density and Adobe's colour transform. Everything else tells tales.
_KEPT_APPLICATION = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT"})
_SHORTEST_SEGMENT = 2


def without_metadata(data: bytes) -> bytes | None:
    """The same pixels, bit for bit, without EXIF, GPS, XMP, thumbnails, comments and what follows the end.

    Returns:
        A JPEG or PNG; None for other types and for bytes that make no sense: draw those anew.
    """
    media_type = sniff(data)
    if media_type == "image/jpeg":
        return _stripped_jpeg(data)
    if media_type == "image/png":
        return _stripped_png(data)
    return None


def _stripped_jpeg(data: bytes) -> bytes | None:
    kept = [_SOI]
    for marker, part in _jpeg_parts(data):
        if marker is None:
            return None
        if marker == _COMMENT or (marker in _APPLICATION and not _is_harmless(marker, part)):
            continue
        kept.append(part)
    return b"".join(kept)


def _is_harmless(marker: int, part: bytes) -> bool:
    name = _KEPT_APPLICATION.get(marker)
    return name is not None and part.startswith(name, 4)


def _jpeg_parts(data: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Each marker segment, a scan with the pixels that follow it; a None marker where the bytes end early."""
    at = len(_SOI)
    while data.startswith(b"\xff", at):
        marker = data[at + 1] if at + 1 < len(data) else None
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            at += 1
            continue
        if marker == _EOI[1]:
            yield marker, _EOI
            return
        length = int.from_bytes(data[at + 2 : at + 4])
        end = at + 2 + length
        if marker is None or length < _SHORTEST_SEGMENT or end > len(data):
            break
        if marker == _START_OF_SCAN:
            end = _end_of_scan(data, end)
        yield marker, data[at:end]
        at = end
    yield None, b""


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands that is neither stuffing nor a restart."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] and data[at + 1] not in _RESTARTS:
            return at
        at += 2
    return len(data)


def _stripped_png(data: bytes) -> bytes | None:
    kept = [_PNG_SIGNATURE]
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            return None
        if kind in _KEPT_CHUNKS:
            kept.append(data[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    return None
