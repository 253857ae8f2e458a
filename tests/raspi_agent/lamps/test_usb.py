import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raspi_agent.lamps.usb import UsbLamp
from raspi_agent.light import LightError

Plug = Callable[..., None]
PI_3B, PI_3B_PLUS, PI_4, BOUGHT = "0424:9514", "0424:2514", "2109:3431", "05e3:0610"
ETHERNET_3B, ETHERNET_3B_PLUS, WIFI_STICK = "0424:ec00", "0424:7800", "0bda:8179"


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """What the kernel tells of a computer whose only network is not on USB."""
    (tmp_path / "sys/class/net/lo").mkdir(parents=True)
    built_in = tmp_path / "sys/devices/platform/mmc1/mmc1:0001/mmc1:0001:1"
    built_in.mkdir(parents=True)
    (tmp_path / "sys/class/net/wlan0").mkdir()
    (tmp_path / "sys/class/net/wlan0/device").symlink_to(built_in)
    (tmp_path / "sys/bus/usb/devices").mkdir(parents=True)
    return tmp_path / "sys"


@pytest.fixture
def plug(sysfs: Path) -> Plug:
    """A function that plugs a device into a place, as the network interface named, if any."""

    def into(place: str, kind: str, interface: str = "") -> None:
        bus, _, ports = place.partition("-")
        way = [f"usb{bus}"]
        way += [f"{bus}-{'.'.join(ports.split('.')[:depth])}" for depth in range(1, ports.count(".") + 2)]
        folder = sysfs.joinpath("devices/platform/soc", *way)
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in zip(("idVendor", "idProduct"), kind.split(":"), strict=True):
            (folder / name).write_text(f"{value}\n")
        (sysfs / "bus/usb/devices" / place).symlink_to(folder)
        if interface:
            (folder / f"{place}:1.0").mkdir()
            (sysfs / "class/net" / interface).mkdir()
            (sysfs / "class/net" / interface / "device").symlink_to(folder / f"{place}:1.0")

    return into


@pytest.fixture
def uhubctl(tmp_path: Path) -> Callable[[str], str]:
    """A function that makes a Python program uhubctl, and tells its path; `asked` gets its arguments."""

    def play(program: str) -> str:
        path = tmp_path / "uhubctl"
        head = (
            f"import sys, time\nopen({str(tmp_path / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
        )
        path.write_text(f"#!{sys.executable} -S\n{head}\n{program}\n")
        path.chmod(0o755)
        return str(path)

    return play


OBEYS = """
now = {"on": "0100 power", "off": "0000 off"}[sys.argv[-1]]
print("Current status for hub 1-1 [0424:9514, USB 2.00, 5 ports, ppps]")
print("  Port 2: 0503 power highspeed enable connect [1a86:7523]")
print(f"Sent power {sys.argv[-1]} request")
print("New status for hub 1-1 [0424:9514, USB 2.00, 5 ports, ppps]")
print(f"  Port 2: {now}")
"""


def test_the_lamp_s_port_is_switched_again_and_again(
    sysfs: Path, uhubctl: Callable[[str], str], tmp_path: Path
) -> None:
    lamp = UsbLamp("1-1", 2, sysfs=sysfs, program=uhubctl(OBEYS))
    for switch in (lamp.off, lamp.on, lamp.on, lamp.off):
        switch()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [f"-l 1-1 -p 2 -a {action}" for action in ("off", "on", "on", "off")]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print('No compatible devices detected!'); sys.exit(1)", "has not obeyed .No compatible devices"),
        ("print('  Port 2: 0100 power')", "has not obeyed .Port 2: 0100 power"),
        ("print('  Port 3: 0000 off')", "has not obeyed"),
        ("", "has not obeyed .status 0.: .uhubctl. shows which hubs"),
    ],
)
def test_a_hub_that_does_not_obey_is_told(
    sysfs: Path, uhubctl: Callable[[str], str], program: str, message: str
) -> None:
    with pytest.raises(LightError, match=message):
        UsbLamp("1-1", 2, sysfs=sysfs, program=uhubctl(program)).off()


def test_the_program_is_missing(sysfs: Path) -> None:
    with pytest.raises(LightError, match="sudo apt install uhubctl"):
        UsbLamp("1-1", 2, sysfs=sysfs, program="/nowhere/uhubctl").on()


@pytest.mark.parametrize(
    ("lamp", "plugged", "refused"),
    [
        pytest.param(("1-1", 2), [], None, id="no network on USB"),
        pytest.param(
            ("1-1", 2), [("1-1", PI_3B), ("1-1.1", ETHERNET_3B, "eth0")], None, id="Pi 3B: its Ethernet stays"
        ),
        pytest.param(
            ("1-1", 1),
            [("1-1", PI_3B), ("1-1.1", ETHERNET_3B, "eth0")],
            "eth0 hangs on that port",
            id="Pi 3B, 1",
        ),
        pytest.param(
            ("1-1", 2),
            [("1-1", PI_3B), ("1-1.1", ETHERNET_3B, "eth0"), ("1-1.4", WIFI_STICK, "wlan1")],
            "wlan1 hangs on the same hub",
            id="Pi 3B with a stick: its sockets switch together",
        ),
        pytest.param(
            ("1-1.1", 2),
            [("1-1", PI_3B_PLUS), ("1-1.1", PI_3B_PLUS), ("1-1.1.1", ETHERNET_3B_PLUS, "eth0")],
            None,
            id="Pi 3B+: ports switch one by one",
        ),
        pytest.param(
            ("1-1.1", 1),
            [("1-1", PI_3B_PLUS), ("1-1.1", PI_3B_PLUS), ("1-1.1.1", ETHERNET_3B_PLUS, "eth0")],
            "eth0 hangs on that port",
            id="Pi 3B+, its Ethernet's port",
        ),
        pytest.param(
            ("1-1", 1),
            [("1-1", PI_3B_PLUS), ("1-1.1", PI_3B_PLUS), ("1-1.1.1", ETHERNET_3B_PLUS, "eth0")],
            "eth0 hangs on that port",
            id="Pi 3B+, a port with a hub with the network",
        ),
        pytest.param(
            ("1-1", 3),
            [("1-1", PI_4), ("1-1.4", WIFI_STICK, "wlan1")],
            "wlan1 hangs on the same hub",
            id="Pi 4",
        ),
        pytest.param(
            ("1-1.2", 1),
            [("1-1", PI_4), ("1-1.2", BOUGHT), ("1-1.4", WIFI_STICK, "wlan1")],
            None,
            id="the network is on another hub",
        ),
        pytest.param(
            ("1", 1), [("1-1", BOUGHT), ("1-1.3", WIFI_STICK, "wlan1")], "that port", id="a root hub"
        ),
        pytest.param(("2-1", 2), [("1-1.2", WIFI_STICK, "wlan1")], "that port", id="the same socket's USB 2"),
        pytest.param(
            ("1-1", 1), [("1-1.10", WIFI_STICK, "wlan1")], "the same hub", id="port 1 is not port 10"
        ),
    ],
)
def test_the_network_is_never_cut(
    sysfs: Path, plug: Plug, lamp: tuple[str, int], plugged: list[tuple[str, ...]], refused: str | None
) -> None:
    for each in plugged:
        plug(*each)
    if refused is None:
        UsbLamp(*lamp, sysfs=sysfs)
        return
    with pytest.raises(ValueError, match=f"would cut the network: .*{refused}.*use a lamp at a GPIO pin"):
        UsbLamp(*lamp, sysfs=sysfs)


def test_a_network_that_is_plugged_in_later_is_not_cut_either(
    sysfs: Path, plug: Plug, uhubctl: Callable[[str], str], tmp_path: Path
) -> None:
    lamp = UsbLamp("1-1", 2, sysfs=sysfs, program=uhubctl(OBEYS))
    plug("1-1.2", WIFI_STICK, "wlan1")
    with pytest.raises(LightError, match="would cut the network"):
        lamp.off()
    assert not (tmp_path / "asked").exists()


@pytest.mark.skipif(not shutil.which("uhubctl"), reason="uhubctl is not installed (apt install uhubctl)")
def test_the_real_program_understands_what_it_is_asked(sysfs: Path) -> None:
    with pytest.raises(LightError, match="No compatible devices"):
        UsbLamp("99-9", 2, sysfs=sysfs).off()
