"""The locks on a home folder: of `smartmeter up`, which says where it is, and of a server that starts."""

import fcntl
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flows.prefect_api import BackendError

# Whoever only looks holds it for an instant.
GLANCE_S = 0.5
# Who starts a server needs a few minutes at most, and several may wait for their turn.
TURN_S = 600.0


@dataclass(frozen=True, slots=True)
class Up:
    """A `smartmeter up` at work: its process, and the address of the API that it uses or is starting."""

    process: str
    address: str | None


@contextmanager
def only_one(home: Path, address: str) -> Iterator[None]:
    """Holds this home for one `smartmeter up` at a time; a process that dies lets go of it.

    Args:
        home: The home folder.
        address: Where the Prefect API is, for the commands that come meanwhile.

    Raises:
        BackendError: Another one holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with _file(home).open("a+") as lock:
        if not _is_got(lock, fcntl.LOCK_EX, GLANCE_S):
            raise BackendError(
                f"`smartmeter up` runs already for {home} (process {_read(lock).process}). "
                "End that one first, or choose another home with --home."
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n{address}\n")
        lock.flush()
        yield


def running_up(home: Path) -> Up | None:
    """The `smartmeter up` that holds this home; None where none does."""
    try:
        with _file(home).open() as lock:
            return None if _is_got(lock, fcntl.LOCK_SH, 0) else _read(lock)
    except OSError:  # it never ran here, or this is no folder of ours
        return None


@contextmanager
def my_start(home: Path, patience_s: float = TURN_S) -> Iterator[None]:
    """Waits until no other Prefect server is starting in this home: two would bring its database up to date.

    Args:
        home: The home folder.
        patience_s: How long to wait; a command that is suspended never gets on.

    Raises:
        BackendError: It took longer.
    """
    with (home / "prefect-start.lock").open("a") as lock:
        if not _is_got(lock, fcntl.LOCK_EX, patience_s):
            raise BackendError(
                f"Another command has been starting a Prefect server in {home} for {patience_s:.0f} s. "
                f"End it (`fuser {shlex.quote(lock.name)}` shows its process), then do the same once more."
            )
        yield


def _file(home: Path) -> Path:
    return home / "up.lock"


def _is_got(lock: IO[str], kind: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _read(lock: IO[str]) -> Up:
    lock.seek(0)
    process, address = (*lock.read().split(), "", "")[:2]
    return Up(process or "unknown", address or None)
