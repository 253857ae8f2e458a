"""What the page about cameras and pictures shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

HEALTH: dict[str, Any] = {
    "at_local": pl.Datetime,
    "temperature_c": pl.Float64,
    "disk_free_bytes": pl.Float64,
    "disk_total_bytes": pl.Float64,
    "boot_s": pl.Float64,
    "restarts": pl.Float64,
    "due": pl.Float64,
    "taken": pl.Float64,
    "missed": pl.Float64,
    "waiting": pl.Float64,
    "dropped": pl.Float64,
    "errors": pl.Float64,
    "clock_synchronised": pl.Boolean,
    "throttled": pl.String,
}
DURATIONS: dict[str, Any] = {"local_date": pl.Date, "activity": pl.String, "seconds": pl.Float64}
LEVELS: dict[str, Any] = {"local_date": pl.Date, "level": pl.String, "lines": pl.Int64}
READER: dict[str, Any] = {
    "local_date": pl.Date,
    "n_pictures": pl.Int64,
    "n_accepted": pl.Int64,
    "probability": pl.Float64,
    "low_probability": pl.Float64,
    "x": pl.Float64,
    "y": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class SystemData:
    """What a camera's agent told.

    Attributes:
        camera: its name.
        health: one row for each hour told.
        durations: of captures and uploads, in seconds.
        levels: lines of the logs by day and level.
        newest: the newest health file as it came.
    """

    camera: str
    health: pl.DataFrame
    durations: pl.DataFrame
    levels: pl.DataFrame
    newest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoreSpace:
    """How full the store is; `total_bytes` is None when it does not tell."""

    used_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class ReaderData:
    """How surely a meter was read, day by day."""

    meter: str
    days: pl.DataFrame
