"""How the agent and its machine are: for the store, for the log and for Prometheus."""

import importlib.metadata
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raspi_agent import durable, mail
from raspi_agent.clock import ClockReading
from raspi_agent.machine import UNDERVOLTAGE, Machine, names_of_throttling, temperature_c, throttled_by_sysfs
from raspi_agent.outbox import Outbox, OutboxStatus
from raspi_agent.outbox_room import dropped_so_far
from raspi_agent.picture_key import check_camera_name
from raspi_agent.tally import Hour

HOT_C = 80.0  # a Pi slows down from here on
_GIGABYTE = 1_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """How the agent is at one instant and what it did in the hour before it; None where nobody knows.

    Attributes:
        camera: whose agent.
        clock: what the clock showed, and whether that can be trusted.
        version: of this program.
        machine: it runs on.
        outbox: how full it is.
        dropped: unsent pictures that ever had to go for a full disk.
        restarts: how often the agent has been started in this home folder.
        hour: what happened since the last report.
    """

    camera: str
    clock: ClockReading
    version: str
    machine: Machine
    outbox: OutboxStatus
    dropped: int
    restarts: int
    hour: Hour


def look_at_health(
    camera: str, outbox: Outbox, *, machine: Machine, clock: ClockReading, hour: Hour, restarts: int
) -> Health:
    """The health now.

    Raises:
        OSError: the outbox's disk refuses.
    """
    return Health(
        camera=camera,
        clock=clock,
        version=version(),
        machine=machine,
        outbox=outbox.status(),
        dropped=dropped_so_far(outbox),
        restarts=restarts,
        hour=hour,
    )


def health_key(camera: str, at: datetime) -> str:
    """The key in the store of the report of the hour that `at` lies in."""
    at = at.astimezone(UTC)
    day = f"{at.year:04d}{at.month:02d}{at.day:02d}"
    return f"health/{check_camera_name(camera)}/{day}/{day}_{at.hour:02d}0000Z.json"


def format_health(health: Health) -> bytes:
    """The health as JSON, for the store."""
    outbox, hour, machine = health.outbox, health.hour, health.machine
    fields: dict[str, Any] = {
        "camera": health.camera,
        "at": _format(health.clock.now_at),
        "version": health.version,
        "temperature_c": machine.temperature_c,
        "throttled": machine.throttled if machine.throttled is None else list(machine.throttled),
        "disk_free_bytes": machine.disk_free_bytes,
        "disk_total_bytes": machine.disk_total_bytes,
        "outbox": {
            "waiting": outbox.waiting,
            "waiting_bytes": outbox.waiting_bytes,
            "sent": outbox.sent,
            "sent_bytes": outbox.sent_bytes,
            "dropped": health.dropped,
        },
        "last_capture_at": _format(outbox.last_taken_at),
        "last_upload_at": _format(outbox.last_sent_at),
        "clock_synchronised": health.clock.synchronised,
        "boot_id": machine.boot_id,
        "boot_s": machine.boot_s,
        "restarts": health.restarts,
        "slots": {"due": hour.due, "taken": hour.taken, "missed": hour.due - hour.taken},
        "camera_errors": hour.camera_errors,
        "light_errors": hour.light_errors,
        "upload_errors": hour.upload_errors,
        "capture_s": list(hour.capture_s),
        "upload_s": list(hour.upload_s),
    }
    return json.dumps(fields, allow_nan=False, separators=(",", ":")).encode()


def put_health(outbox_folder: Path, health: Health) -> str:
    """Put the report into the mail and return its key; a second one of an hour goes under a twin's name.

    Raises:
        OSError: the disk refuses.
    """
    key = health_key(health.camera, health.clock.now_at)
    mail.put(outbox_folder, key, format_health(health))
    return key


def log_health(health: Health) -> None:
    """One line for a person, a warning when there is something to do; it says what."""
    troubles = _troubles(health)
    line = "; ".join([summary_of(health), *troubles])
    _log.log(logging.WARNING if troubles else logging.INFO, "%s", line)


def summary_of(health: Health) -> str:
    """The numbers that a person looks at first, in one line."""
    hour, outbox, machine = health.hour, health.outbox, health.machine
    parts = [f"{hour.taken} of {hour.due} pictures taken, {outbox.waiting} waiting"]
    if machine.temperature_c is not None:
        parts.append(f"{machine.temperature_c:.0f} °C")
    if machine.disk_free_bytes is not None:
        parts.append(f"{machine.disk_free_bytes / _GIGABYTE:.1f} GB free")
    return ", ".join(parts)


def look_at_machine() -> dict[str, Any]:
    """What belongs into every picture: the temperature, and what throttles the processor now.

    Takes no program and no time.
    """
    found: dict[str, Any] = {}
    if (degrees := temperature_c()) is not None:
        found["temperature_c"] = degrees
    if names := names_of_throttling((throttled_by_sysfs() or 0) & 0xF):
        found["throttled"] = list(names)
    return found


def count_start(home: Path) -> int:
    """Count this start and return how many there were before; a counter that was lost begins again.

    Raises:
        OSError: the disk refuses.
    """
    path = home / "starts"
    try:
        before = int(path.read_bytes())
    except (FileNotFoundError, ValueError):
        before = 0
    durable.replace(path, str(before + 1).encode())
    return before


def version() -> str:
    """The version of this program, `unknown` where it runs without being installed."""
    try:
        return importlib.metadata.version("smartmeter")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _troubles(health: Health) -> list[str]:
    """What somebody should look at, each with what to do."""
    hour, machine = health.hour, health.machine
    found = {
        "the power supply is too weak: use a better one, or a shorter cable": UNDERVOLTAGE
        in (machine.throttled or ()),
        "it is too hot: give it air": (machine.temperature_c or 0) >= HOT_C,
        f"the camera failed {_times(hour.camera_errors)}: run doctor, look at its cable": hour.camera_errors,
        f"the lamp failed {_times(hour.light_errors)}: run doctor": hour.light_errors,
        f"slots passed without a picture: {hour.missed}": hour.missed,
        f"the upload failed {_times(hour.upload_errors)}: run doctor if that lasts": hour.upload_errors,
        f"unsent pictures given up for a full disk so far: {health.dropped}": health.dropped,
        "the clock is not synchronised: look at the network": not health.clock.synchronised,
    }
    return [sentence for sentence, applies in found.items() if applies]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _format(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
