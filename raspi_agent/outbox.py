"""The outbox: a picture it has promised survives kills, power cuts and full disks until it is sent.

Directories are the states and a rename is the commit, so there is no database to break:

    tmp/x --synced, renamed--> new/x --stored--> sent/x --space needed--> gone
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent import durable
from raspi_agent.capture_facts import CaptureFacts, embed_facts, read_facts
from raspi_agent.content_hash import content_hash_of_file
from raspi_agent.picture_bytes import extension_for
from raspi_agent.picture_key import parse_picture_key, synced_key, twin_key, unsynced_key

_SLOTS_KEPT = 5000  # claims older than this many are forgotten: half a week at a picture a minute


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How full the outbox is and when it last took and gave a picture.

    `foreign` counts files in `new/` that are no pictures of ours and are never sent.
    """

    waiting: int
    waiting_bytes: int
    sent: int
    sent_bytes: int
    foreign: int
    last_key: str | None
    last_taken_at: datetime | None
    last_sent_at: datetime | None


class Outbox:
    """The outbox in one folder; any number of processes may use it at once.

    Every method raises OSError when the disk refuses; what was promised before stays.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tmp = folder / "tmp"
        self._new = folder / "new"
        self._sent = folder / "sent"
        self._slots = folder / "slots"
        self._counter = folder / "sequence"

    def claim_slot(self, slot_at: datetime) -> bool:
        """Take the slot of that instant: True exactly once, whoever asks, power cuts included."""
        self._make_folders()
        try:
            descriptor = os.open(self._slot(slot_at), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        os.close(descriptor)
        durable.sync_folder(self._slots)
        return True

    def release_slot(self, slot_at: datetime) -> None:
        """Give a claimed slot back because no picture came of it."""
        self._slot(slot_at).unlink(missing_ok=True)

    def add(self, data: bytes, facts: CaptureFacts) -> str:
        """Keep a picture with its facts inside and return its key; from then on it is promised.

        The name carries `facts.taken_at` when the clock was synchronised, the time since boot otherwise;
        its number is a counter that never goes back, so a clock that does cannot hide a picture.
        """
        self._make_folders()
        with self._locked():
            while True:
                sequence = self._next_sequence()
                key = _key_of(facts, sequence, extension_for(data))
                draft = self._tmp / _name_of(key)
                draft.unlink(missing_ok=True)
                durable.write_new(draft, embed_facts(data, replace(facts, sequence=sequence)))
                if durable.move_without_replacing(draft, self._new / _name_of(key)):
                    return key

    def waiting(self) -> tuple[str, ...]:
        """The keys of all pictures not yet sent, in the order in which they were taken."""
        return tuple(_key(name) for name in _pictures_of(self._new))

    def read(self, key: str) -> bytes:
        """The bytes of a waiting picture.

        Raises:
            FileNotFoundError: somebody else has sent it in the meantime.
        """
        return (self._new / _name_of(key)).read_bytes()

    def mark_sent(self, key: str) -> None:
        """Note that the store has the picture; doing it twice, or after a kill, does no harm."""
        source, target = self._new / _name_of(key), self._sent / _name_of(key)
        try:
            if not durable.move_without_replacing(source, target):
                source_hash = content_hash_of_file(source)
                if source_hash == content_hash_of_file(target):
                    source.unlink(missing_ok=True)
                else:
                    target = self._sent / twin_key(_name_of(key), source_hash)
                    durable.move_without_replacing(source, target)
            os.utime(target)
        except FileNotFoundError:
            return  # another process has marked it, or has pruned it since

    def sweep(self) -> int:
        """Clear away what a kill left half done and slots long past; return how many files went."""
        self._make_folders()
        with self._locked():
            # the lock is held by whoever writes there, so all that is here now is left over
            leftovers = sorted(self._tmp.iterdir()) + sorted(self._slots.iterdir())[:-_SLOTS_KEPT]
            for path in leftovers:
                path.unlink(missing_ok=True)
        return len(leftovers)

    def prune_sent(self, limit_bytes: int) -> int:
        """Delete the oldest sent pictures until the rest fits; return how many.

        A picture that waits is never deleted.
        """
        sized = [(path, _size_of(path)) for path in (self._sent / name for name in _pictures_of(self._sent))]
        excess_bytes = sum(size for _, size in sized) - limit_bytes
        pruned = 0
        for path, size in sized:
            if excess_bytes <= 0:
                break
            path.unlink(missing_ok=True)
            excess_bytes -= size
            pruned += 1
        return pruned

    def newest_facts(self) -> CaptureFacts | None:
        """The facts of the picture taken last, or None when there is no picture or it has none."""
        newest = self._newest()
        try:
            return read_facts(newest.read_bytes()) if newest else None
        except FileNotFoundError:
            return None

    def status(self) -> OutboxStatus:
        """How full the outbox is; touches nothing."""
        waiting, sent = _pictures_of(self._new), _pictures_of(self._sent)
        newest = self._newest()
        key = _key(newest.name) if newest else None
        parsed = parse_picture_key(key) if key else None
        sent_at = max((_changed_at(self._sent / name) for name in sent), default=None)
        return OutboxStatus(
            waiting=len(waiting),
            waiting_bytes=sum(_size_of(self._new / name) for name in waiting),
            sent=len(sent),
            sent_bytes=sum(_size_of(self._sent / name) for name in sent),
            foreign=sum(1 for _ in self._new.iterdir()) - len(waiting) if self._new.is_dir() else 0,
            last_key=key,
            last_taken_at=parsed.taken_at if parsed else None,
            last_sent_at=sent_at,
        )

    def _newest(self) -> Path | None:
        newest = [folder / names[-1] for folder in (self._new, self._sent) if (names := _pictures_of(folder))]
        return max(newest, key=lambda path: _sequence_of(path.name), default=None)

    def _slot(self, slot_at: datetime) -> Path:
        if slot_at.tzinfo is None:
            message = f"{slot_at} has no time zone: slots are in UTC"
            raise ValueError(message)
        return self._slots / f"{slot_at.astimezone(UTC):%Y%m%d_%H%M%S}Z"

    def _make_folders(self) -> None:
        for folder in (self._tmp, self._new, self._sent, self._slots):
            durable.make_folder(folder)

    def _next_sequence(self) -> int:
        """A number no picture has had; it is on the disk before anybody uses it."""
        try:
            last = int(self._counter.read_bytes())
        except (FileNotFoundError, ValueError):
            newest = self._newest()
            last = _sequence_of(newest.name) if newest else 0
        durable.replace(self._counter, str(last + 1).encode())
        return last + 1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # the kernel drops the lock of a killed process
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _key_of(facts: CaptureFacts, sequence: int, extension: str) -> str:
    if facts.clock_synchronised and facts.taken_at is not None:
        return synced_key(facts.camera, facts.taken_at, sequence, extension)
    return unsynced_key(facts.camera, facts.boot_id or "0" * 8, facts.boot_ms, sequence, extension)


def _name_of(key: str) -> str:
    return key.replace("/", "+")


def _key(name: str) -> str:
    return name.replace("+", "/")


def _sequence_of(name: str) -> int:
    picture = parse_picture_key(_key(name))
    return int(picture.sequence) if picture and picture.sequence and not picture.is_imported else -1


def _pictures_of(folder: Path) -> list[str]:
    """The names of our pictures in a folder, in the order in which they were taken."""
    if not folder.is_dir():
        return []
    return sorted(
        (name for path in folder.iterdir() if _sequence_of(name := path.name) >= 0), key=_sequence_of
    )


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    except FileNotFoundError:
        return datetime.fromtimestamp(0, tz=UTC)
