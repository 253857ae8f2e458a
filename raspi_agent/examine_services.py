"""Check of the units that start the agent with the machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from raspi_agent.finding import Finding, ok, warning
from raspi_agent.process_group import ProcessStuck, run_within

_SYSTEMD_RUNS = Path("/run/systemd/system")
_PATIENCE_S = 10.0
_UNITS = {
    "smartmeter-agent.service": "after the next power cut nobody takes pictures",
    "smartmeter-reboot.path": "nobody answers when the camera needs a reboot",
    "smartmeter-poweroff.path": "nobody answers at the end of a power cycle",
}


def examine_services(systemctl: str = "systemctl", running: Path = _SYSTEMD_RUNS) -> Iterator[Finding]:
    """Whether each unit is enabled; one finding where there is no systemd."""
    if not running.exists() or shutil.which(systemctl) is None:
        yield ok("services", "systemd does not run here: start the agent by other means")
        return
    missing = {unit: means for unit, means in _UNITS.items() if not _is_enabled(systemctl, unit)}
    for unit, means in missing.items():
        remedy = f"sudo systemctl enable --now {unit}; if it is unknown, run deployments/raspi/install.sh"
        yield warning("services", f"{unit} is not enabled: {means}", remedy)
    if not missing:
        yield ok("services", "they start with the machine")


def _is_enabled(systemctl: str, unit: str) -> bool:
    try:
        done = run_within([systemctl, "is-enabled", "--quiet", unit], _PATIENCE_S)
    except (OSError, ProcessStuck):  # a TimeoutError too
        return False
    return done.returncode == 0
