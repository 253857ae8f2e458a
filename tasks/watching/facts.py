"""What a watch sees of cameras, registers, store, machine and runs; gathered elsewhere, judged in `rules`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """A picture that arrived, and what it tells of its camera's clock.

    Attributes:
        picture_key: Its name.
        taken_at: By the camera's clock; None when it has no time.
        received_at: When it reached the archive.
        synchronised: Whether the camera trusted its clock; None when it did not say.
        reason: Why the picture can't be used; None when it can.
    """

    picture_key: str
    taken_at: datetime | None
    received_at: datetime
    synchronised: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """An hourly report of a camera's agent; None where it does not know.

    Attributes:
        at: When the agent wrote it.
        disk_free_bytes: Of its disk.
        disk_total_bytes: Likewise.
        waiting: Pictures in the outbox.
        dropped: Unsent pictures that ever had to go for a full disk.
        restarts: How often the agent has ever been started again.
        throttled: The names of what slows its processor down, or has.
        temperature_c: Of the processor.
        synchronised: Whether its clock is set by a time server.
        boot_id: The kernel's id of the machine's boot.
    """

    at: datetime
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    waiting: int | None = None
    dropped: int | None = None
    restarts: int | None = None
    throttled: tuple[str, ...] | None = None
    temperature_c: float | None = None
    synchronised: bool | None = None
    boot_id: str | None = None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What is known of a camera.

    Attributes:
        camera: Its name.
        taken_at: Of its pictures of the fortnight up to the newest, oldest first.
        newest_key: The newest of these pictures.
        arrivals: The last few that came, newest first.
        health: Its agent's reports of the last day, oldest first.
    """

    camera: str
    taken_at: tuple[datetime, ...] = ()
    newest_key: str | None = None
    arrivals: tuple[Arrival, ...] = ()
    health: tuple[Health, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a picture.

    Attributes:
        picture_key: Its name.
        taken_at: When.
        is_read: Whether its register was read.
        reason: Why not.
        seen: Every candidate with its probability, as one text; None where nothing was seen.
    """

    picture_key: str
    taken_at: datetime
    is_read: bool
    reason: str | None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What is known of a register.

    Attributes:
        register_id: Its name.
        is_first: Whether it is its meter's first, whose window `find-window --write` writes.
        outcomes: Of the newest pictures of it, newest first.
        base_load: Of the newest days, oldest first: local date and W.
    """

    register_id: str
    outcomes: tuple[Outcome, ...] = ()
    base_load: tuple[tuple[date, float], ...] = ()
    is_first: bool = True


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the store says now.

    Attributes:
        url: Which store.
        listed_at: When all that is new in it was last fetched; None when never.
        used_bytes: What is in it; None when it does not tell.
        total_bytes: What it holds; None when it does not tell.
        trouble: The sentence with which it refused or did not answer.
        refused: Somebody has to act before it answers again.
    """

    url: str
    listed_at: datetime | None = None
    used_bytes: int | None = None
    total_bytes: int | None = None
    trouble: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """The newest finished run of a deployment.

    Attributes:
        deployment: `flow/name`.
        run: Its name.
        ended_at: When it ended.
        failures: How many of the newest runs in a row failed or crashed; 0 when the newest one did not.
        message: What the newest one said at its end.
        is_repeated: It has a schedule; otherwise it runs when somebody asks for it.
    """

    deployment: str
    run: str
    ended_at: datetime
    failures: int = 0
    message: str | None = None
    is_repeated: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one watch sees; what could not be looked at is None, which is no news either way.

    Attributes:
        now_at: When.
        cameras: Of the settings.
        registers: Of the settings.
        store: Where pictures come from.
        published_at: When the report was last written; None when never.
        disk_free_bytes: Of the home folder's disk.
        disk_total_bytes: Likewise.
        warehouse_trouble: Why the warehouse can't be opened.
        runs: The newest finished run of each deployment.
    """

    now_at: datetime
    cameras: tuple[CameraFacts, ...] | None
    registers: tuple[RegisterFacts, ...] | None
    store: StoreFacts
    published_at: datetime | None
    disk_free_bytes: int
    disk_total_bytes: int
    warehouse_trouble: str | None = None
    runs: tuple[Run, ...] | None = None


def health_of(fields: object) -> Health | None:
    """An agent's report from its JSON; None for what is none. Values of a wrong type count as unknown."""
    if not isinstance(fields, dict):
        return None
    try:
        at = datetime.fromisoformat(str(fields.get("at")))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    outbox = fields.get("outbox")
    outbox = outbox if isinstance(outbox, dict) else {}
    throttled = fields.get("throttled")
    temperature_c = fields.get("temperature_c")
    synchronised = fields.get("clock_synchronised")
    return Health(
        at=at,
        disk_free_bytes=_count(fields, "disk_free_bytes"),
        disk_total_bytes=_count(fields, "disk_total_bytes"),
        waiting=_count(outbox, "waiting"),
        dropped=_count(outbox, "dropped"),
        restarts=_count(fields, "restarts"),
        throttled=tuple(str(each) for each in throttled) if isinstance(throttled, list) else None,
        temperature_c=float(temperature_c) if isinstance(temperature_c, int | float) else None,
        synchronised=synchronised if isinstance(synchronised, bool) else None,
        boot_id=boot_id if isinstance(boot_id := fields.get("boot_id"), str) else None,
    )


def _count(fields: Mapping[Any, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if type(value) is int and value >= 0 else None
