"""What people tell about a meter: events and corrections; and the breaks that decoding asks them about.

Nothing is deleted: what is undone gets `undone_at`. Each change marks what to decode and derive anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.connection import Warehouse
from warehouse.errors import NothingToUndo
from warehouse.loading import mark, note_change
from warehouse.tariffs import price_days

MANUAL_PREFIX = "manual/"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a meter.

    Args:
        register_id: whose register it concerns.
        kind: exchange, reset, offset, tariff or note.
        happened_at: pictures before it show the old state, later ones the new one.
        last_wh: what the old register showed last, where known.
        first_wh: what the new register showed first, where known.
        offset_wh: how far the register was set forward.
        tariff: the tariff that applies from here on.
        note: a person's words.
    """

    register_id: str
    kind: str
    happened_at: datetime
    last_wh: int | None = None
    first_wh: int | None = None
    offset_wh: int | None = None
    tariff: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A reading that a person set: of a picture, or of an instant without one."""

    register_id: str
    picture_key: str
    taken_at: datetime
    value_wh: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A break in a series that looks like an exchanged meter."""

    broke_at: datetime
    first_wh: int
    last_at: datetime
    last_wh: int
    n_pictures: int
    log_odds: float


def add_event(warehouse: Warehouse, event: Event) -> int:
    """Note an event; return its number."""
    with warehouse.transaction():
        number = int(warehouse.query("next_event_id").item())
        fields = {name: getattr(event, name) for name in Event.__slots__}
        warehouse.execute("insert_event", event_id=number, **fields)
        _follow(warehouse, event.register_id, event.kind, event.happened_at)
    return number


def undo_event(warehouse: Warehouse, number: int) -> dict[str, Any]:
    """Take an event back; return it.

    Raises:
        NothingToUndo: there is no such event, or it has been taken back already.
    """
    with warehouse.transaction():
        found = warehouse.query("event", event_id=number)
        if found.is_empty():
            raise NothingToUndo(
                f"There is no event {number} to take back; `smartmeter event list` shows them."
            )
        row = found.row(0, named=True)
        warehouse.execute("undo_event", event_id=number)
        _follow(warehouse, row["register_id"], row["kind"], row["happened_at"])
    return row


def correct(warehouse: Warehouse, correction: Correction) -> int:
    """Set a reading, in place of what was set before for that picture; return the correction's number."""
    with warehouse.transaction():
        _undo_corrections(warehouse, correction.register_id, correction.picture_key)
        number = int(warehouse.query("next_correction_id").item())
        fields = {name: getattr(correction, name) for name in Correction.__slots__}
        warehouse.execute("insert_correction", correction_id=number, **fields)
        _look_again(warehouse, correction.register_id, correction.taken_at)
    return number


def undo_correction(warehouse: Warehouse, register_id: str, picture_key: str) -> dict[str, Any]:
    """Take back what a person set for a picture; return it. The series decides again.

    Raises:
        NothingToUndo: nobody has set that picture's reading.
    """
    with warehouse.transaction():
        row = _undo_corrections(warehouse, register_id, picture_key)
        if row is None:
            raise NothingToUndo(
                f"Nobody has set the reading of {picture_key}; there is nothing to take back."
            )
        _look_again(warehouse, register_id, row["taken_at"])
        if picture_key.startswith(MANUAL_PREFIX):
            warehouse.execute("delete_manual_reading", register_id=register_id, picture_key=picture_key)
            mark(warehouse, register_id, "derive", row["taken_at"], row["taken_at"])
            note_change(warehouse, "readings", row["taken_at"])
    return row


def note_proposal(
    warehouse: Warehouse,
    register_id: str,
    window: tuple[datetime, datetime],
    proposal: Proposal | None,
) -> None:
    """Keep the break that decoding found; proposals within its window that it found no more are withdrawn."""
    with warehouse.transaction():
        warehouse.execute(
            "withdraw_proposals",
            register_id=register_id,
            window_at=window[0],
            until=window[1],
            broke_at=proposal.broke_at if proposal else None,
        )
        if proposal is not None:
            fields = {name: getattr(proposal, name) for name in Proposal.__slots__}
            warehouse.execute("merge_proposal", register_id=register_id, **fields)


def _undo_corrections(warehouse: Warehouse, register_id: str, picture_key: str) -> dict[str, Any] | None:
    """Take back the correction of a picture that holds; return it, None when there is none."""
    found = warehouse.query("correction", register_id=register_id, picture_key=picture_key)
    warehouse.execute("undo_correction", register_id=register_id, picture_key=picture_key)
    return found.row(0, named=True) if found.height else None


def _look_again(warehouse: Warehouse, register_id: str, taken_at: datetime) -> None:
    """Let the series around an instant be decoded anew."""
    mark(warehouse, register_id, "decode", taken_at, taken_at)


def _follow(warehouse: Warehouse, register_id: str, kind: str, happened_at: datetime) -> None:
    """Let what an event changes be worked out anew."""
    if kind == "tariff":
        price_days(warehouse, happened_at)
    elif kind != "note":
        mark(warehouse, register_id, "decode", happened_at, None)
        mark(warehouse, register_id, "derive", happened_at, None)
