"""The outbox: a picture it has promised survives kills, power cuts and full disks until it is sent.

Directories are the states and a rename is the commit, so there is no database to break:

    tmp/x --synced, renamed--> new/x --stored--> sent/x --space needed--> gone

The file `last` holds the key and the facts of the picture begun last, and with them the counter that never
goes back: which slot was filled is known without a look at any other file.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent import durable
from raspi_agent.capture_facts import CaptureFacts, embed_facts, format_facts, parse_facts, read_facts
from raspi_agent.content_hash import content_hash_of_file
from raspi_agent.picture_bytes import extension_for
from raspi_agent.picture_key import parse_picture_key, synced_key, twin_key, unsynced_key

_LOOK_AGAIN_S = 0.05


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
        self._last = folder / "last"

    @contextmanager
    def shutter(self, patience_s: float) -> Iterator[None]:
        """Hold the only right on this machine to photograph for this outbox.

        The kernel takes it back from a process that dies.

        Raises:
            TimeoutError: somebody else has held it for all of `patience_s`.
        """
        self._make_folders()
        until_s = time.monotonic() + patience_s
        with (self.folder / "shutter").open("a") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until_s:
                        message = f"another picture has been in the making for {patience_s:.0f} s"
                        raise TimeoutError(message) from None
                    time.sleep(_LOOK_AGAIN_S)
            yield

    def add(self, data: bytes, facts: CaptureFacts) -> str:
        """Keep a picture with its facts inside and return its key; from then on it is promised.

        The name carries `facts.taken_at` when the clock was synchronised, the time since boot otherwise;
        its number is a counter that never goes back, so a clock that does cannot hide a picture.
        """
        self._make_folders()
        with self._locked():
            while True:
                numbered = replace(facts, sequence=self._last_sequence() + 1)
                key = _key_of(numbered, extension_for(data))
                durable.replace(self._last, f"{key}\n{format_facts(numbered)}".encode())
                draft = self._tmp / _name_of(key)
                draft.unlink(missing_ok=True)
                durable.write_new(draft, embed_facts(data, numbered))
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

    def find(self, key: str) -> bytes | None:
        """The bytes of a picture, waiting or sent, None when it has left."""
        for folder in (self._new, self._sent):
            try:
                return (folder / _name_of(key)).read_bytes()
            except FileNotFoundError:
                continue
        return None

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
        """Clear away what a kill left half done; return how many files went."""
        self._make_folders()
        with self._locked():
            # the lock is held by whoever writes there, so all that is here now is left over
            leftovers = sorted(self._tmp.iterdir())
            for path in leftovers:
                path.unlink(missing_ok=True)
        return len(leftovers)

    def delete_sent(self, key: str) -> None:
        """Let a picture go that the store has."""
        (self._sent / _name_of(key)).unlink(missing_ok=True)

    def drop_waiting(self, key: str) -> None:
        """Let a promised picture go unsent; who does that says so."""
        (self._new / _name_of(key)).unlink(missing_ok=True)

    def waiting_sizes(self) -> dict[str, int]:
        """The bytes of each waiting picture by key, in the order in which they were taken."""
        return {_key(name): _size_of(self._new / name) for name in _pictures_of(self._new)}

    def sent_sizes(self) -> dict[str, int]:
        """Likewise of each sent picture that is still here."""
        return {_key(name): _size_of(self._sent / name) for name in _pictures_of(self._sent)}

    def newest(self) -> tuple[str, CaptureFacts] | None:
        """Key and facts of the picture taken last, None when there is none or it has no facts."""
        begun = self._begun()
        if begun and any((folder / _name_of(begun[0])).exists() for folder in (self._new, self._sent)):
            return begun
        path = self._newest_path()
        try:
            facts = read_facts(path.read_bytes()) if path else None
        except FileNotFoundError:
            return None
        return (_key(path.name), facts) if path and facts else None

    def status(self) -> OutboxStatus:
        """How full the outbox is; touches nothing."""
        waiting, sent = _pictures_of(self._new), _pictures_of(self._sent)
        newest = self._newest_path()
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

    def _newest_path(self) -> Path | None:
        newest = [folder / names[-1] for folder in (self._new, self._sent) if (names := _pictures_of(folder))]
        return max(newest, key=lambda path: sequence_of(_key(path.name)), default=None)

    def _make_folders(self) -> None:
        for folder in (self._tmp, self._new, self._sent):
            durable.make_folder(folder)

    def _last_sequence(self) -> int:
        begun = self._begun()
        if begun and begun[1].sequence is not None:
            return begun[1].sequence
        newest = self._newest_path()
        return sequence_of(_key(newest.name)) if newest else 0

    def _begun(self) -> tuple[str, CaptureFacts] | None:
        try:
            key, _, text = self._last.read_bytes().partition(b"\n")
            facts = parse_facts(text)
            return (key.decode(), facts) if facts else None
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # the kernel drops the lock of a killed process
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def sequence_of(key: str) -> int:
    """The counter in the key of a picture that an outbox took; -1 for any other name."""
    picture = parse_picture_key(key)
    return int(picture.sequence) if picture and picture.sequence and not picture.is_imported else -1


def _key_of(facts: CaptureFacts, extension: str) -> str:
    sequence = facts.sequence or 0
    if facts.clock_synchronised and facts.taken_at is not None:
        return synced_key(facts.camera, facts.taken_at, sequence, extension)
    return unsynced_key(facts.camera, facts.boot_id or "0" * 8, facts.boot_ms, sequence, extension)


def _name_of(key: str) -> str:
    return key.replace("/", "+")


def _key(name: str) -> str:
    return name.replace("+", "/")


def _pictures_of(folder: Path) -> list[str]:
    """The names of our pictures in a folder, in the order in which they were taken."""
    if not folder.is_dir():
        return []
    numbers = {path.name: sequence_of(_key(path.name)) for path in folder.iterdir()}
    return sorted((name for name, number in numbers.items() if number >= 0), key=lambda name: numbers[name])


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
