"""The agent's reports: each hour one for the store and the log, each minute the figures for Prometheus."""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from raspi_agent.clock import ClockReading
from raspi_agent.health import Health, count_start, log_health, look_at_health, put_health
from raspi_agent.machine import examine_machine
from raspi_agent.metrics import write_metrics
from raspi_agent.outbox import Outbox
from raspi_agent.tally import Hour, Tally
from raspi_agent.watchdog import notify

METRICS_FILE = Path("metrics", "smartmeter.prom")  # in the home folder

_log = logging.getLogger(__name__)


class Reporter:
    """Knows which hour has been reported.

    Args:
        home: the home folder.
        camera: whose agent this is.
        outbox: looked at, and its mail gets the reports.
        tally: what happened.
        look_at_clock: gives the clock's reading.
    """

    def __init__(
        self,
        home: Path,
        camera: str,
        outbox: Outbox,
        tally: Tally,
        look_at_clock: Callable[[], ClockReading],
    ) -> None:
        self._home, self._camera, self._outbox = home, camera, outbox
        self._tally, self._look_at_clock = tally, look_at_clock
        self._restarts = count_start(home)
        self._hour_at = _hour_of(look_at_clock().now_at)
        self._can_write_metrics = True

    def keep_up(self) -> None:
        """Do what is due; meant to be called once a minute.

        Raises:
            OSError: the disk refuses.
        """
        hour_at = _hour_of(self._look_at_clock().now_at)
        if hour_at != self._hour_at:
            self._hour_at = hour_at
            self.report()
        health = self._look(self._tally.hour())
        status = health.outbox
        notify(f"STATUS={status.waiting} pictures wait, the newest is {status.last_key or 'yet to come'}")
        self._write_metrics(health)

    def report(self) -> None:
        """Report what happened since the last time, to the store and to the log.

        Raises:
            OSError: the disk refuses.
        """
        health = self._look(self._tally.close_hour())
        put_health(self._outbox.folder, health)
        log_health(health)

    def _look(self, hour: Hour) -> Health:
        return look_at_health(
            self._camera,
            self._outbox,
            machine=examine_machine(self._home),
            clock=self._look_at_clock(),
            hour=hour,
            restarts=self._restarts,
        )

    def _write_metrics(self, health: Health) -> None:
        if not self._can_write_metrics:
            return
        try:
            write_metrics(self._home / METRICS_FILE, health, self._tally.since_start())
        except ImportError:
            self._can_write_metrics = False
            _log.info("no figures for Prometheus: prometheus_client is not installed")


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
