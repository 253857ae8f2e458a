"""What the machine's clock says and whether it may be believed."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # made by systemd-timesyncd, gone after a boot


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One look at the clock.

    Attributes:
        now_at: what it shows, UTC.
        synchronised: whether a time server has set it since the boot.
        boot_id: the kernel's id of this boot, empty where there is none.
        boot_ms: milliseconds since that boot, sleep included.
    """

    now_at: datetime
    synchronised: bool
    boot_id: str
    boot_ms: int


def read_clock(*, trusted: bool = False) -> ClockReading:
    """Look at the clock; `trusted` says that it is right even when no time server has set it."""
    return ClockReading(
        now_at=datetime.now(UTC),
        synchronised=trusted or _SYNCHRONISED.exists(),
        boot_id=_BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "",
        boot_ms=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
    )


def slot_of(at: datetime, interval_minutes: int) -> datetime:
    """The start of the slot an instant lies in; slots are aligned to midnight UTC."""
    length_s = interval_minutes * 60
    return datetime.fromtimestamp(int(at.timestamp()) // length_s * length_s, tz=UTC)
