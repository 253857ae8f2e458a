"""Reboots and power-offs: when they are wanted, and how they are asked for."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from raspi_agent import durable

_log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_FAILURES_BEFORE_REBOOT = 5
_FAILING_BEFORE_REBOOT_S = 1800


@dataclass(frozen=True, slots=True)
class CameraTrouble:
    """How a camera has failed since its last picture.

    Attributes:
        failures: in a row.
        failing_s: since the first of them.
        is_stuck: its process cannot be ended.
        is_local: it hangs on this machine, so that a reboot starts it anew too.
    """

    failures: int
    failing_s: float
    is_stuck: bool
    is_local: bool

    @property
    def wants_reboot(self) -> bool:
        """Whether all that helps less has been tried."""
        return self.is_stuck or (
            self.is_local
            and self.failures >= _FAILURES_BEFORE_REBOOT
            and self.failing_s >= _FAILING_BEFORE_REBOOT_S
        )


def ask_for(what: Literal["reboot", "poweroff"], request_folder: Path) -> bool:
    """Ask systemd's unit, which root owns, for a reboot or power-off; False when there is nobody to ask.

    The agent itself has no right to do either.
    """
    try:
        (request_folder / what).touch()
    except OSError as error:
        _log.error("cannot ask for a %s: %s; install the unit smartmeter-%s.path", what, error, what)
        return False
    return True


def may_reboot(home: Path, now_at: datetime, most_a_day: int) -> bool:
    """Whether another reboot is allowed today; if so it is counted."""
    file = home / "reboots"
    try:
        earlier = [datetime.fromisoformat(text) for text in json.loads(file.read_bytes())]
    except (FileNotFoundError, ValueError, TypeError):
        earlier = []
    recent = [at for at in earlier if abs(now_at - at) < _DAY]  # the clock may have been wrong, either way
    if len(recent) >= most_a_day:
        return False
    durable.replace(file, json.dumps([at.isoformat() for at in (*recent, now_at)]).encode())
    return True


def under_maintenance(patterns: Sequence[str]) -> str | None:
    """The file by which somebody keeps the power on, None without one; it is never opened."""
    for pattern in patterns:
        for found in Path("/").glob(pattern.lstrip("/")):
            return str(found)
    return None
