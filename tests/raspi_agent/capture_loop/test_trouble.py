"""What fails costs only its own slots."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from raspi_agent.cameras.camera import CameraError, CameraStuck
from raspi_agent.outbox_room import dropped_so_far
from tests.raspi_agent.capture_loop.conftest import NOON, Agent, dark_photo


def test_trouble_costs_only_its_own_slots_and_the_watchdog_is_fed(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(1.01)
    agent.clock.events = {
        10.0: lambda: setattr(agent.scene, "trouble", CameraError("it hangs")),
        2000.0: lambda: setattr(agent.scene, "trouble", None),
    }
    agent.run()
    assert agent.taken_at() == ["12:00:00", "12:45:00", "13:00:00"]
    assert agent.watchdog.hangs() is None


def test_a_folder_without_a_new_picture_is_no_camera_that_failed(agent_with: Callable[..., Agent]) -> None:
    agent = agent_with(1.01)
    agent.take_from_folder({10.0: 1, 1000.0: 1})
    agent.run()
    hour = agent.tally.hour()
    assert (hour.due, hour.taken, hour.missed, hour.camera_errors) == (5, 2, 3, 0)


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
