"""The units that run the agent, as systemd itself reads them."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deployments" / "systemd"
NAMES = sorted(path.name for path in UNITS.iterdir() if path.suffix in {".service", ".path", ".mount"})
RETRY = UNITS / "smartmeter-retry.service"
SYSTEM = Path("/usr/lib/systemd/system")
PROGRAMS = (
    "opt/smartmeter/venv/bin/smartmeter-agent",
    "opt/smartmeter/venv/bin/python",
    "opt/smartmeter-server/venv/bin/smartmeter",
)


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    path = shutil.which("systemd-analyze")
    if path is None or not SYSTEM.is_dir():
        pytest.skip("systemd is not here (apt-get install systemd)")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small system that has the units and the programs they start."""
    shutil.copytree(SYSTEM, tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    for program in (*PROGRAMS, *(f"usr/bin/{each}" for each in ("rm", "sh", "sleep", "systemctl"))):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return tmp_path


def verify(systemd_analyze: str, root: Path) -> str:
    answer = subprocess.run(
        [systemd_analyze, "verify", "--man=no", f"--root={root}", *NAMES],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr + (f"exit code {answer.returncode}" if answer.returncode else "")


def test_systemd_finds_nothing_wrong(systemd_analyze: str, root: Path) -> None:
    assert verify(systemd_analyze, root) == ""


@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        ("smartmeter-agent.service", "WatchdogSec=180", "WatchdogSecs=180"),
        ("smartmeter-reboot.path", "PathExists=", "PathExist="),
        ("smartmeter-capture.service", "/bin/python ", "/bin/snake "),
        ("smartmeter-server.service", "/bin/smartmeter up", "/bin/smart up"),
    ],
)
def test_and_would_find_a_mistake(
    systemd_analyze: str, root: Path, unit: str, right: str, wrong: str
) -> None:
    path = root / "etc/systemd/system" / unit
    path.write_text(path.read_text().replace(right, wrong))
    assert verify(systemd_analyze, root) != ""


@pytest.mark.parametrize(
    "unit", ["smartmeter-agent.service", "smartmeter-capture.service", "smartmeter-server.service"]
)
def test_a_service_is_exposed_little(systemd_analyze: str, unit: str) -> None:
    answer = subprocess.run(
        [systemd_analyze, "security", "--offline=true", "--threshold=20", str(UNITS / unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def lines(unit: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / unit)
    return parser


def test_wrong_settings_never_reboot_and_a_killed_agent_leaves_no_light_on() -> None:
    unit = lines("smartmeter-agent.service")
    assert unit["Unit"]["StartLimitAction"] == "reboot"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"
    assert unit["Unit"]["OnFailure"] == "smartmeter-retry.service"
    pause_s = int(re.findall(r"^ExecStart=sleep (\d+)$", RETRY.read_text(), flags=re.MULTILINE)[0])
    assert unit["Unit"]["StartLimitIntervalSec"] == "2h"
    assert 2 * 3600 / pause_s < int(unit["Unit"]["StartLimitBurst"]) / 2
    assert unit["Service"]["ExecStopPost"].startswith("-")
    assert unit["Service"]["ExecStopPost"].endswith(" light-off")


def test_the_agent_waits_for_nobody_and_needs_nobody() -> None:
    for name in ("smartmeter-agent.service", "media-smartmeter.mount"):
        assert not set(lines(name)["Unit"]) & {"Requires", "BindsTo", "After", "Wants"}, name
    capture = lines("smartmeter-capture.service")["Unit"]
    assert capture["After"] == "smartmeter-agent.service"
    assert not set(capture) & {"Requires", "BindsTo", "PartOf"}


def test_the_server_always_comes_back_but_for_wrong_settings_and_no_run_outlives_it() -> None:
    unit = lines("smartmeter-server.service")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Unit"]["Wants"] == unit["Unit"]["After"] == "time-sync.target"
    service = unit["Service"]
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", "2")
    assert service["KillMode"] == "mixed"
    assert service["User"] != "root"


@pytest.mark.parametrize("wish", ["reboot", "poweroff"])
def test_a_request_is_removed_before_it_is_granted(wish: str) -> None:
    request = f"/run/smartmeter-power/{wish}"
    path = lines(f"smartmeter-{wish}.path")["Path"]
    assert (path["PathExists"], path["Unit"]) == (request, f"smartmeter-{wish}.service")
    service = lines(f"smartmeter-{wish}.service")["Service"]
    assert service["ExecStartPre"].startswith("-rm -rf")
    assert service["ExecStartPre"].endswith(request)
    assert service["ExecStart"] == f"systemctl --no-block {wish}"
    folders = (UNITS / "smartmeter.tmpfiles.conf").read_text()
    assert "d /run/smartmeter-power 0700 smartmeter smartmeter -" in folders


def test_nothing_on_the_maintenance_stick_is_executed() -> None:
    options = lines("media-smartmeter.mount")["Mount"]["Options"].split(",")
    assert set(options) == {"ro", "noexec", "nosuid", "nodev"}


def test_only_systemd_254_and_newer_is_told_of_growing_pauses() -> None:
    for name in NAMES:
        assert "RestartSteps" not in (UNITS / name).read_text()
    installer = (ROOT / "deployments" / "raspi" / "install.sh").read_text()
    assert re.search(r"-ge 254 \]; then\n.*smartmeter-agent-back-off\.conf", installer)
