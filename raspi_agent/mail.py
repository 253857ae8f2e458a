"""Mail: files on their way to the store that are no pictures. They wait for pictures, never the reverse."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raspi_agent import durable
from raspi_agent.content_hash import content_hash
from raspi_agent.picture_key import twin_key
from raspi_agent.store import Added, Store, StoreError, StoreFull, StoreUnavailable

MOST_FILES = 500  # three weeks of hourly reports: who has been away for longer misses the oldest

_DRAFT = ".draft"
_LOCK = ".lock"
_REFUSALS_THAT_MEAN_ALL = 3
_LONGEST_NAME_BYTES = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mailed:
    """What sending the mail did.

    Attributes:
        sent: files that the store has now and that have left the mail.
        waiting: files still here.
        stopped_by: what ended it before its end, or None.
    """

    sent: int = 0
    waiting: int = 0
    stopped_by: StoreError | None = None


def put(outbox_folder: Path, key: str, data: bytes, *, most_files: int = MOST_FILES) -> None:
    """Keep a file for the store; once this returns, it survives kills and power cuts until it is sent.

    The same bytes under the same key again change nothing, other bytes go under the twin's name. Of more
    than `most_files` the oldest go, with a line in the log.

    Raises:
        ValueError: the key is no plain relative path.
        OSError: the disk refuses; nothing is left behind.
    """
    name = _name_of(key)
    folder = _folder(outbox_folder)
    with _locked(folder):
        for taken in (name, twin_key(name, content_hash(data))):
            if _publish(folder, taken, data):
                break
        _drop_oldest(folder, most_files)


def send_mail(outbox_folder: Path, store: Store) -> Mailed:
    """Send what waits in the mail, oldest first; each file leaves once the store certainly has it.

    A store that is away or full ends it, and so does one that refuses several; what it refuses comes last
    the next time, so that it never holds up the others.

    Raises:
        OSError: the disk refuses.
    """
    folder = _folder(outbox_folder)
    sent = refused = 0
    for path in _waiting(folder):
        try:
            sent += _send(store, path)
        except (StoreUnavailable, StoreFull) as error:
            return Mailed(sent, len(_waiting(folder)), error)
        except StoreError as error:
            _log.warning("%s waits in the mail: %s", path.name, error)
            _put_last(path)
            refused += 1
            if refused == _REFUSALS_THAT_MEAN_ALL:
                return Mailed(sent, len(_waiting(folder)), error)
    return Mailed(sent, len(_waiting(folder)))


def waiting_keys(outbox_folder: Path) -> tuple[str, ...]:
    """The keys of all files in the mail, oldest first."""
    return tuple(path.name.replace("+", "/") for path in _waiting(_folder(outbox_folder)))


def _send(store: Store, path: Path) -> bool:
    """Send one file; False when it has to wait, or somebody else has sent it."""
    key = path.name.replace("+", "/")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("%s waits in the mail: it cannot be read (%s)", path.name, error)
        return False
    try:
        added = store.add(key, data)
        if added is Added.CONFLICT:
            added = store.add(twin_key(key, content_hash(data)), data)
    except ValueError as error:  # somebody has put a file there by hand
        _log.warning("%s waits in the mail: %s", path.name, error)
        return False
    if added is Added.CONFLICT:
        _log.error("%s waits in the mail: other bytes have its name and its twin's", path.name)
        return False
    path.unlink(missing_ok=True)
    return True


def _put_last(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.utime(path)


def _publish(folder: Path, name: str, data: bytes) -> bool:
    """Give bytes a name; False when other bytes have it."""
    draft, target = folder / _DRAFT, folder / name
    draft.unlink(missing_ok=True)  # the lock is ours, so it is left over from a kill
    durable.write_new(draft, data)
    try:
        if durable.move_without_replacing(draft, target):
            return True
        if target.read_bytes() != data:
            return False
        durable.sync_file(target)  # who wrote it may have been killed before
        return True
    finally:
        draft.unlink(missing_ok=True)


def _drop_oldest(folder: Path, most_files: int) -> None:
    waiting = _waiting(folder)
    excess = waiting[: max(0, len(waiting) - most_files)]
    for path in excess:
        path.unlink(missing_ok=True)
    if excess:
        _log.warning(
            "the mail is full: the oldest %d of its files had to go, up to %s; bring the store back",
            len(excess),
            excess[-1].name,
        )


def _waiting(folder: Path) -> list[Path]:
    """The files in the mail, oldest first."""
    if not folder.is_dir():
        return []
    aged = []
    for path in folder.iterdir():
        try:
            if not path.name.startswith(".") and path.is_file():
                aged.append((path.stat().st_mtime_ns, path.name, path))
        except FileNotFoundError:
            continue
    return [path for _, _, path in sorted(aged)]


def _name_of(key: str) -> str:
    plain = PurePosixPath(key)
    if (
        not plain.parts
        or plain.as_posix() != key
        or plain.is_absolute()
        or any(part.startswith(".") for part in plain.parts)
        or any(character in key for character in "+\\\0\n")
        or len(key.encode()) > _LONGEST_NAME_BYTES
    ):
        message = f"{key!r} is no key for the mail: a short relative path without + and hidden names is one"
        raise ValueError(message)
    return key.replace("/", "+")


def _folder(outbox_folder: Path) -> Path:
    return outbox_folder / "mail"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # the kernel drops the lock of a killed process
    durable.make_folder(folder)
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
