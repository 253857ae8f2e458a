"""One slot, one picture: from the camera into the outbox."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from raspi_agent.cameras.camera import Camera, CameraError, CameraStuck, Shot
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import ClockReading
from raspi_agent.lamp import lit
from raspi_agent.light import Light
from raspi_agent.outbox import Outbox
from raspi_agent.picture_quality import UNUSABLE, judge_picture
from raspi_agent.slots import Schedule, is_filled

_log = logging.getLogger(__name__)
_ATTEMPTS = 2
_AROUND_S = 30.0  # lamp, disk, and ending a camera that hangs
_LEAST_S = 0.5
_SHARE_OF_SLOT = 0.8  # a slot's attempts end before the next slot begins


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a picture is taken with.

    Attributes:
        name: the camera's name as in the picture key.
        camera: gives the pictures.
        light: the lamp, None without one.
        timeout_s: how long the camera may take for a picture.
        light_settle_s: how long the lamp takes to be steady.
        light_longest_on_s: after so long the lamp goes off, whatever happens.
        look_at_machine: more facts for the picture: the temperature.
    """

    name: str
    camera: Camera
    light: Light | None = None
    timeout_s: float = 30.0
    light_settle_s: float = 1.0
    light_longest_on_s: float = 90.0
    look_at_machine: Callable[[], dict[str, Any]] = dict


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that is safe in the outbox, and how long it took."""

    key: str
    facts: CaptureFacts
    seconds: float


def longest_picture_s(timeout_s: float) -> float:
    """How long a picture takes at most, with a camera that has `timeout_s` for each attempt."""
    return _ATTEMPTS * timeout_s + _AROUND_S


def capture_slot(
    outbox: Outbox,
    equipment: Equipment,
    schedule: Schedule,
    slot_at: datetime | None,
    look_at_clock: Callable[[], ClockReading],
    *,
    is_further: bool = False,
) -> Taken | None:
    """Take the picture of a slot unless somebody has; None if it was taken.

    Whoever asks: the right to photograph is held from the look at the slot until its picture is safe, and a
    slot counts as filled by its picture alone: a kill at any moment leaves it to the next one who asks.

    Args:
        outbox: gets the picture.
        equipment: takes it.
        schedule: what the slots follow.
        slot_at: the slot; None takes a picture besides the slots.
        look_at_clock: gives the clock's reading now.
        is_further: take one more for a slot that has its picture, of those that lie in a folder.

    Raises:
        CameraError: the camera gave none.
        TimeoutError: another picture is in the making and takes too long.
        OSError: the outbox's disk refuses.
    """
    started_s = time.monotonic()
    budget_s = min(_ATTEMPTS * equipment.timeout_s, _SHARE_OF_SLOT * schedule.window.total_seconds())
    with outbox.shutter(budget_s):
        newest = outbox.newest()
        if newest is not None:  # a kill between `add` and `keep` left this one untold
            equipment.camera.keep(newest[1].details)
        last = newest[1] if newest else None
        if slot_at and not is_further and is_filled(slot_at, last, look_at_clock(), schedule):
            return None
        shot, clock = _photograph(equipment, started_s + budget_s, look_at_clock)
        facts = _facts(equipment, shot, slot_at, clock)
        key = outbox.add(shot.data, facts)
        equipment.camera.keep(shot.details)
    return Taken(key, facts, time.monotonic() - started_s)


def _photograph(
    equipment: Equipment, until_s: float, look_at_clock: Callable[[], ClockReading]
) -> tuple[Shot, ClockReading]:
    """A shot worth keeping and the clock at its shutter; a second attempt where the first was not good."""
    attempts = _ATTEMPTS if equipment.camera.is_live else 1
    for attempt in range(1, attempts + 1):
        is_last = attempt == attempts or time.monotonic() >= until_s
        try:
            shot, clock = _shoot(equipment, until_s - time.monotonic(), look_at_clock)
        except CameraStuck:
            raise
        except CameraError as error:
            if is_last:
                raise
            _log.warning("no picture: %s; once more", error)
            continue
        quality = shot.details.get("quality")
        if quality is None or is_last:
            break
        _log.warning("the picture is %s; once more", quality)
    return replace(shot, details={**shot.details, "attempts": attempt}), clock


def _shoot(
    equipment: Equipment, left_s: float, look_at_clock: Callable[[], ClockReading]
) -> tuple[Shot, ClockReading]:
    camera = equipment.camera
    with lit(
        equipment.light, settle_s=equipment.light_settle_s, longest_on_s=equipment.light_longest_on_s
    ) as light:
        clock = look_at_clock()
        shot = camera.capture(max(_LEAST_S, min(equipment.timeout_s, left_s)))
    quality = judge_picture(shot.data)
    if camera.is_live and quality in UNUSABLE:
        message = f"what the camera gave is no whole picture ({quality}, {len(shot.data)} bytes)"
        raise CameraError(message)
    found = {"light": light} if equipment.light else {}
    return replace(
        shot, details={**shot.details, **found, **({"quality": quality} if quality else {})}
    ), clock


def _facts(equipment: Equipment, shot: Shot, slot_at: datetime | None, clock: ClockReading) -> CaptureFacts:
    return CaptureFacts(
        camera=equipment.name,
        taken_at=shot.taken_at or clock.now_at,
        clock_synchronised=shot.taken_at is not None or clock.synchronised,
        slot_at=slot_at,
        boot_id=clock.boot_id,
        boot_ms=clock.boot_ms,
        details={**shot.details, **equipment.look_at_machine()},
    )
