"""This server's own clock: whether it may be believed, and what it did to pictures when it was wrong."""

import ctypes
import logging
import time
from datetime import UTC, datetime, timedelta

from tasks.archive import CLOCK_TOLERANCE
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse
from warehouse.loading import vindicate_pictures

log = logging.getLogger(__name__)
CLOCK_UNSET = 5  # TIME_ERROR of adjtimex: no time server sets this clock
UNKNOWN = -1
LONGEST_WAIT_S = 86_400.0
GIVEN_UP_AFTER = timedelta(days=30)


def kernel_clock_state() -> int:
    """What the kernel says of this machine's clock: CLOCK_UNSET, set, or UNKNOWN where it can't be asked."""
    buffer = ctypes.create_string_buffer(512)  # struct timex, all zero: look, change nothing
    libc = ctypes.CDLL(None)
    return int(libc.adjtimex(buffer)) if hasattr(libc, "adjtimex") else UNKNOWN


def is_behind(now_at: datetime, known_at: datetime | None, state: int, up_s: float) -> bool:
    """Whether this clock shows an instant that has been, and may still be set by a time server.

    A clock that a time server has set is right, and it was ahead when it showed `known_at`; so it may have
    been where nobody sets it within a day.

    Args:
        now_at: What the clock shows.
        known_at: The newest instant that it has shown before, None when there is none.
        state: See `kernel_clock_state`.
        up_s: For how long this machine runs.
    """
    if known_at is None or now_at >= known_at - CLOCK_TOLERANCE:
        return False
    return state in {CLOCK_UNSET, UNKNOWN} and up_s < LONGEST_WAIT_S


@step(timeout_s=600)
def must_wait_for_clock(settings: Settings) -> bool:
    """Whether nothing should come in now, for good pictures would seem to come from the future."""
    if not settings.warehouse.exists():
        return False
    with open_warehouse(settings.warehouse) as warehouse:
        known_at = warehouse.query("listed_at", store=settings.store.url).item()
    now_at = datetime.now(UTC)
    if not is_behind(now_at, known_at, kernel_clock_state(), time.monotonic()):
        return False
    log.warning(
        "This server's clock is behind: it shows %s, and pictures arrived at %s already. Nothing is fetched "
        "or imported until it is right; timedatectl says whether a time server sets the clock.",
        f"{now_at:%Y-%m-%d %H:%M} UTC",
        f"{known_at:%Y-%m-%d %H:%M} UTC",
    )
    return True


@step(timeout_s=600)
def judge_times_again(settings: Settings) -> int:
    """Let pictures be read that only seemed to come from the future, for this clock was behind."""
    since = datetime.now(UTC) - GIVEN_UP_AFTER
    with open_warehouse(settings.warehouse) as warehouse:
        vindicated = vindicate_pictures(warehouse, settings.store.url, since)
    if vindicated:
        log.info("%d pictures seemed to come from the future while this clock was behind", vindicated)
    return vindicated
