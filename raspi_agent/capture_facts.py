"""The facts of a capture, kept inside the picture so that no second file can be lost."""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from raspi_agent.picture_bytes import jpeg_segments, sniff

_MARK = b"smartmeter "  # the comment reads "smartmeter {json}", in every picture viewer too
_COMMENT = 0xFE
_BEFORE_COMMENT = (0xE0, 0xE1)  # JFIF and Exif want to come first
_MOST_BYTES = 0xFFFF - 2 - len(_MARK)
_LONGEST_BOOT_MS = 100 * 365 * 86_400_000  # what is longer takes the server's dates out of all calendars
_PNG_SIGNATURE_BYTES = 8
_PNG_KEYWORD = b"smartmeter\x00"


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What is known of one photograph besides the photograph.

    Attributes:
        camera: the camera's name as in the picture key.
        taken_at: when the clock said it was taken, UTC, right or wrong.
        clock_synchronised: whether that clock could be trusted.
        slot_at: the instant the picture was due.
        boot_id: the kernel's id of this boot.
        boot_ms: milliseconds since that boot, sleep included.
        sequence: the camera's persistent counter.
        details: exposure, gains, temperature, the source file: whatever the camera tells.
    """

    camera: str
    taken_at: datetime | None = None
    clock_synchronised: bool = False
    slot_at: datetime | None = None
    boot_id: str = ""
    boot_ms: int = 0
    sequence: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def format_facts(facts: CaptureFacts) -> str:
    """The facts as one line of JSON, ASCII only.

    Details that JSON cannot hold, or that are too long for a picture's comment, are left out: a picture
    without them is worth more than no picture. A letter that no text has, of a file's name that is not UTF-8,
    becomes a question mark: no database takes it.
    """
    fields: dict[str, object] = {
        "camera": facts.camera,
        "taken_at": _format_instant(facts.taken_at),
        "clock_synchronised": facts.clock_synchronised,
        "slot_at": _format_instant(facts.slot_at),
        "boot_id": facts.boot_id,
        "boot_ms": facts.boot_ms,
        "sequence": facts.sequence,
    }
    try:
        text = json.dumps({**fields, "details": dict(facts.details)}, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = ""
    return _as_text(text if 0 < len(text) <= _MOST_BYTES else json.dumps(fields))


def _as_text(line: str) -> str:
    if "\\ud" not in line:  # how JSON writes half a letter
        return line
    whole = json.dumps(json.loads(line), ensure_ascii=False).encode(errors="replace")
    return json.dumps(json.loads(whole))


def parse_facts(text: str | bytes) -> CaptureFacts | None:
    """The facts of a line that `format_facts` wrote, or None for anything else."""
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
        sequence = fields["sequence"]
        return CaptureFacts(
            camera=str(fields["camera"]),
            taken_at=_parse_instant(fields["taken_at"]),
            clock_synchronised=fields["clock_synchronised"] is True,
            slot_at=_parse_instant(fields["slot_at"]),
            boot_id=str(fields["boot_id"]),
            boot_ms=_since_boot(int(fields["boot_ms"])),
            sequence=None if sequence is None else int(sequence),
            details=dict(fields.get("details", {})),
        )
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def embed_facts(data: bytes, facts: CaptureFacts) -> bytes:
    """The same picture with the facts in it: a JPEG comment or a PNG text; other types stay untouched.

    Facts that an earlier hand has put there are replaced.
    """
    text = format_facts(facts).encode("ascii")
    media_type = sniff(data)
    if media_type == "image/jpeg":
        return _embed_in_jpeg(data, text)
    if media_type == "image/png":
        return _embed_in_png(data, text)
    return data


def read_facts(data: bytes) -> CaptureFacts | None:
    """The facts inside a picture, or None when there are none or the bytes are of no picture."""
    media_type = sniff(data)
    if media_type == "image/jpeg":
        texts = [data[start + 4 + len(_MARK) : end] for start, end in _our_comments(data)]
    elif media_type == "image/png":
        texts = [data[start + 8 + len(_PNG_KEYWORD) : end - 4] for start, end in _our_texts(data)]
    else:
        return None
    return parse_facts(texts[0]) if texts else None


def _embed_in_jpeg(data: bytes, text: bytes) -> bytes:
    for start, end in reversed(list(_our_comments(data))):
        data = data[:start] + data[end:]
    at = 2
    for marker, start, end in jpeg_segments(data):
        if marker not in _BEFORE_COMMENT or start != at:
            break
        at = end
    body = _MARK + text
    comment = bytes((0xFF, _COMMENT)) + (len(body) + 2).to_bytes(2) + body
    return data[:at] + comment + data[at:]


def _our_comments(data: bytes) -> Iterator[tuple[int, int]]:
    for marker, start, end in jpeg_segments(data):
        if marker == _COMMENT and data.startswith(_MARK, start + 4, end):
            yield start, end


def _embed_in_png(data: bytes, text: bytes) -> bytes:
    for start, end in reversed(list(_our_texts(data))):
        data = data[:start] + data[end:]
    header = next(_png_chunks(data), None)
    if header is None:
        return data
    body = b"tEXt" + _PNG_KEYWORD + text
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    at = header[2]
    return data[:at] + chunk + data[at:]


def _our_texts(data: bytes) -> Iterator[tuple[int, int]]:
    for kind, start, end in _png_chunks(data):
        if kind == b"tEXt" and data.startswith(_PNG_KEYWORD, start + 8, end - 4):
            yield start, end


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = _PNG_SIGNATURE_BYTES
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            return
        yield data[at + 4 : at + 8], at, end
        at = end


def _format_instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _parse_instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else None


def _since_boot(milliseconds: int) -> int:
    if not 0 <= milliseconds <= _LONGEST_BOOT_MS:
        message = f"no machine has run for {milliseconds} milliseconds"
        raise ValueError(message)
    return milliseconds


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)
