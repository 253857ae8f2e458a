"""From when on something is wrong."""

from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is wrong; the settings' table [alerts] explains each.

    Attributes:
        silent_slots: So many pictures in a row that did not come.
        silent: A fixed silence instead of slots of the camera's own rhythm.
        unread_pictures: So many pictures in a row without a reading.
        free_share: Less of a disk or store than this is free.
        outbox_pictures: So many pictures wait on the camera's side.
        ingest: So long after it was due, no ingest has been.
        ingest_schedule: When it is due: cron in UTC; empty where it only runs on demand.
        base_load_w: So many watts more or less than usual, night after night.
        restarts_per_day: So many starts of the agent within a day.
        hot_c: The camera's processor is warmer.
        zone: The household's time zone, by which a camera may rest at night.
    """

    silent_slots: int = 6
    silent: timedelta | None = None
    unread_pictures: int = 8
    free_share: float = 0.10
    outbox_pictures: int = 100
    ingest: timedelta = timedelta(hours=2)
    ingest_schedule: str = "2-59/15 * * * *"
    base_load_w: float = 50.0
    restarts_per_day: int = 5
    hot_c: float = 80.0
    zone: tzinfo = UTC
