"""The store port: where pictures wait between the camera and the archive."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

_LONGEST_NAME_BYTES = 240  # what a file system takes, less what an archive adds


class StoreError(Exception):
    """Something the caller of a store must decide about; the message is a sentence for people.

    StoreError
    ├── StoreUnavailable   nothing is known now; try again later
    ├── StoreRefused       trying again won't help before somebody has done something
    │   └── StoreFull      there is no room for what was to be added
    └── RevisionGone       that revision can't be had; go on without it
    """


class StoreUnavailable(StoreError):  # noqa: N818 - a state of the store, named as one
    """The store did not answer, or not now: which says nothing about what is in it.

    Args:
        message: what happened, for people.
        retry_after_s: how long the store itself asks to be left alone, None when it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreRefused(StoreError):  # noqa: N818 - likewise
    """The store will not let us: no permission, no such place, no link. The message says the remedy."""


class StoreFull(StoreRefused):
    """The store has no room left."""


class RevisionGone(StoreError):  # noqa: N818 - likewise
    """The revision asked for has been deleted or replaced, or the store gives it to nobody."""


class Added(StrEnum):
    """What became of a picture that was to be added."""

    STORED = "stored"
    ALREADY_THERE = "already_there"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of one file in the store.

    Attributes:
        key: the path in the store; a picture key, or whatever name people chose.
        revision: the store's own name for these bytes under this key.
        size: bytes.
        content_hash: see `raspi_agent.content_hash`.
    """

    key: str
    revision: str
    size: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a store has to tell since a cursor; what the caller knows already may be told again.

    Attributes:
        revisions: what is new since the cursor.
        cursor: behind all of them.
        hidden: keys and folders in which something may be that the store would not show.
    """

    revisions: tuple[Revision, ...]
    cursor: str
    hidden: tuple[str, ...] = ()

    def may_hide(self, key: str) -> bool:
        """Whether a key that is not listed may be there all the same."""
        return any(key == each or key.startswith(f"{each}/") for each in self.hidden)


@dataclass(frozen=True, slots=True)
class Space:
    """How full a store is.

    Attributes:
        used_bytes: what all files in it take, other people's included where they share it.
        total_bytes: how much it holds, None when it does not tell.
    """

    used_bytes: int
    total_bytes: int | None


class Store(Protocol):
    """A place for pictures; any number of threads may use one at once.

    Every method raises StoreUnavailable when nothing can be known now, and StoreRefused when somebody has
    to act first.
    """

    def list(self, cursor: str | None = None) -> Listing:
        """Every revision that is new since the cursor, by key; all of them without one.

        A cursor that the store cannot use any more is no error: all revisions are told again. Files that
        somebody is still writing are left for the next listing.
        """
        ...

    def fetch(self, revision: Revision) -> bytes:
        """The bytes of that revision, their hash checked.

        Raises:
            RevisionGone: other bytes, or none, have the key now.
        """
        ...

    def add(self, key: str, data: bytes) -> Added:
        """Store the bytes under the key unless it is taken; nothing is ever overwritten.

        Returns:
            CONFLICT when other bytes have the key; the caller stores them under `twin_key`.

        Raises:
            ValueError: the key is no plain relative path.
        """
        ...

    def delete(self, revision: Revision) -> bool:
        """Make exactly that revision go; False when other bytes have the key, which are left alone.

        True also when there was nothing: a repeated delete does no harm.
        """
        ...

    def space(self) -> Space:
        """How full the store is."""
        ...

    def deleted(self) -> tuple[Revision, ...]:
        """The newest revision of every key that is gone and that the store itself can bring back."""
        ...

    def restore(self, revision: Revision) -> Added:
        """Bring a deleted revision back under its key unless other bytes have the key by now.

        Raises:
            RevisionGone: the store does not remember it; who has the bytes may `add` them.
        """
        ...


def is_too_long(name: str) -> bool:
    """Whether a part of a key is too long for a disk, or for its twin's name beside it."""
    return len(name.encode()) > _LONGEST_NAME_BYTES
