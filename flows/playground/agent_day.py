"""A day of the camera's agent in minutes: its own clockwork, upload and socket on a clock that runs ahead."""

import io
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from raspi_agent.ask import AskServer
from raspi_agent.cameras.camera import Shot
from raspi_agent.capture import Equipment
from raspi_agent.capture_facts import read_facts
from raspi_agent.capture_loop import ACTIVITY as CAMERA
from raspi_agent.capture_loop import CaptureLoop
from raspi_agent.clock import ClockReading
from raspi_agent.outbox import Outbox
from raspi_agent.settings import AgentSettings
from raspi_agent.store import Store
from raspi_agent.tally import Tally
from raspi_agent.upload_loop import ACTIVITY as UPLOAD
from raspi_agent.upload_loop import UploadLoop
from raspi_agent.watchdog import Watchdog

STARTED_AT = datetime(2026, 3, 1, tzinfo=UTC)
ASKED_AFTER_S = 5.0  # a flow run needs some seconds to start
GRACE_S = 20.0
SETTINGS = {
    "camera": "cellar",
    "camera_url": "http://127.0.0.1/capture",  # never asked: the pictures are drawn
    "interval_minutes": 1,
    "flow_grace_s": GRACE_S,
    "free_mb": 0,
    "trust_clock": True,
}
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Day:
    """What became of a simulated day.

    Attributes:
        minutes: slots that were due.
        runs: flow runs that were started.
        refused: of these, how many failed, for want of a server.
        by_run: pictures taken because a run asked.
        by_agent: pictures that the agent took because nobody had asked.
        stored: slots by the number of pictures that the store has of them.
        hangs: why the watchdog was not fed, where it was not.
    """

    minutes: int
    runs: int = 0
    refused: int = 0
    by_run: int = 0
    by_agent: int = 0
    stored: Counter[datetime | None] = field(default_factory=Counter)
    hangs: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Every slot has its picture in the store, none has two, and the watchdog was always fed."""
        return len(self.stored) == self.minutes and set(self.stored.values()) == {1} and not self.hangs


class SimulatedDay:
    """An agent whose time passes only while it waits.

    Args:
        home: its home folder.
        minutes: how many slots.
        open_store: gives the store that it uploads to.
        run_flow: what Prefect does when a slot is due, called in a thread of its own at a minute; None where
            nothing is done; False is a run that failed.
        each_minute: called with the number of the minute that begins.
    """

    def __init__(
        self,
        home: Path,
        minutes: int,
        open_store: Callable[[], Store],
        run_flow: Callable[[int], bool | None],
        each_minute: Callable[[int], None],
    ) -> None:
        self.day = Day(minutes)
        self._passed_s = 0.0
        self._minute = -1
        self._run_flow, self._each_minute = run_flow, each_minute
        self._flow: threading.Thread | None = None
        settings = AgentSettings.model_validate(SETTINGS)
        self.outbox = Outbox(home / settings.outbox)
        self._watchdog = Watchdog({CAMERA: 120, UPLOAD: 1800}, clock=self._monotonic_s)
        tally = Tally()
        self._uploads = UploadLoop(
            open_store,
            self.outbox,
            tally=tally,
            watchdog=self._watchdog,
            housekeeping=lambda: None,
            clock=self._monotonic_s,
        )
        self._pictures = CaptureLoop(
            home,
            settings,
            self.outbox,
            Equipment("cellar", _Scene(), timeout_s=5),
            tally=tally,
            watchdog=self._watchdog,
            look_at_clock=self._look,
            on_taken=lambda: None,
            pause=self._pause,
        )
        self._asked = AskServer(home, self._pictures.ask, timeout_s=30)

    def live(self, store: Callable[[], list[bytes]]) -> Day:
        """Let the day pass; `store` gives the bytes of every picture that is in the store at its end."""
        self._asked.start()
        self._begin_minute()
        self._pictures.run()
        self._asked.stop()
        if self._flow:
            self._flow.join()
        self._uploads.drain(60)
        facts = [read_facts(data) for data in store()]
        self.day.stored = Counter(each.slot_at if each else None for each in facts)
        self.day.by_agent = self.day.minutes - self.day.by_run
        return self.day

    def _look(self) -> ClockReading:
        now_at = STARTED_AT + timedelta(seconds=self._passed_s)
        return ClockReading(now_at, True, "5a117e57", int(self._passed_s * 1000))

    def _monotonic_s(self) -> float:
        return self._passed_s

    def _pause(self, wake: threading.Event, seconds: float) -> None:
        """Let time pass, but not while a flow run is under way: it lives in real time."""
        if reason := self._watchdog.hangs():
            self.day.hangs.add(reason)
        while self._flow is not None and self._flow.is_alive():
            if wake.wait(0.005):
                return
        asks_at_s = self._minute * 60 + ASKED_AFTER_S
        step_s = max(seconds, 0.2)
        if self._passed_s < asks_at_s <= self._passed_s + step_s:
            self._passed_s = asks_at_s
            self._flow = threading.Thread(target=self._ask, args=[self._minute])
            self._flow.start()
            return
        self._passed_s += step_s
        self._begin_minute()

    def _begin_minute(self) -> None:
        minute = int(self._passed_s // 60)
        if minute == self._minute:
            return
        self._minute = minute
        if minute >= self.day.minutes:
            self._pictures.stop()
            return
        self._each_minute(minute)
        self._uploads.turn()

    def _ask(self, minute: int) -> None:
        before = self.outbox.newest()
        succeeded = self._run_flow(minute)
        if succeeded is None:
            return
        self.day.runs += 1
        self.day.refused += not succeeded
        self.day.by_run += succeeded and self.outbox.newest() != before


class _Scene:
    """A camera that sees something new each time."""

    is_live = True

    def __init__(self) -> None:
        self._taken = 0

    def capture(self, timeout_s: float) -> Shot:  # noqa: ARG002 - it answers at once
        """See `Camera.capture`."""
        self._taken += 1
        file = io.BytesIO()
        Image.effect_noise((64, 48), 40).convert("RGB").save(file, "JPEG", quality=95)
        return Shot(file.getvalue())

    def keep(self, details: Mapping[str, Any]) -> None:
        """See `Camera.keep`."""

    def close(self) -> None:
        """See `Camera.close`."""
