"""Loads: each is one transaction, may be repeated, and leaves the warehouse whole when it is killed."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from warehouse.connection import Warehouse
from warehouse.errors import IntervalsDoNotAddUp


@dataclass(frozen=True, slots=True)
class SavedReadings:
    """What saving readings did.

    Args:
        inserted: readings of pictures decided for the first time.
        revised: readings whose value, quality or reason changed; the old rows are in core.reading_revisions.
        refreshed: readings that stand, with newer evidence (settled, log-odds, recognition).
    """

    inserted: int
    revised: int
    refreshed: int


def load_registers(warehouse: Warehouse, registers: pl.DataFrame) -> int:
    """Bring core.registers up to date with the settings; return how many rows changed."""
    with warehouse.transaction():
        return warehouse.merge("core.registers", registers, keys=["register_id"])


def load_pictures(warehouse: Warehouse, pictures: pl.DataFrame) -> int:
    """Append pictures that raw.pictures does not have; return how many were new."""
    with warehouse.transaction():
        return warehouse.execute("load_pictures", incoming=pictures)


def load_recognitions(warehouse: Warehouse, recognitions: pl.DataFrame, candidates: pl.DataFrame) -> int:
    """Append recognitions with all their candidates; return how many recognitions were new.

    One picture, register, reader and reader version is recognised once: a second run of it changes nothing.
    """
    with warehouse.transaction():
        warehouse.execute("load_candidates", incoming=candidates)
        return warehouse.execute("load_recognitions", incoming=recognitions)


def save_readings(warehouse: Warehouse, readings: pl.DataFrame) -> SavedReadings:
    """Save decisions: new readings and changed ones (the old row is kept too), never over a manual one.

    Args:
        warehouse: open for writing.
        readings: register_id, picture_key, read_at, value_wh, quality, reason, recognised_text, probability,
            log_odds, settled, recognised_at; one row per register and picture.
    """
    with warehouse.transaction():
        before = _count_readings(warehouse)
        decided_at = warehouse.query("next_decision_at").item()
        revised = warehouse.execute("keep_revisions", incoming=readings, decided_at=decided_at)
        changed = warehouse.execute("merge_readings", incoming=readings, decided_at=decided_at)
        inserted = _count_readings(warehouse) - before
    return SavedReadings(inserted, revised, changed - inserted - revised)


def replace_intervals(
    warehouse: Warehouse,
    register_id: str,
    since: datetime | None,
    *,
    quarter_hours: pl.DataFrame,
    days: pl.DataFrame,
    decided_until: datetime,
) -> None:
    """Replace a register's interval data from a local midnight on (None: all of them).

    Raises:
        IntervalsDoNotAddUp: when they do not sum up to last minus first accepted reading; nothing is changed.
    """
    with warehouse.transaction():
        warehouse.execute("delete_interval_15min", register_id=register_id, since=since)
        warehouse.execute("delete_interval_day", register_id=register_id, since=since)
        warehouse.execute("insert_interval_15min", incoming=quarter_hours, register_id=register_id)
        warehouse.execute("insert_interval_day", incoming=days, register_id=register_id, since=since)
        warehouse.execute("record_derivation", register_id=register_id, decided_until=decided_until)
        sums = warehouse.query("interval_sums", register_id=register_id).row(0, named=True)
        if len(set(sums.values())) > 1:
            raise IntervalsDoNotAddUp(
                f"{register_id}: the readings count {sums['readings_wh']} Wh, the quarter hours "
                f"{sums['quarter_hours_wh']} Wh, the days {sums['days_wh']} Wh. Nothing was saved; "
                f"derive the register anew from its first reading."
            )


def _count_readings(warehouse: Warehouse) -> int:
    """Rows of core.register_readings."""
    return int(warehouse.query("count_readings").item())
