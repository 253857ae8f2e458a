"""What systemd is told: that the agent is up, how it stands, and that it really gets on."""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping


def notify(state: str) -> bool:
    """Tell systemd something (sd_notify(3)); False when nobody listens.

    A dozen lines of our own: the packages that do this are no smaller and have not moved for years.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode(), address)
    except OSError:
        return False
    return True


class Watchdog:
    """Feeds systemd's watchdog as long as every activity gets on; any number of threads may report.

    Args:
        limits_s: by activity, how long it may go without progress.
        clock: seconds that only go forward.
    """

    def __init__(self, limits_s: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        self._limits_s = dict(limits_s)
        self._clock = clock
        self._lock = threading.Lock()
        self._progress_s = dict.fromkeys(limits_s, clock())
        self._given_up = ""

    def progress(self, activity: str) -> None:
        """Note that an activity has got on."""
        with self._lock:
            self._progress_s[activity] = self._clock()

    def give_up(self, reason: str) -> None:
        """Never feed again: only a new start helps."""
        with self._lock:
            self._given_up = self._given_up or reason

    def hangs(self) -> str | None:
        """Why the watchdog is not to be fed, None when all is well."""
        with self._lock:
            if self._given_up:
                return self._given_up
            now_s = self._clock()
            for activity, limit_s in self._limits_s.items():
                if now_s - self._progress_s[activity] > limit_s:
                    return f"{activity} has hung for {now_s - self._progress_s[activity]:.0f} s"
        return None

    def feed(self) -> bool:
        """Tell systemd that all is well, unless it is not; whether it was told."""
        return self.hangs() is None and notify("WATCHDOG=1")
