"""The events of a register, for the steps that decode and derive."""

from typing import Any

from tasks.metering.events import EventKind, RegisterEvent
from warehouse.connection import Warehouse


def register_events(warehouse: Warehouse, register_id: str) -> tuple[RegisterEvent, ...]:
    """What people told of a register besides counting; an offset by what it showed before and after."""
    rows = warehouse.query("register_events", register_id=register_id).iter_rows(named=True)
    return tuple(
        RegisterEvent(EventKind(row["kind"]), row["happened_at"], *_around(warehouse, register_id, row))
        for row in rows
    )


def _around(warehouse: Warehouse, register_id: str, event: dict[str, Any]) -> tuple[int | None, int | None]:
    """What the register showed before and after an event, where that is known."""
    last_wh, first_wh = event["last_wh"], event["first_wh"]
    if event["kind"] != "offset" or None not in (last_wh, first_wh):
        return last_wh, first_wh
    found = warehouse.query("reading_before", register_id=register_id, before=event["happened_at"])
    if found.is_empty():
        return last_wh, first_wh
    before_wh = found["value_wh"].item()
    last_wh = before_wh if last_wh is None else last_wh
    if first_wh is None and event["offset_wh"] is not None:
        first_wh = before_wh + event["offset_wh"]
    return last_wh, first_wh
