"""What follows when the settings of a register change half-way: what people told, and its former cameras."""

import logging

import polars as pl

from warehouse.connection import Warehouse

log = logging.getLogger(__name__)


def follow_settings(warehouse: Warehouse, registers: pl.DataFrame) -> None:
    """Let what is known of registers follow their new settings; to be called before these are merged.

    People told readings by the drums they saw: where the decimal point moves, it moves in theirs too.

    Args:
        warehouse: open for writing, in a transaction.
        registers: columns named as core.registers'.
    """
    warehouse.execute("note_former_cameras", incoming=registers)
    warehouse.execute("note_moved_cameras", incoming=registers)
    warehouse.execute("forget_habits", incoming=registers)
    for register_id, before, after in warehouse.query("moved_points", incoming=registers).iter_rows():
        moved = {"register_id": register_id, "places": before - after}
        corrections = warehouse.execute("move_points_of_corrections", **moved)
        events = warehouse.execute("move_points_of_events", **moved)
        log.info(
            "%s: %d decimals instead of %d: %d readings set by people and %d events go by the same drums",
            register_id,
            after,
            before,
            corrections,
            events,
        )
