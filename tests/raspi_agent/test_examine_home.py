import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.examine_home import (
    examine_clock,
    examine_disk,
    examine_earlier_outboxes,
    examine_home,
    examine_outbox,
    examine_secrets,
    examine_waiting,
    judge_machine,
)
from raspi_agent.examine_services import examine_services
from raspi_agent.finding import Verdict
from raspi_agent.machine import Machine
from raspi_agent.outbox import Outbox
from raspi_agent.settings import AgentSettings


def test_folders_are_written_to_and_left_empty(tmp_path: Path) -> None:
    assert examine_home(tmp_path).verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []
    assert examine_outbox(tmp_path / "outbox").verdict is Verdict.OK
    assert list((tmp_path / "outbox").iterdir()) == []
    assert examine_home(tmp_path / "mistyped").verdict is Verdict.FAULT
    assert not (tmp_path / "mistyped").exists()


def test_a_folder_that_takes_nothing_is_a_fault(
    tmp_path: Path, with_no_space: Callable[[int, Callable[[], None]], None]
) -> None:
    (tmp_path / "file").touch()
    assert examine_home(tmp_path / "file").verdict is Verdict.FAULT

    def examine() -> None:
        assert examine_home(tmp_path).verdict is Verdict.FAULT

    with_no_space(100, examine)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("mode", "folder_mode", "owner", "verdict"),
    [
        (0o600, 0o700, None, Verdict.OK),
        (0o640, 0o700, None, Verdict.FAULT),
        (0o600, 0o750, None, Verdict.FAULT),
        pytest.param(
            0o600,
            0o700,
            65534,
            Verdict.FAULT,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
        ),
    ],
)
def test_secrets_are_for_one_user_only(
    tmp_path: Path, mode: int, folder_mode: int, owner: int | None, verdict: Verdict
) -> None:
    assert examine_secrets(tmp_path).verdict is Verdict.OK
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "camera-password").write_text("swordfish")
    (folder / "camera-password").chmod(mode)
    folder.chmod(folder_mode)
    if owner is not None:
        os.chown(folder / "camera-password", owner, -1)
    finding = examine_secrets(tmp_path)
    assert finding.verdict is verdict
    assert bool(finding.remedy) == (verdict is Verdict.FAULT)
    assert "swordfish" not in finding.sentence


@pytest.mark.parametrize(("free_mb", "verdict"), [(0, Verdict.OK), (10**9, Verdict.FAULT)])
def test_the_disk_needs_room(tmp_path: Path, free_mb: int, verdict: Verdict) -> None:
    assert examine_disk(tmp_path, free_mb).verdict is verdict
    assert examine_disk(tmp_path / "gone", 0).verdict is Verdict.FAULT


@pytest.mark.parametrize("trusted", [True, False])
def test_the_clock_is_shown_in_both_zones(trusted: bool) -> None:
    settings = AgentSettings.model_validate(
        {"camera": "cellar", "camera_url": "folder:x", "timezone": "Asia/Kolkata", "trust_clock": trusted}
    )
    finding = examine_clock(settings)
    assert "UTC" in finding.sentence
    assert "IST" in finding.sentence
    if trusted:
        assert finding.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("temperature_c", "throttled", "verdicts"),
    [
        (47.0, (), ["ok", "ok"]),
        (None, None, ["ok", "ok"]),
        (85.0, ("throttled",), ["warning", "warning"]),
        (47.0, ("undervoltage_has_occurred",), ["ok", "warning"]),
        (47.0, ("undervoltage", "undervoltage_has_occurred"), ["ok", "fault"]),
    ],
)
def test_heat_and_a_weak_supply_are_told(
    temperature_c: float | None, throttled: tuple[str, ...] | None, verdicts: list[str]
) -> None:
    machine = Machine(temperature_c, throttled, None, None, None, None)
    assert [finding.verdict.value for finding in judge_machine(machine)] == verdicts


@pytest.mark.parametrize(
    ("age", "says", "verdict"),
    [
        (timedelta(minutes=5), "1 pictures wait", Verdict.OK),
        (timedelta(days=3, hours=2), "the oldest for 3 days and 2 hours", Verdict.WARNING),
    ],
)
def test_pictures_that_wait_for_long_are_told(
    tmp_path: Path, age: timedelta, says: str, verdict: Verdict
) -> None:
    assert examine_waiting(tmp_path).verdict is Verdict.OK
    Outbox(tmp_path).add(
        b"x", CaptureFacts(camera="cellar", taken_at=datetime.now(UTC) - age, clock_synchronised=True)
    )
    finding = examine_waiting(tmp_path)
    assert says in finding.sentence
    assert finding.verdict is verdict


def test_pictures_in_an_earlier_outbox_are_told_with_what_sends_them(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox").add(b"x", CaptureFacts(camera="cellar"))
    assert list(examine_earlier_outboxes(tmp_path, Path("outbox"))) == []
    (finding,) = examine_earlier_outboxes(tmp_path, Path("/mnt/usb/outbox"))
    assert (finding.verdict, finding.sentence) == (
        Verdict.WARNING,
        f"1 pictures wait in {tmp_path / 'outbox'}, an earlier outbox",
    )
    assert "smartmeter-agent upload" in finding.remedy


@pytest.mark.parametrize(("days", "verdict"), [(0, Verdict.WARNING), (6, Verdict.WARNING), (8, Verdict.OK)])
def test_pictures_that_had_to_go_are_a_trouble_for_a_week_and_told_for_good(
    tmp_path: Path, days: int, verdict: Verdict
) -> None:
    (tmp_path / "dropped").write_text("4")
    dropped_at = datetime.now(UTC) - timedelta(days=days)
    os.utime(tmp_path / "dropped", (dropped_at.timestamp(),) * 2)
    finding = examine_waiting(tmp_path)
    assert f"4 had to go unsent for a full disk, the last on {dropped_at:%Y-%m-%d}" in finding.sentence
    assert finding.verdict is verdict
    assert ("the lines about store and disk" in finding.remedy) is (verdict is Verdict.WARNING)


@pytest.mark.parametrize(
    ("enabled", "verdicts"),
    [("*", ["ok"]), ("smartmeter-agent.service", ["warning", "warning"]), ("none", ["warning"] * 3)],
)
def test_units_that_do_not_start_with_the_machine_are_told(
    tmp_path: Path, enabled: str, verdicts: list[str]
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\ncase "$3" in {enabled}) exit 0;; esac\nexit 1\n')
    systemctl.chmod(0o700)
    assert [each.verdict.value for each in examine_services(str(systemctl), tmp_path)] == verdicts


def test_without_systemd_there_is_nothing_to_enable(tmp_path: Path) -> None:
    (finding,) = examine_services("/none", tmp_path)
    assert finding.verdict is Verdict.OK
