"""How the machine is: warm, throttled, full, for how long it has been up."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from raspi_agent.process_group import ProcessStuck, run_within

UNDERVOLTAGE = "undervoltage"
UNDERVOLTAGE_HAS_OCCURRED = "undervoltage_has_occurred"

_THROTTLED_BITS = {
    0: UNDERVOLTAGE,
    1: "frequency_capped",
    2: "throttled",
    3: "soft_temperature_limit",
    16: UNDERVOLTAGE_HAS_OCCURRED,
    17: "frequency_capped_has_occurred",
    18: "throttled_has_occurred",
    19: "soft_temperature_limit_has_occurred",
}
_TEMPERATURES = ("class/thermal/thermal_zone0/temp", "class/hwmon/hwmon0/temp1_input")
_THROTTLED = (
    "devices/platform/soc/soc:firmware/get_throttled",
    "devices/platform/soc@*/*firmware/get_throttled",
)
_VCGENCMD_S = 3.0
_COLDEST_C, _HOTTEST_C = -60.0, 200.0  # beyond, a sensor is broken


@dataclass(frozen=True, slots=True)
class Machine:
    """One look at the machine; None where it does not tell.

    Attributes:
        temperature_c: of the processor.
        throttled: names of what slows it down or has since its start, empty when nothing has.
        disk_free_bytes: what the agent may still write.
        disk_total_bytes: of the disk with the home folder.
        boot_id: the kernel's id of this boot.
        boot_s: seconds since that boot, sleep included.
    """

    temperature_c: float | None
    throttled: tuple[str, ...] | None
    disk_free_bytes: int | None
    disk_total_bytes: int | None
    boot_id: str | None
    boot_s: float | None


def examine_machine(
    home: Path, *, sys: Path = Path("/sys"), proc: Path = Path("/proc"), vcgencmd: str = "vcgencmd"
) -> Machine:
    """Look at the machine; takes a few seconds at most, and raises nothing.

    Args:
        home: the folder whose disk is meant.
        sys: where sysfs is.
        proc: where procfs is.
        vcgencmd: the program to ask about throttling where sysfs does not tell.
    """
    try:
        disk = shutil.disk_usage(home)
    except OSError:
        disk = None
    return Machine(
        temperature_c=temperature_c(sys),
        throttled=throttled(sys, vcgencmd),
        disk_free_bytes=disk.free if disk else None,
        disk_total_bytes=disk.total if disk else None,
        boot_id=_text_of(proc / "sys/kernel/random/boot_id"),
        boot_s=round(time.clock_gettime(time.CLOCK_BOOTTIME), 1),
    )


def temperature_c(sys: Path = Path("/sys")) -> float | None:
    """The processor's temperature, None where no sensor tells a likely one."""
    for name in _TEMPERATURES:
        text = _text_of(sys / name)
        if text and re.fullmatch(r"-?[0-9]{1,7}", text):
            degrees = int(text) / 1000
            if _COLDEST_C < degrees < _HOTTEST_C:
                return round(degrees, 1)
    return None


def throttled(
    sys: Path = Path("/sys"), vcgencmd: str = "vcgencmd", patience_s: float = _VCGENCMD_S
) -> tuple[str, ...] | None:
    """What slows a Raspberry Pi down or has since its start, None on other machines."""
    bits = throttled_by_sysfs(sys)
    return names_of_throttling(bits) if bits is not None else _ask_firmware(vcgencmd, patience_s)


def throttled_by_sysfs(sys: Path = Path("/sys")) -> int | None:
    """The firmware's bits without a program's help, None where the kernel does not show them."""
    for pattern in _THROTTLED:
        for path in sys.glob(pattern):
            bits = _bits_of(_text_of(path) or "")
            if bits is not None:
                return bits
    return None


def names_of_throttling(bits: int) -> tuple[str, ...]:
    """The names of the bits that `vcgencmd get_throttled` shows, in their order."""
    return tuple(name for bit, name in _THROTTLED_BITS.items() if bits >> bit & 1)


def _ask_firmware(vcgencmd: str, patience_s: float) -> tuple[str, ...] | None:
    try:
        done = run_within([vcgencmd, "get_throttled"], patience_s)
    except (OSError, ProcessStuck):  # a TimeoutError too
        return None
    match = re.search(r"throttled=(0x[0-9a-fA-F]+)", done.stdout.decode(errors="replace"))
    return names_of_throttling(int(match[1], 16)) if match and done.returncode == 0 else None


def _bits_of(text: str) -> int | None:
    """The bits of sysfs, hexadecimal with or without 0x."""
    return int(text, 16) if re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", text) else None


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip() or None
    except OSError:
        return None
