"""What happened to a register besides counting: its meter was exchanged, it was reset or set forward."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tasks.metering.register import Register
from tasks.metering.stretch import Break


class EventKind(StrEnum):
    """Why a register jumped."""

    EXCHANGE = "exchange"
    """Another meter hangs there; it has as many drums and decimals, else it is another register."""
    RESET = "reset"
    """It began to count from another value, mostly 0."""
    OFFSET = "offset"
    """Somebody set it forward or back."""


@dataclass(frozen=True, slots=True)
class RegisterEvent:
    """At this instant the register jumped; consumption runs on across it.

    Args:
        kind: why.
        at: UTC; pictures before it show the old count, those from it on the new one.
        last_wh: what the old count was at the end, None when only the reading before `at` tells.
        first_wh: where the new count began, None when only the reading from `at` on tells.
    """

    kind: EventKind
    at: datetime
    last_wh: int | None = None
    first_wh: int | None = None


def break_of(event: RegisterEvent, register: Register) -> Break:
    """The event as the decoder needs it: in whole seconds and units."""
    known = [
        None if wh is None else wh // register.unit_wh % register.span_units
        for wh in (event.last_wh, event.first_wh)
    ]
    return Break(int(event.at.timestamp()), *known)
