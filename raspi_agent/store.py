"""The store port: where pictures wait between the camera and the archive."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StoreError(Exception):
    """Something the caller of a store must decide about.

    StoreError
    ├── StoreUnavailable   nothing is known now; try again later
    └── RevisionGone       that revision is no longer there; list again
    """


class StoreUnavailable(StoreError):  # noqa: N818 - a state of the store, named as one
    """The store did not answer, or refused: which says nothing about what is in it."""


class RevisionGone(StoreError):  # noqa: N818 - likewise
    """The revision asked for has been deleted or replaced."""


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
    """What a store has to tell since a cursor; what the caller knows already may be told again."""

    revisions: tuple[Revision, ...]
    cursor: str


class Store(Protocol):
    """A place for pictures. Every method raises StoreUnavailable when nothing can be known now."""

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
