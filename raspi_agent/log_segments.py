"""The agent's log: a segment for each UTC day, closed ones gzipped, kept for a week and mailed once.

File names are the states and a rename is the commit:

    agent.log --day over--> smartmeter-agent_D.log --gzipped, in the mail--> smartmeter-agent_D.log.gz alone

A closed segment that still lies there plain has not been mailed, or was while the power went: it is mailed
again, with the same bytes, which changes nothing.
"""

import contextlib
import gzip
import logging
import os
import re
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from raspi_agent import durable, mail
from raspi_agent.masking import MaskingFormatter, known_secrets
from raspi_agent.picture_key import check_camera_name

CURRENT = "agent.log"
DAYS_KEPT = 7
LARGEST_BYTES = 8_000_000  # a segment beyond ends early: a day gone mad must fit the memory of a Pi
MOST_SEGMENTS = 40  # 7 quiet days are 7; days gone mad are not kept for ever

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LINE_FOR_JOURNALD = "%(levelname)s %(name)s: %(message)s"  # which has the instant itself
_CLOSED = re.compile(r"smartmeter-agent_(?P<day>[0-9]{8})(?:_(?P<number>[0-9]+))?\.log(?P<gz>\.gz)?")
_DAY = re.compile(rb"(?m)^([0-9]{4}-[0-9]{2}-[0-9]{2})T")

_log = logging.getLogger(__name__)


class InstantFormatter(MaskingFormatter):
    """Lines that begin with their instant: ISO 8601 in UTC, to the millisecond."""

    def formatTime(  # noqa: N802 - logging's name
        self,
        record: logging.LogRecord,
        datefmt: str | None = None,  # noqa: ARG002 - likewise
    ) -> str:
        """The instant of a record."""
        at = datetime.fromtimestamp(record.created, tz=UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


class LogSegments(logging.Handler):
    """Writes the log of one camera's agent; what a full disk refuses is only on stderr.

    Args:
        folder: of the segments.
        camera: whose agent this is.
        outbox_folder: whose mail gets each closed segment.
        largest_bytes: a segment beyond ends before its day.
    """

    def __init__(
        self, folder: Path, camera: str, outbox_folder: Path, *, largest_bytes: int = LARGEST_BYTES
    ) -> None:
        super().__init__()
        self._largest_bytes = largest_bytes
        self._folder, self._camera, self._outbox_folder = folder, check_camera_name(camera), outbox_folder
        self._file: BinaryIO | None = None
        self._day: date | None = None
        self._size = 0
        with contextlib.suppress(OSError):
            self._clear_up()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record into the segment of its day."""
        try:
            line = f"{self.format(record)}\n".encode(errors="replace")
            day = datetime.fromtimestamp(record.created, tz=UTC).date()
            if self._day is not None and (day != self._day or self._size > self._largest_bytes):
                self.close_segment()
            file = self._file or self._open(day)
            file.write(line)
            file.flush()
            self._size += len(line)
        except OSError:
            self._let_go()  # the disk is full: it is opened anew, at the end of a line, with the next record
        except Exception:  # noqa: BLE001 - a log must not end what it tells of
            self.handleError(record)

    def close_segment(self) -> None:
        """End the segment of the day now and put it into the mail; the next line begins another.

        For the end of a power cycle. A disk that refuses leaves it for the next start.
        """
        with self.lock or contextlib.nullcontext():
            try:
                self._end_segment()
            except OSError:
                self._let_go()

    def close(self) -> None:
        """Let go of the file; the next start goes on in it."""
        with self.lock or contextlib.nullcontext():
            self._let_go()
        super().close()

    def _open(self, day: date) -> BinaryIO:
        durable.make_folder(self._folder)
        path = self._folder / CURRENT
        file = path.open("ab")
        self._file, self._day, self._size = file, day, file.tell()
        if self._size and not _ends_with_line(path):
            file.write(b"\n")  # of a line that a power cut has torn
        return file

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _end_segment(self) -> None:
        """Close the current segment and deliver all closed ones; lines logged meanwhile begin the next."""
        path = self._folder / CURRENT
        day, self._day, self._size = self._day, None, 0
        self._let_go()
        if path.exists() and path.stat().st_size:
            durable.sync_file(path)
            path.rename(self._free_name(day or _day_of(path)))
            durable.sync_folder(self._folder)
        self._deliver()

    def _free_name(self, day: date) -> Path:
        number = 1
        while True:
            suffix = f"_{number}" if number > 1 else ""
            path = self._folder / f"smartmeter-agent_{day:%Y%m%d}{suffix}.log"
            if not path.exists() and not path.with_name(f"{path.name}.gz").exists():
                return path
            number += 1

    def _deliver(self) -> None:
        """Gzip and mail every closed segment that has not been, then forget those of long ago."""
        for path in _closed(self._folder):
            if path.suffix == ".gz":
                continue
            packed = path.with_name(f"{path.name}.gz")
            if not packed.exists():
                durable.replace(packed, gzip.compress(path.read_bytes(), mtime=0))
            mail.put(self._outbox_folder, f"log/{self._camera}/{packed.name}", packed.read_bytes())
            path.unlink()
            durable.sync_folder(self._folder)
        self._forget()

    def _forget(self) -> None:
        """Keep the newest days by their own count: a clock that was wrong must not make all of them old."""
        packed = [path for path in _closed(self._folder) if path.suffix == ".gz"]
        days = sorted({_key_of(path)[0] for path in packed})[-DAYS_KEPT:]
        kept = [path for path in packed if _key_of(path)[0] in days][-MOST_SEGMENTS:]
        for path in packed:
            if path not in kept:
                path.unlink(missing_ok=True)

    def _clear_up(self) -> None:
        """Close what an earlier day has left, and end what a kill has interrupted."""
        durable.make_folder(self._folder)
        path = self._folder / CURRENT
        if path.exists() and path.stat().st_size:
            self._day, self._size = _day_of(path), path.stat().st_size
        today = datetime.fromtimestamp(time.time(), tz=UTC).date()
        if self._day is not None and self._day != today:
            self._end_segment()
        else:
            self._deliver()


def set_up_logging(home: Path, camera: str, outbox_folder: Path) -> LogSegments:
    """Log everything from INFO on into the home folder's segments and, for journald, to stderr.

    May be called again; the handlers of the last call go.

    Args:
        home: the home folder; segments are in its `logs`.
        camera: the camera's name.
        outbox_folder: of the outbox.

    Returns:
        The segments, to be closed at the end of a power cycle.
    """
    secrets = known_secrets(home)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LogSegments | _ToStderr)]:
        root.removeHandler(handler)
        handler.close()
    to_stderr = _ToStderr(sys.stderr)
    to_stderr.setFormatter(MaskingFormatter(_LINE_FOR_JOURNALD, secrets=secrets))
    root.addHandler(to_stderr)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request, with its address
    segments = LogSegments(home / "logs", camera, outbox_folder)
    segments.setFormatter(InstantFormatter(_LINE, secrets=secrets))
    root.addHandler(segments)
    return segments


class _ToStderr(logging.StreamHandler):  # type: ignore[type-arg]
    """What `set_up_logging` has added, to be told from other people's handlers."""


def _closed(folder: Path) -> list[Path]:
    """The closed segments, gzipped or not, in the order of their days."""
    return sorted((path for path in folder.iterdir() if _CLOSED.fullmatch(path.name)), key=_key_of)


def _key_of(path: Path) -> tuple[str, int]:
    match = _CLOSED.fullmatch(path.name)
    return (match["day"], int(match["number"] or 1)) if match else ("", 0)


def _day_of(path: Path) -> date:
    """The UTC day that a segment's lines tell, that of its last change where they don't."""
    with path.open("rb") as file:
        found = _DAY.search(file.read(65_536))
    try:
        return date.fromisoformat(found[1].decode()) if found else _changed_on(path)
    except ValueError:
        return _changed_on(path)


def _changed_on(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date()


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
