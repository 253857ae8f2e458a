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
    """A picture that is safe in the outbox.

    Attributes:
        key: its name in the store.
        facts: what is known of it.
        seconds: how long it took.
        stuck: why there will be no further one, where the second attempt got stuck.
    """

    key: str
    facts: CaptureFacts
    seconds: float
    stuck: CameraStuck | None = None


@dataclass(frozen=True, slots=True)
class _Exposure:
    """A shot and the clock at its shutter; `stuck` as in `Taken`."""

    shot: Shot
    clock: ClockReading
    stuck: CameraStuck | None = None

    @property
    def quality(self) -> object:
        return self.shot.details.get("quality")


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
        exposure = _photograph(equipment, started_s + budget_s, look_at_clock)
        facts = _facts(equipment, exposure.shot, slot_at, exposure.clock)
        key = outbox.add(exposure.shot.data, facts)
        equipment.camera.keep(exposure.shot.details)
    return Taken(key, facts, time.monotonic() - started_s, exposure.stuck)


def _photograph(equipment: Equipment, until_s: float, look_at_clock: Callable[[], ClockReading]) -> _Exposure:
    """A picture of the first attempt or, where that is not good, of the second, if there is one."""
    attempts = _ATTEMPTS if equipment.camera.is_live else 1
    best: _Exposure | None = None
    stuck: CameraStuck | None = None
    for attempt in range(1, attempts + 1):
        is_last = attempt == attempts or time.monotonic() >= until_s
        try:
            best = _shoot(equipment, until_s - time.monotonic(), look_at_clock)
        except CameraError as error:
            if best is not None:
                _log.warning("no better picture: %s; the %s one is kept", error, best.quality)
                stuck = error if isinstance(error, CameraStuck) else None
            elif is_last or isinstance(error, CameraStuck):
                raise
            else:
                _log.warning("no picture: %s; once more", error)
            continue
        if best.quality is None or is_last:
            break
        _log.warning("the picture is %s; once more", best.quality)
    assert best is not None  # noqa: S101 - the last attempt has raised otherwise
    shot = replace(best.shot, details={**best.shot.details, "attempts": attempt})
    return replace(best, shot=shot, stuck=stuck)


def _shoot(equipment: Equipment, left_s: float, look_at_clock: Callable[[], ClockReading]) -> _Exposure:
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
    details = {**shot.details, **found, **({"quality": quality} if quality else {})}
    return _Exposure(replace(shot, details=details), clock)


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
