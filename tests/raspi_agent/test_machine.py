import time
from pathlib import Path

import pytest

from raspi_agent.machine import examine_machine, names_of_throttling, temperature_c, throttled


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        (0, ()),
        (0x1, ("undervoltage",)),
        (0x50005, ("undervoltage", "throttled", "undervoltage_has_occurred", "throttled_has_occurred")),
        (
            0xE0008,
            (
                "soft_temperature_limit",
                "frequency_capped_has_occurred",
                "throttled_has_occurred",
                "soft_temperature_limit_has_occurred",
            ),
        ),
        (0xFFF0FFF0, ()),  # bits without a meaning
    ],
)
def test_throttling_bits_have_names(bits: int, names: tuple[str, ...]) -> None:
    assert names_of_throttling(bits) == names


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("47236\n", 47.2),
        ("-1500", -1.5),
        ("0", 0.0),
        ("", None),
        ("hot", None),
        ("999999", None),
        ("4.7", None),
    ],
)
def test_a_temperature_is_believed_when_it_is_likely(
    tmp_path: Path, text: str, degrees: float | None
) -> None:
    write(tmp_path / "class/thermal/thermal_zone0/temp", text)
    assert temperature_c(tmp_path) == degrees


def test_a_machine_without_a_sensor_has_no_temperature(tmp_path: Path) -> None:
    assert temperature_c(tmp_path) is None
    write(tmp_path / "class/hwmon/hwmon0/temp1_input", "51000")
    assert temperature_c(tmp_path) == 51.0


@pytest.mark.parametrize(
    "path", ["soc/soc:firmware/get_throttled", "soc@107c000000/soc@107c000000:firmware/get_throttled"]
)
def test_sysfs_tells_about_throttling_without_a_program(tmp_path: Path, path: str) -> None:
    write(tmp_path / "devices/platform" / path, "50000\n")
    assert throttled(tmp_path, vcgencmd="/none") == ("undervoltage_has_occurred", "throttled_has_occurred")


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("echo throttled=0x1", ("undervoltage",)),
        ("echo throttled=0x0", ()),
        ("echo VCHI initialization failed; exit 255", None),
        ("echo throttled=0x1; exit 1", None),
        ("head -c 100 /dev/urandom", None),
    ],
)
def test_the_firmware_is_asked_where_sysfs_is_silent(
    tmp_path: Path, script: str, names: tuple[str, ...] | None
) -> None:
    program = tmp_path / "vcgencmd"
    write(program, f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    assert throttled(tmp_path / "sys", vcgencmd=str(program)) == names


def test_a_firmware_that_hangs_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "vcgencmd"
    write(program, "#!/bin/sh\nsleep 60\n")
    program.chmod(0o700)
    started_s = time.monotonic()
    assert throttled(tmp_path / "sys", vcgencmd=str(program), patience_s=0.3) is None
    assert time.monotonic() - started_s < 10


def test_a_machine_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", "47236")
    write(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", "0")
    write(tmp_path / "proc/sys/kernel/random/boot_id", "10fcee1b-2107\n")
    machine = examine_machine(tmp_path, sys=tmp_path / "sys", proc=tmp_path / "proc")
    assert (machine.temperature_c, machine.throttled, machine.boot_id) == (47.2, (), "10fcee1b-2107")
    assert machine.disk_free_bytes is not None
    assert machine.disk_total_bytes is not None
    assert 0 < machine.disk_free_bytes <= machine.disk_total_bytes
    assert machine.boot_s is not None
    assert machine.boot_s > 0


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    machine = examine_machine(tmp_path / "gone", sys=tmp_path, proc=tmp_path, vcgencmd="/none")
    assert (machine.temperature_c, machine.throttled, machine.disk_free_bytes, machine.boot_id) == (None,) * 4
