"""The published copy: what people open, so that nobody ever holds the live file.

The copy before the last one is kept beside it. A new one is that file with what changed since brought in, so
a copy of ten years costs no more than one of a day. Whoever has a copy open keeps reading it.
"""

import os
import time
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import WarehouseError

# The newest format that DuckDB 1.5 still reads: the tools of many people are older than this library.
STORAGE_VERSION = "v1.5.0"
READ_ONLY_MODE = 0o444
WRITE_MODE = 0o644
# Tables that grow with time: the instant that finds a row, and the part of the changes that tells of it. All
# others are small, and copied whole where they differ.
TIMED = {
    "raw.pictures": ("taken_at", "pictures"),
    "raw.recognitions": ("taken_at", "recognitions"),
    "raw.candidates": ("taken_at", "recognitions"),
    "core.register_readings": ("read_at", "readings"),
    "core.interval_15min": ("start_at", "intervals"),
}
# Beyond this much the whole is copied: it is faster, and leaves the file in order.
WORTH_BRINGING = timedelta(days=45)


def publish_copy(live: Path, target: Path, *, wait_s: float = 60) -> Path:
    """A read-only copy of the live warehouse at `target`, swapped in whole; return `target`.

    Whoever has the former copy open keeps reading it.

    Raises:
        WarehouseBusy: when another program has held the live file for `wait_s`.
        WarehouseError: when the copy can't be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    spare = _spare(target)
    for leftover in target.parent.glob(f".{target.name}.*"):
        if leftover != spare:
            leftover.unlink()
    with open_warehouse(live, read_only=True, wait_s=wait_s) as warehouse:
        draft = _brought_up_to_date(warehouse, spare) or _copied(warehouse, target)
    draft.chmod(READ_ONLY_MODE)
    _fsync(draft)
    _swap(draft, target, spare)
    _fsync(target.parent)
    return target


def _spare(target: Path) -> Path:
    """Where the copy before the last one waits."""
    return target.parent / f".{target.name}.spare"


def _swap(draft: Path, target: Path, spare: Path) -> None:
    """Put the new copy in place; the one that was there becomes the spare, unless it is the same file."""
    former = target.parent / f".{target.name}.former"
    former.unlink(missing_ok=True)
    if target.exists():
        os.link(target, former)
    draft.replace(target)
    if former.exists():
        former.replace(spare)


def _copied(warehouse: Warehouse, target: Path) -> Path:
    """A whole new copy beside the target."""
    draft = target.parent / f".{target.name}.{os.getpid()}-{time.monotonic_ns()}"
    warehouse.copy_to(draft, STORAGE_VERSION)
    return draft


def _brought_up_to_date(warehouse: Warehouse, spare: Path) -> Path | None:
    """The spare copy with what changed since brought in; None where a new copy is the better way.

    That is when there is none, somebody still reads it, it has another schema, or too much has changed.
    """
    target = spare.with_name(spare.name.removeprefix(".").removesuffix(".spare"))
    if not spare.is_file() or (target.exists() and target.samefile(spare)):
        return None
    draft = spare.with_name(f"{spare.name}.draft")
    spare.replace(draft)
    draft.chmod(WRITE_MODE)
    try:
        with warehouse.attached(draft, "copy_of_it"):
            return draft if _bring(warehouse) else None
    except WarehouseError:
        return None


def _bring(warehouse: Warehouse) -> bool:
    """Bring the attached copy up to date; False where it cannot be, and must be thrown away."""
    if _differing(warehouse, ["main.schema_migrations"]):
        return False
    known = warehouse.sql("select coalesce(max(change_id), 0) from copy_of_it.core.changes").item()
    changes = warehouse.query("changes_since", known=known)
    if not all(changes["is_known"]):
        return False
    since: dict[str, datetime | None] = dict(changes.select("part", "from_at").iter_rows())
    if not _is_worth_it(warehouse, since):
        return False
    small = [name for name in warehouse.query("table_names")["name"] if name not in TIMED]
    with warehouse.transaction():
        for table in _differing(warehouse, small):
            warehouse.copy_rows(table, "copy_of_it", "true")
        for table, (column, part) in TIMED.items():
            if part in since:
                later = f"({column} is null or {column} >= '{since[part]}'::timestamptz)"
                warehouse.copy_rows(table, "copy_of_it", later)
    warehouse.script("checkpoint copy_of_it")
    return all(live == copied for _, live, copied in _counted(warehouse, list(TIMED)))


def _is_worth_it(warehouse: Warehouse, since: dict[str, datetime | None]) -> bool:
    """Whether bringing rows from these instants on is faster than copying all."""
    newest = warehouse.sql("select max(read_at) from core.register_readings").item()
    return all(at is not None and (newest is None or newest - at < WORTH_BRINGING) for at in since.values())


def _differing(warehouse: Warehouse, tables: list[str]) -> list[str]:
    """Those of the tables whose rows the copy has not: other rows have another mixture."""
    counts = _counted(warehouse, tables)
    other = [table for table, live, copied in counts if live != copied]
    full = [table for table, live, copied in counts if live == copied > 0]
    mixtures = _asked_of_both(warehouse, "bit_xor(hash(t))", full)
    return other + [table for table, live, copied in mixtures if live != copied]


def _counted(warehouse: Warehouse, tables: list[str]) -> list[tuple[str, int, int]]:
    """How many rows each table has here and in the copy."""
    return _asked_of_both(warehouse, "count(*)", tables)


def _asked_of_both(warehouse: Warehouse, what: str, tables: list[str]) -> list[tuple[str, int, int]]:
    """An aggregate of every table, here and in the copy; one statement costs less than many."""
    if not tables:
        return []
    found = warehouse.sql(
        " union all ".join(
            f"select {number} as number, {what} as found from {side}{name} t"  # noqa: S608 - our own tables
            for number, (name, side) in enumerate(product(tables, ("", "copy_of_it.")))
        )
    ).sort("number")["found"]
    return list(zip(tables, found[::2], found[1::2], strict=True))


def _fsync(path: Path) -> None:
    """Wait until a file or the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
