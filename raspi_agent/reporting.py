"""Tells the world how the agent is: a report each hour, figures for Prometheus each minute."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent import durable
from raspi_agent.clock import ClockReading
from raspi_agent.health import Health, count_start, health_key, log_health, look_at_health, put_health
from raspi_agent.machine import Machine, examine_machine
from raspi_agent.metrics import write_metrics
from raspi_agent.outbox import Outbox
from raspi_agent.tally import Hour, Tally

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

METRICS = Path("metrics", "smartmeter.prom")  # in the home folder

_METRICS_EVERY_S = 60.0
_CLOCK_GRACE_MS = 600_000  # after a boot without a battery the first reports would be of a wrong day

_log = logging.getLogger(__name__)


class Reporter:
    """Writes the reports of one agent.

    Args:
        home: the home folder.
        settings: of the agent.
        outbox: whose mail takes the reports.
        tally: what happened; each report begins a new hour of it.
        look_at_clock: gives the clock's reading.
        examine: looks at the machine.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        home: Path,
        settings: "AgentSettings",
        outbox: Outbox,
        tally: Tally,
        look_at_clock: Callable[[], ClockReading],
        *,
        examine: Callable[[Path], Machine] = examine_machine,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home, self._camera, self._outbox, self._tally = home, settings.camera, outbox, tally
        self._look_at_clock, self._examine, self._clock = look_at_clock, examine, clock
        self._last_report = home / "last-report"
        self._metrics_due_s = clock()
        self._has_metrics = True
        self._restarts = _counted(home)

    def keep_up(self) -> None:
        """Do what is due: figures once a minute, a report in each hour of the clock; raises nothing."""
        try:
            if self._is_report_due():
                self.report()
            if self._has_metrics and self._clock() >= self._metrics_due_s:
                self._metrics_due_s = self._clock() + _METRICS_EVERY_S
                self._write_metrics(self._health(self._tally.hour()))
        except OSError as error:
            _log.warning("no report: %s", error)

    def report(self) -> None:
        """Put a report into the mail now, and a line into the log.

        Raises:
            OSError: the disk refuses.
        """
        health = self._health(self._tally.close_hour())
        log_health(health)
        put_health(self._outbox.folder, health)
        durable.replace(self._last_report, health_key(self._camera, health.clock.now_at).encode())

    def _is_report_due(self) -> bool:
        clock = self._look_at_clock()
        if not clock.synchronised and clock.boot_ms < _CLOCK_GRACE_MS:
            return False
        try:
            last = self._last_report.read_bytes()
        except FileNotFoundError:
            return True
        return last != health_key(self._camera, clock.now_at).encode()

    def _health(self, hour: Hour) -> Health:
        return look_at_health(
            self._camera,
            self._outbox,
            machine=self._examine(self._home),
            clock=self._look_at_clock(),
            hour=hour,
            restarts=self._restarts,
        )

    def _write_metrics(self, health: Health) -> None:
        try:
            write_metrics(self._home / METRICS, health, self._tally.since_start())
        except ImportError:
            self._has_metrics = False
            _log.info("no figures for Prometheus: prometheus-client is not installed")


def _counted(home: Path) -> int:
    try:
        return count_start(home)
    except OSError as error:
        _log.warning("this start is not counted: %s", error)
        return 0
