"""The book of incidents on the disk: whole after every kill, and changed by one program at a time."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from raspi_agent import durable
from tasks.watching.book import Book

log = logging.getLogger(__name__)
FOLDER = "watch"
FILE_NAME = "incidents.json"
_BOOK = TypeAdapter(Book)


def read_book(home: Path) -> Book:
    """The book of a home folder; an empty one where there is none yet.

    A damaged one is put aside and begun anew: what is open is then told once more.
    """
    path = home / FOLDER / FILE_NAME
    try:
        return _BOOK.validate_json(path.read_bytes())
    except FileNotFoundError:
        return Book()
    except ValidationError:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        log.warning("%s was damaged; it is kept as %s and begun anew", path, aside.name)
        return Book()


def change_book(home: Path, change: Callable[[Book], Book]) -> Book:
    """Change the book of a home folder and return it; others wait meanwhile.

    Raises:
        OSError: The disk is full or refuses.
    """
    with _locked(home / FOLDER / "incidents.lock", wait=True):
        before = read_book(home)
        after = change(before)
        if after != before:
            durable.replace(home / FOLDER / FILE_NAME, _BOOK.dump_json(after, indent=1))
        return after


@contextmanager
def delivering(home: Path) -> Iterator[bool]:
    """Whether it is this program's turn to deliver messages; no other delivers meanwhile."""
    with _locked(home / FOLDER / "delivery.lock", wait=False) as is_ours:
        yield is_ours


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[bool]:
    durable.make_folder(path.parent)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
