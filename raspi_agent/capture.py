"""One slot, one picture: from the camera into the outbox."""

from collections.abc import Callable
from datetime import datetime

from raspi_agent.cameras import Camera, CameraError, Shot
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import ClockReading
from raspi_agent.outbox import Outbox


def capture_slot(
    outbox: Outbox, camera: Camera, *, name: str, slot_at: datetime, look_at_clock: Callable[[], ClockReading]
) -> str | None:
    """Take the picture of a slot unless somebody has; return its key in the outbox, None if it was taken.

    The slot is claimed before the shutter, and given back when no picture comes of it.

    Raises:
        CameraError: the camera gave none.
        OSError: the outbox's disk refuses.
    """
    if not outbox.claim_slot(slot_at):
        return None
    try:
        newest = outbox.newest_facts()
        if newest is not None:  # a kill between `add` and `keep` left this one untold
            camera.keep(newest.details)
        clock = look_at_clock()
        shot = camera.capture()
        key = outbox.add(shot.data, _facts(shot, name, slot_at, clock))
    except (CameraError, OSError):
        outbox.release_slot(slot_at)
        raise
    camera.keep(shot.details)
    return key


def _facts(shot: Shot, name: str, slot_at: datetime, clock: ClockReading) -> CaptureFacts:
    return CaptureFacts(
        camera=name,
        taken_at=shot.taken_at or clock.now_at,
        clock_synchronised=shot.taken_at is not None or clock.synchronised,
        slot_at=slot_at,
        boot_id=clock.boot_id,
        boot_ms=clock.boot_ms,
        details=shot.details,
    )
