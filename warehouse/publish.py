"""The published copy: what people open, so that nobody ever holds the live file."""

import os
import time
from pathlib import Path

from warehouse.connection import open_warehouse

# The newest format that DuckDB 1.5 still reads: the tools of many people are older than this library.
STORAGE_VERSION = "v1.5.0"
READ_ONLY_MODE = 0o444


def publish_copy(live: Path, target: Path, *, wait_s: float = 60) -> Path:
    """A read-only copy of the live warehouse at `target`, swapped in whole; return `target`.

    Whoever has the former copy open keeps reading it.

    Raises:
        WarehouseBusy: when another program has held the live file for `wait_s`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}.*"):
        leftover.unlink()
    partial = target.parent / f".{target.name}.{os.getpid()}-{time.monotonic_ns()}"
    with open_warehouse(live, read_only=True, wait_s=wait_s) as warehouse:
        warehouse.copy_to(partial, STORAGE_VERSION)
    partial.chmod(READ_ONLY_MODE)
    _fsync(partial)
    partial.replace(target)
    _fsync(target.parent)
    return target


def _fsync(path: Path) -> None:
    """Wait until a file or the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
