"""What agents tell of themselves: the hourly health files and the logs in the home folder."""

import gzip
import json
import logging
import zlib
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from raspi_agent.durable import make_folder, replace
from tasks.log_files import count_levels
from tasks.reports.system_data import DURATIONS, HEALTH, LEVELS, StoreSpace, SystemData

log = logging.getLogger(__name__)
MOST_FILES = 24 * 62
MOST_LOGS = 62
NUMBERS = ("temperature_c", "disk_free_bytes", "disk_total_bytes", "boot_s", "restarts")
STORE_FILE = Path("health", "store.json")  # beside the cameras' folders
ERRORS = ("camera_errors", "light_errors", "upload_errors")


@dataclass(frozen=True, slots=True)
class _Folders:
    health: Path
    log: Path


def cameras_of(home: Path) -> list[str]:
    """The cameras whose agents have told anything."""
    folders = [home / "health", home / "log"]
    known = [folder for folder in folders if folder.is_dir()]
    return sorted({path.name for folder in known for path in folder.iterdir() if path.is_dir()})


def store_space(home: Path) -> StoreSpace | None:
    """How full the store was when the watch last looked; None when it never told."""
    try:
        told = json.loads((home / STORE_FILE).read_bytes())
        total = told["total_bytes"]
        return StoreSpace(int(told["used_bytes"]), None if total is None else int(total))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_store_space(home: Path, space: StoreSpace) -> None:
    """Note how full the store is, for the page about cameras."""
    make_folder(home / "health")
    replace(home / STORE_FILE, json.dumps(asdict(space)).encode())


def newest_told(home: Path) -> list[str]:
    """The newest file of each camera, health and log: others mean that there is something new."""
    found = []
    for camera in cameras_of(home):
        found += [path.name for path in _newest(home / "health" / camera, "*/*.json", 1)]
        found += [path.name for path in _newest(home / "log" / camera, "*.log*", 1)]
    return found


def system_data(home: Path, camera: str, timezone: str) -> SystemData:
    """What a camera's agent told of the newest two months; damaged files are left out.

    Args:
        home: the home folder.
        camera: its name.
        timezone: IANA name of the household's time zone.
    """
    folders = _Folders(home / "health" / camera, home / "log" / camera)
    told = [each for path in _newest(folders.health, "*/*.json", MOST_FILES) if (each := _read(path))]
    zone = ZoneInfo(timezone)
    hours = [row for each in told if (row := _hour(each, zone))]
    durations = [row for each in told for row in _durations(each, zone)]
    newest = max(told, key=lambda each: str(each.get("at") or ""), default={})
    return SystemData(
        camera=camera,
        health=pl.DataFrame(hours, schema=HEALTH, orient="row").sort("at_local"),
        durations=pl.DataFrame(durations, schema=DURATIONS, orient="row"),
        levels=pl.DataFrame(_levels(folders.log), schema=LEVELS, orient="row").sort("local_date"),
        newest=newest,
    )


def _newest(folder: Path, pattern: str, most: int) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.name)[-most:] if folder.is_dir() else []


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("%s is left out of the report: %s", path, error)
        return None
    return told if isinstance(told, dict) and _instant(told.get("at")) else None


def _hour(told: dict[str, Any], zone: ZoneInfo) -> dict[str, Any] | None:
    at = _instant(told.get("at"))
    if at is None:
        return None
    clock = told.get("clock_synchronised")
    slots, outbox = _table(told.get("slots")), _table(told.get("outbox"))
    return {
        "at_local": at.astimezone(zone).replace(tzinfo=None),
        **{name: _number(told.get(name)) for name in NUMBERS},
        "due": _number(slots.get("due")),
        "taken": _number(slots.get("taken")),
        "missed": _number(slots.get("missed")),
        "waiting": _number(outbox.get("waiting")),
        "dropped": _number(outbox.get("dropped")),
        "errors": sum(_number(told.get(name)) or 0 for name in ERRORS),
        "clock_synchronised": clock if isinstance(clock, bool) else None,
        "throttled": ", ".join(str(each) for each in told.get("throttled") or []),
    }


def _durations(told: dict[str, Any], zone: ZoneInfo) -> list[dict[str, Any]]:
    at = _instant(told.get("at"))
    if at is None:
        return []
    local_date = at.astimezone(zone).date()
    return [
        {"local_date": local_date, "activity": activity, "seconds": seconds}
        for activity in ("capture", "upload")
        for each in _listed(told.get(f"{activity}_s"))
        if (seconds := _number(each)) is not None
    ]


def _levels(folder: Path) -> list[dict[str, Any]]:
    """Lines of each day's log by level."""
    rows = []
    for path in _newest(folder, "*.log*", MOST_LOGS):
        local_date = _date_in(path.name)
        counts: Counter[str] = count_levels(_bytes(path)) if local_date else Counter()
        for level, lines in counts.items():
            rows.append({"local_date": local_date, "level": level, "lines": lines})
    return rows


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        log.warning("%s is left out of the report: %s", path, error)
        return b""


def _date_in(name: str) -> date | None:
    digits = "".join(letter if letter.isdigit() else " " for letter in name).split()
    for each in digits:
        try:
            return datetime.strptime(each[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day, not an instant
        except ValueError:
            continue
    return None


def _instant(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
