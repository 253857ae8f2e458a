"""Every slot gets its picture, and none is taken twice."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from raspi_agent.cameras.camera import CameraError
from raspi_agent.capture import Taken
from tests.raspi_agent.capture_loop.conftest import NOON, SECOND, Agent


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
