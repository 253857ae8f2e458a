"""The clockwork on a clock of its own: hours pass in a moment, and somebody sets it now and then."""

import io
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from raspi_agent.cameras.camera import CameraError, CameraStuck, Shot
from raspi_agent.capture import Equipment, Taken
from raspi_agent.capture_facts import read_facts
from raspi_agent.capture_loop import ACTIVITY, CaptureLoop
from raspi_agent.clock import ClockReading
from raspi_agent.outbox import Outbox
from raspi_agent.outbox_room import dropped_so_far
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
                raise CameraError("there is no new picture")
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


def test_every_slot_gets_its_picture_at_its_time(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(1.1, start_s=130)
    agent.run()
    assert agent.taken_at() == ["12:02:10", "12:15:00", "12:30:00", "12:45:00", "13:00:00"]


def test_daily_times_and_quiet_hours(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(
        24.01,
        interval_minutes=60,
        daily_times=["23:59"],
        quiet_hours=["14:00-11:00"],
        timezone="Europe/Berlin",
    )
    agent.run()
    # local time is an hour ahead: the hours from 11:00 to 14:00 are 10:00 to 13:00 UTC
    assert agent.taken_at() == ["12:00:00", "22:59:00", "10:00:00", "11:00:00", "12:00:00"]


def test_a_slot_is_left_to_who_asks_for_it_and_taken_when_nobody_does(
    agent_with: Callable[..., Agent],
) -> None:
    agent = agent_with(0.55, flow_grace_s=60)
    answers: list[Future[Taken | None]] = []
    agent.clock.events = {
        905.0: lambda: answers.append(agent.loop.ask(is_extra=False)),
        1000.0: lambda: answers.append(agent.loop.ask(is_extra=False)),
        1100.0: lambda: answers.append(agent.loop.ask(is_extra=True)),
    }
    agent.run()
    assert agent.taken_at() == ["12:01:00", "12:15:05", "12:18:20", "12:31:00"]
    taken = [answer.result() for answer in answers]
    assert [each and each.facts.slot_at for each in taken] == [NOON + 900 * SECOND, None, None]
    assert [bool(each) for each in taken] == [True, False, True]


def test_in_quiet_hours_who_asks_for_a_slot_gets_none(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(0.5, quiet_hours=["11:00-14:00"])
    answers: list[Future[Taken | None]] = []
    agent.clock.events = {
        905.0: lambda: answers.append(agent.loop.ask(is_extra=False)),
        1000.0: lambda: answers.append(agent.loop.ask(is_extra=True)),
    }
    agent.run()
    assert [bool(answer.result()) for answer in answers] == [False, True]
    assert agent.taken_at() == ["12:16:40"]


@pytest.mark.parametrize(
    ("jump_s", "taken"),
    [
        # the last picture is only a moment old, whatever the clock says
        (-3600, ["12:00:00", "12:15:00", "11:30:00", "11:45:00"]),
        (3600, ["12:00:00", "12:15:00", "13:16:40", "13:30:00", "13:45:00"]),
        (-300, ["12:00:00", "12:15:00", "12:30:00", "12:45:00"]),
        (-5, ["12:00:00", "12:15:00", "12:30:00", "12:45:00"]),
        (-101, ["12:00:00", "12:15:00", "12:30:00", "12:45:00"]),
    ],
)
def test_no_clock_that_is_set_costs_a_slot(
    agent_with: Callable[..., Agent], jump_s: float, taken: list[str]
) -> None:
    agent = agent_with(0.84)

    def jump() -> None:
        agent.clock.set_by = jump_s * SECOND

    agent.clock.events = {1000.0: jump}
    agent.run()
    assert agent.taken_at()[: len(taken)] == taken


def test_trouble_costs_only_its_own_slots_and_the_watchdog_is_fed(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(1.01)
    agent.clock.events = {
        10.0: lambda: setattr(agent.scene, "trouble", CameraError("it hangs")),
        2000.0: lambda: setattr(agent.scene, "trouble", None),
    }
    agent.run()
    assert agent.taken_at() == ["12:00:00", "12:45:00", "13:00:00"]
    assert agent.watchdog.hangs() is None


@pytest.mark.parametrize(
    ("hours", "settings", "lying", "taken"),
    [
        (0.9, {}, {890.0: 3, 1790.0: 1}, 4),
        (0.9, {}, {890.0: 100}, 100),  # 61 in one slot, the rest in the next
        (0.4, {}, {890.0: 100}, 61),
        (2.9, {"quiet_hours": ["12:30-14:00"]}, {2000.0 + 60 * each: 1 for each in range(90)}, 90),
    ],
)
def test_pictures_that_others_put_into_a_folder_never_queue_up(
    agent_with: Callable[..., Agent],
    hours: float,
    settings: Mapping[str, Any],
    lying: Mapping[float, int],
    taken: int,
) -> None:
    agent = agent_with(hours, **settings)
    agent.take_from_folder(lying)
    agent.run()
    assert agent.tally.hour().taken == taken


def test_a_full_disk_gets_no_more_of_a_folder_than_its_slots_pictures(
    small_disk: Callable[[int], Path], agent_with: Callable[..., Agent]
) -> None:
    small_disk(80_000)
    agent = agent_with(2.9, free_mb=1)
    agent.take_from_folder({890.0: 100})
    agent.run()
    assert 11 <= agent.tally.hour().taken < 30


def test_who_asks_for_a_slot_after_all_of_a_folder_was_taken_hears_that_it_has_its_picture(
    agent_with: Callable[..., Agent],
) -> None:
    agent = agent_with(0.3)
    left = iter(range(5))

    def give() -> None:
        if next(left, None) is None:
            raise CameraError("there is no new picture")

    agent.scene.is_live, agent.scene.before_each = False, give
    answers: list[Future[Taken | None]] = []
    agent.clock.events = {100.0: lambda: answers.append(agent.loop.ask(is_extra=False))}
    agent.run()
    assert len(agent.instants()) == 5
    assert [answer.result(0) for answer in answers] == [None]


def test_a_hanging_camera_that_somebody_asks_for_starves_no_watchdog(
    agent_with: Callable[..., Agent],
) -> None:
    agent = agent_with(0.5, flow_grace_s=20)
    agent.scene.trouble = CameraError("it hangs")
    seen: list[str | None] = []

    def hang() -> None:
        agent.clock.passed_s += 40
        seen.append(agent.watchdog.hangs())

    agent.scene.before_each = hang
    agent.clock.events = {905.0: lambda: agent.loop.ask(is_extra=False)}
    agent.run()
    assert seen == [None] * 6  # two attempts each: at first, for who asks, and by itself


def test_a_camera_that_fails_for_long_asks_for_a_reboot_once(
    agent_with: Callable[..., Agent], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent = agent_with(3, power={"request_folder": tmp_path, "reboots_a_day": 1})
    agent.scene.trouble = CameraStuck("its process hangs in the kernel")
    agent.run()
    assert (tmp_path / "reboot").exists()
    assert agent.watchdog.hangs() == "its process hangs in the kernel"
    assert caplog.text.count("asking for one") == 1


def test_a_dark_picture_after_which_the_camera_gets_stuck_is_kept_and_the_reboot_asked_for(
    agent_with: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = agent_with(0.1, power={"request_folder": tmp_path})
    agent.scene.photo = dark_photo()
    shots = iter((None, CameraStuck("its process hangs in the kernel")))
    agent.scene.before_each = lambda: setattr(agent.scene, "trouble", next(shots, None))
    agent.run()
    assert agent.taken_at() == ["12:00:00"]
    assert (agent.tally.hour().taken, agent.tally.hour().camera_errors) == (1, 1)
    assert (tmp_path / "reboot").exists()


@pytest.mark.parametrize(("hours", "asked"), [(21, 0), (23, 1), (30, 2), (48, 4)])
def test_when_todays_reboots_are_used_up_the_next_day_has_its_own(
    agent_with: Callable[..., Agent],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    hours: float,
    asked: int,
) -> None:
    earlier = [(NOON - timedelta(hours=before)).isoformat() for before in (2, 1)]
    (tmp_path / "reboots").write_text(json.dumps(earlier))
    agent = agent_with(hours, power={"request_folder": tmp_path, "reboots_a_day": 2})
    agent.scene.trouble = CameraError("it gives nothing")
    agent.run()
    assert caplog.text.count("asking for one") == asked
    assert (tmp_path / "reboot").exists() is bool(asked)


def test_a_power_cycle_begins_with_a_picture_and_ends_unless_a_stick_keeps_it_on(
    agent_with: Callable[..., Agent], tmp_path: Path
) -> None:
    power = {"cycle": True, "on_minutes": 40, "maintenance": [f"{tmp_path}/*/maintenance"]}
    agent = agent_with(5, start_s=30, interval_minutes=0, daily_times=["12:20"], power=power)
    agent.run()
    assert agent.taken_at() == ["12:00:30", "12:20:00"]
    assert agent.loop.is_cycle_over
    assert 2400 <= agent.clock.passed_s < 2410
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "maintenance").touch()
    kept_on = agent_with(1, start_s=3000, power=power)
    kept_on.run()
    assert not kept_on.loop.is_cycle_over
    assert kept_on.clock.passed_s >= 3600


@pytest.mark.parametrize("is_store_there", [True, False])
def test_a_disk_that_others_have_filled_to_the_last_byte_gets_room_again(
    small_disk: Callable[[int], Path], agent_with: Callable[..., Agent], is_store_there: bool
) -> None:
    disk = small_disk(2_000_000)
    agent = agent_with(12.01, free_mb=1)

    def fill() -> None:
        for key in agent.outbox.waiting() if is_store_there else ():
            agent.outbox.mark_sent(key)
        (disk / "more").write_bytes(bytes(shutil.disk_usage(disk).free))
        assert shutil.disk_usage(disk).free == 0

    agent.clock.events = {8 * 3600 + 10.0: fill}
    agent.run()
    assert agent.taken_at()[-1] == "00:00:00"
    assert agent.tally.hour().missed == 0
    assert is_store_there or dropped_so_far(agent.outbox) > 0


def test_a_full_disk_stops_only_who_chose_so(
    small_disk: Callable[[int], Path], agent_with: Callable[..., Agent]
) -> None:
    small_disk(60_000)
    agent = agent_with(12.01, free_mb=1, when_full="stop")
    agent.run()
    assert 1 <= len(agent.instants()) < 12
    thinning = agent_with(12.01, free_mb=1, when_full="thin")
    thinning.run()
    assert Counter(thinning.taken_at())["00:00:00"] == 1
