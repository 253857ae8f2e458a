"""The folder in which a new home folder grows before it gets its name."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def draft_beside(home: Path) -> Iterator[Path]:
    """A new folder beside a home folder, removed where what is done in it fails.

    What a killed run left is removed first: hidden, and as large as all pictures, nobody else would find it.

    Args:
        home: Its parent exists.
    """
    prefix = f".{home.name}.restoring-"
    for left in [each for each in home.parent.iterdir() if each.name.startswith(prefix)]:
        with suppress(OSError), _held(left):  # a run that goes on holds its own
            shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=home.parent))
    with ExitStack() as stack:
        with suppress(OSError):  # some network shares have no locks; there a leftover stays
            stack.enter_context(_held(draft))
        try:
            yield draft
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder until the end of this process, or sooner.

    Raises:
        OSError: Another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
