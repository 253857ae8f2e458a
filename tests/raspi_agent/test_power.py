from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raspi_agent.power import CameraTrouble, ask_for, may_reboot, under_maintenance

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("trouble", "wanted"),
    [
        (CameraTrouble(1, 0, is_stuck=True, is_local=True), True),
        (CameraTrouble(5, 1800, is_stuck=False, is_local=True), True),
        (CameraTrouble(4, 9999, is_stuck=False, is_local=True), False),
        (CameraTrouble(99, 1799, is_stuck=False, is_local=True), False),
        (CameraTrouble(99, 9999, is_stuck=False, is_local=False), False),
    ],
)
def test_a_reboot_is_the_last_resort_of_a_camera_on_this_machine(
    trouble: CameraTrouble, wanted: bool
) -> None:
    assert trouble.wants_reboot is wanted


def test_reboots_are_counted_by_the_day_whatever_the_clock_does(tmp_path: Path) -> None:
    assert may_reboot(tmp_path, NOON, 2)
    assert may_reboot(tmp_path, NOON - timedelta(hours=3), 2)
    assert not may_reboot(tmp_path, NOON + timedelta(hours=1), 2)
    assert may_reboot(tmp_path, NOON + timedelta(hours=22), 2)
    assert not may_reboot(tmp_path, NOON + timedelta(days=9), 0)


def test_a_broken_count_allows_a_reboot(tmp_path: Path) -> None:
    (tmp_path / "reboots").write_text("[1")
    assert may_reboot(tmp_path, NOON, 1)


def test_asking_makes_a_file_that_systemd_waits_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert ask_for("poweroff", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["poweroff"]
    assert not ask_for("reboot", tmp_path / "nowhere")
    assert "install the unit smartmeter-reboot.path" in caplog.text


def test_a_file_on_a_stick_keeps_the_power_on_and_stays_closed(tmp_path: Path) -> None:
    patterns = [f"{tmp_path}/*/maintenance"]
    assert under_maintenance(patterns) is None
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "maintenance").touch(0o000)
    assert under_maintenance(patterns) == f"{tmp_path}/stick/maintenance"
