"""Pictures that somebody else puts into a folder."""

import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class _Others:
    """What a look met on its way to the next picture: why each name is passed over, and what to remember."""

    reasons: dict[str, str] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)


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
        self._unreadable: set[str] = set()

    def capture(self, timeout_s: float) -> Shot:  # noqa: ARG002 - a folder answers at once
        """The next picture by name; see `Camera.capture`."""
        seen, others = self._seen(), _Others()
        try:
            shot = self._next(seen, others)
        except OSError as error:
            message = f"the folder {self.folder} gives no pictures: {error}"
            raise CameraError(message) from error
        finally:
            self._pass_over(others)
        if shot is not None:
            return shot
        message = f"there is no new picture in {self.folder}"
        if self._unreadable:
            message += f", and {len(self._unreadable)} of its files can't be read"
            raise CameraError(message)
        raise NoNewPicture(message)

    def keep(self, details: Mapping[str, Any]) -> None:
        """Remember a picture as given; see `Camera.keep`."""
        source = details.get("source")
        if isinstance(source, str):
            self._remember({source})

    def close(self) -> None:
        """Nothing is held; see `Camera.close`."""

    def _next(self, seen: frozenset[str], others: _Others) -> Shot | None:
        entries = self._entries()
        self._unreadable &= entries.keys()
        for name, entry in sorted(entries.items()):
            try:
                found = self._look_at(name, entry, seen, others)
            except FileNotFoundError:  # deleted meanwhile
                continue
            except OSError as error:  # of this file alone: it must not hold up the others
                if name not in self._unreadable:
                    self._unreadable.add(name)
                    others.reasons[name] = _why_not_read(error)
                continue
            self._unreadable.discard(name)
            if found:
                return found
        return None

    def _look_at(
        self, name: str, entry: os.DirEntry[str], seen: frozenset[str], others: _Others
    ) -> Shot | None:
        # one question a file and no more: a folder of years holds tens of thousands
        status = None if is_temporary_name(name) else entry.stat()
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        source = f"{_written(name)}/{status.st_size}/{status.st_mtime_ns}"
        if source in seen or not is_settled(status, self._settle_s):
            return None
        found = _shot_of(self.folder / name, status, source)
        if isinstance(found, Shot):
            return found
        others.reasons[name] = found
        others.sources.add(source)
        return None

    def _pass_over(self, others: _Others) -> None:
        """Tell and remember them all at once: programs leave a file beside each of their pictures."""
        if others.reasons:
            name, reason = next(iter(others.reasons.items()))
            more = f", and so are {len(others.reasons) - 1} more" if len(others.reasons) > 1 else ""
            _log.warning("%s is passed over: %s%s", self.folder / name, reason, more)
        if others.sources:
            with suppress(OSError):  # a full disk; they are looked at once more then
                self._remember(others.sources)

    def _remember(self, sources: AbstractSet[str]) -> None:
        seen = self._seen()
        if sources <= seen:
            return
        # what has left the folder can be forgotten, or the file would grow for years
        try:
            names = {_written(name) for name in self._entries()}
        except OSError:  # a share that is away says nothing of what lies in it
            still_there = set(seen)
        else:
            still_there = {each for each in seen if _name_in(each) in names}
        durable.make_folder(self._seen_file.parent)
        text = "\0".join(sorted({*still_there, *sources}))
        durable.replace(self._seen_file, text.encode(errors="surrogateescape"))

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


def _why_not_read(error: OSError) -> str:
    return "this user may not read it" if isinstance(error, PermissionError) else str(error.strerror)


def _written(name: str) -> str:
    """A file's name as text, which a name that is not UTF-8 is none of."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _name_in(source: str) -> str:
    return source.partition("/")[0]


def _noted(seen_file: Path) -> frozenset[str]:
    return frozenset(seen_file.read_bytes().decode(errors="surrogateescape").split("\0"))


def _shot_of(path: Path, status: os.stat_result, source: str) -> Shot | str:
    """The picture in a file, or why there is none."""
    data = _read_picture(path) if status.st_size <= _LARGEST_BYTES else None
    if data is None:
        return "it is no picture, or over 64 MB"
    taken_at = _taken_at(path.name, data, status.st_mtime)
    if taken_at is None:
        return "its date can't be"
    return Shot(data, taken_at=taken_at, details={"source": source})


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
