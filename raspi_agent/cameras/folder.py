"""Pictures that somebody else puts into a folder."""

import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from raspi_agent import durable
from raspi_agent.cameras.camera import CameraError, NoNewPicture, Shot
from raspi_agent.capture_facts import read_facts
from raspi_agent.picture_bytes import sniff
from raspi_agent.settled_files import SETTLE_S, is_settled, is_temporary_name

_log = logging.getLogger(__name__)

_HEAD_BYTES = 32  # enough to tell what a file is
_LARGEST_BYTES = 64_000_000  # the server takes no larger one for a picture, and a film may look like one
_UTC_NAME = re.compile(r"([0-9]{8}_[0-9]{6})Z")


class FolderCamera:
    """Pictures that others put into a folder (FTP cameras, motion detectors), by name, each once.

    Args:
        folder: only read; finished pictures of any type in it are given, other files passed over.
        seen_file: remembers which were given, across restarts.
        earlier_seen_files: of earlier settings; what they remember counts too, as far as they can be read.
        settle_s: a picture is finished when nobody has written to it for so long.
    """

    is_live = False

    def __init__(
        self,
        folder: Path,
        seen_file: Path,
        *,
        earlier_seen_files: Iterable[Path] = (),
        settle_s: float = SETTLE_S,
    ) -> None:
        self.folder = folder
        self._seen_file = seen_file
        self._earlier_seen_files = tuple(earlier_seen_files)
        self._settle_s = settle_s
        self._forbidden: set[str] = set()

    def capture(self, timeout_s: float) -> Shot:  # noqa: ARG002 - a folder answers at once
        """The next picture by name; see `Camera.capture`."""
        seen = self._seen()
        try:
            entries = self._entries()
            self._forbidden &= entries.keys()
            for name, entry in sorted(entries.items()):
                try:
                    shot = self._shot_of(name, entry, seen)
                except PermissionError:
                    self._tell_forbidden(name)
                    continue
                if shot is not None:
                    return shot
        except OSError as error:
            message = f"the folder {self.folder} gives no pictures: {error}"
            raise CameraError(message) from error
        message = f"there is no new picture in {self.folder}"
        if self._forbidden:
            message += f", and {len(self._forbidden)} files in it may not be read by this user"
            raise CameraError(message)
        raise NoNewPicture(message)

    def keep(self, details: Mapping[str, Any]) -> None:
        """Remember a picture as given; see `Camera.keep`."""
        source = details.get("source")
        seen = self._seen()
        if not isinstance(source, str) or source in seen:
            return
        # what has left the folder can be forgotten, or the file would grow for years
        try:
            names = self._entries()
        except OSError:  # a share that is away says nothing of what lies in it
            still_there = set(seen)
        else:
            still_there = {s for s in seen if s.partition("/")[0] in names}
        durable.make_folder(self._seen_file.parent)
        text = "\0".join(sorted({*still_there, source}))
        durable.replace(self._seen_file, text.encode(errors="surrogateescape"))

    def close(self) -> None:
        """Nothing is held; see `Camera.close`."""

    def _shot_of(self, name: str, entry: os.DirEntry[str], seen: frozenset[str]) -> Shot | None:
        """The picture in a file; None where it was given before, is unfinished, or is no picture."""
        # one question a file and no more: a folder of years holds tens of thousands
        status = None if is_temporary_name(name) else _status(entry)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        source = f"{name}/{status.st_size}/{status.st_mtime_ns}"
        if source in seen or not is_settled(status, self._settle_s):
            return None
        path = self.folder / name
        data = _read_picture(path) if status.st_size <= _LARGEST_BYTES else None
        self._forbidden.discard(name)
        taken_at = _taken_at(name, data, status.st_mtime) if data else None
        if data is None or taken_at is None:
            reason = "its date can't be" if data else "it is no picture, or over 64 MB"
            _log.warning("%s is passed over: %s", path, reason)
            self.keep({"source": source})
            return None
        return Shot(data, taken_at=taken_at, details={"source": source})

    def _tell_forbidden(self, name: str) -> None:
        if name not in self._forbidden:
            self._forbidden.add(name)
            _log.warning("%s is passed over: this user may not read it", self.folder / name)

    def _entries(self) -> dict[str, os.DirEntry[str]]:
        with os.scandir(self.folder) as entries:
            return {entry.name: entry for entry in entries}

    def _seen(self) -> frozenset[str]:
        return self._seen_before | (_noted(self._seen_file) if self._seen_file.exists() else frozenset())

    @cached_property
    def _seen_before(self) -> frozenset[str]:
        """What earlier settings remember; `keep` takes it over."""
        seen: set[str] = set()
        for path in self._earlier_seen_files:
            with suppress(OSError):  # its disk has gone, or it belongs to somebody else now
                seen |= _noted(path)
        return frozenset(seen)


def _noted(seen_file: Path) -> frozenset[str]:
    return frozenset(seen_file.read_bytes().decode(errors="surrogateescape").split("\0"))


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """What the disk says of a file; None when it has gone."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return None


def _read_picture(path: Path) -> bytes | None:
    """A picture's bytes; None for any other file, whose hours of video would not fit the memory."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        return head + file.read(_LARGEST_BYTES) if sniff(head) else None


def _taken_at(name: str, data: bytes, modified_at: float) -> datetime | None:
    """What the picture says itself, else its name when it is in UTC, else when the file was written.

    None where that is no date: network shares and memory disks take any number for one.
    """
    facts = read_facts(data)
    if facts and facts.taken_at and facts.clock_synchronised:
        return facts.taken_at
    if match := _UTC_NAME.match(name):
        try:
            return datetime.strptime(match[1], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            pass
    try:
        return datetime.fromtimestamp(modified_at, tz=UTC)
    except (ValueError, OverflowError, OSError):  # by how far it is off
        return None
