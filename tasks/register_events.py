"""The events of a register, for the steps that decode and derive."""

from tasks.metering.events import EventKind, RegisterEvent
from warehouse.connection import Warehouse


def register_events(warehouse: Warehouse, register_id: str) -> tuple[RegisterEvent, ...]:
    """What happened to a register besides counting, as people told it."""
    return tuple(
        RegisterEvent(EventKind(row["kind"]), row["happened_at"], row["last_wh"], row["first_wh"])
        for row in warehouse.query("register_events", register_id=register_id).iter_rows(named=True)
    )
