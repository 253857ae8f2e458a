"""The clockwork on a clock of its own: hours pass in a moment, and somebody sets it now and then."""

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from raspi_agent.cameras.camera import CameraError, NoNewPicture, Shot
from raspi_agent.capture import Equipment
from raspi_agent.capture_facts import read_facts
from raspi_agent.capture_loop import ACTIVITY, CaptureLoop
from raspi_agent.clock import ClockReading
from raspi_agent.outbox import Outbox
from raspi_agent.settings import AgentSettings
from raspi_agent.tally import Tally
from raspi_agent.watchdog import Watchdog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class SimulatedClock:
    """Time that passes while somebody waits, and not otherwise.

    Attributes:
        events: what happens before which second since the start; each happens once.
        ends_s: when the run is to end.
    """

    ends_s: float
    events: dict[float, Callable[[], object]] = field(default_factory=dict)
    passed_s: float = 0.0
    set_by: timedelta = timedelta()
    boot_id: str = "10fcee1b"
    stop: Callable[[], None] = lambda: None

    def look(self) -> ClockReading:
        now_at = NOON + self.passed_s * SECOND + self.set_by
        return ClockReading(now_at, True, self.boot_id, int(self.passed_s * 1000))

    def pause(self, wake: threading.Event, seconds: float) -> None:
        due = min(self.events, default=self.ends_s)
        if wake.is_set():
            return
        self.passed_s = min(self.passed_s + max(seconds, 0.1), max(due, self.passed_s))
        if self.passed_s >= due and self.events:
            self.events.pop(due)()
        if self.passed_s >= self.ends_s:
            self.stop()


def dark_photo() -> bytes:
    """A picture whose lamp was off."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 40).point(lambda level: level // 16).save(file, "JPEG", quality=95)
    return file.getvalue()


class Scene:
    """What a camera sees: a picture, or trouble for a while."""

    is_live = True

    def __init__(self, photo: bytes) -> None:
        self.photo = photo
        self.trouble: CameraError | None = None
        self.before_each: Callable[[], object] = lambda: None

    def capture(self, timeout_s: float) -> Shot:  # noqa: ARG002 - the protocol's
        self.before_each()
        if self.trouble:
            raise self.trouble
        return Shot(self.photo)

    def keep(self, details: Mapping[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Agent:
    """A capture loop with all it stands on."""

    home: Path
    clock: SimulatedClock
    scene: Scene
    loop: CaptureLoop
    outbox: Outbox
    tally: Tally
    watchdog: Watchdog

    def run(self) -> None:
        self.clock.stop = self.loop.stop
        self.loop.run()

    def taken_at(self) -> list[str]:
        return [f"{at:%H:%M:%S}" for at in self.instants()]

    def take_from_folder(self, lying: Mapping[float, int]) -> None:
        """Let others put so many pictures into the camera's folder at that second."""
        there: list[None] = []

        def give() -> None:
            if not there:
                raise NoNewPicture("there is no new picture")
            there.pop()

        self.scene.is_live, self.scene.before_each = False, give
        self.clock.events = {at_s: partial(there.extend, [None] * count) for at_s, count in lying.items()}

    def instants(self) -> list[datetime]:
        found = [read_facts(self.outbox.read(key)) for key in self.outbox.waiting()]
        return [facts.taken_at for facts in found if facts and facts.taken_at]


@pytest.fixture
def agent_with(tmp_path: Path, photo: bytes) -> Callable[..., Agent]:
    """A function that makes an agent which runs for so many hours."""

    def make(hours: float, *, start_s: float = 0.0, **settings: object) -> Agent:
        clock = SimulatedClock(hours * 3600 + start_s, passed_s=start_s)
        scene, outbox, tally = Scene(photo), Outbox(tmp_path / "outbox"), Tally()
        watchdog = Watchdog({ACTIVITY: 90}, clock=lambda: clock.passed_s)
        common = {"camera": "home", "camera_url": "v4l2:/dev/video0", "free_mb": 0}
        loop = CaptureLoop(
            tmp_path,
            AgentSettings.model_validate(common | settings),
            outbox,
            Equipment("home", scene, timeout_s=5),
            tally=tally,
            watchdog=watchdog,
            look_at_clock=clock.look,
            on_taken=lambda: None,
            pause=clock.pause,
        )
        return Agent(tmp_path, clock, scene, loop, outbox, tally, watchdog)

    return make
