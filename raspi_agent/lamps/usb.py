"""A lamp at a USB port whose power uhubctl switches; the network is never cut with it."""

import re
from collections.abc import Iterator
from pathlib import Path

from raspi_agent.light import LightError
from raspi_agent.process_group import ProcessStuck, run_within

_TIMEOUT_S = 10.0
_DEVICE = re.compile(r"[0-9]+-[0-9]+(?:\.[0-9]+)*")
_STATE = re.compile(r"^\s*Port (?P<port>[0-9]+): [0-9a-f]{4}\b(?P<flags>.*)$", re.MULTILINE)
# A Pi's own Ethernet: it hangs on the hub and keeps its power when the sockets lose theirs.
_BUILT_IN = frozenset({"0424:ec00", "0424:7800"})
# The Pi 3B+'s hubs switch their ports one by one; others say that they do and don't.
_SWITCH_SINGLY = frozenset({"0424:2514"})


class UsbLamp:
    """A lamp at a hub's port; see `Light`.

    Args:
        hub: its location as uhubctl names it, like 1-1.
        port: its port.
        sysfs: where the kernel tells of its devices.
        program: what to run.

    Raises:
        ValueError: a network interface would lose its power with the lamp.
    """

    def __init__(self, hub: str, port: int, *, sysfs: Path = Path("/sys"), program: str = "uhubctl") -> None:
        self._hub = hub
        self._port = port
        self._sysfs = sysfs
        self._program = program
        self._check_network()

    def on(self) -> None:
        """Switch it on; see `Light.on`."""
        self._switch("on", "power")

    def off(self) -> None:
        """Switch it off, unless the network now hangs on its port; see `Light.off`."""
        self._switch("off", "off")

    def _switch(self, action: str, wanted: str) -> None:
        try:
            self._check_network()  # somebody may have plugged it in since
            command = (self._program, "-l", self._hub, "-p", str(self._port), "-a", action)
            ended = run_within(command, _TIMEOUT_S)
        except ValueError as error:
            raise LightError(str(error)) from error
        except FileNotFoundError as error:
            raise LightError("uhubctl is missing: sudo apt install uhubctl") from error
        except (OSError, ProcessStuck) as error:  # a timeout, too
            message = f"{self._name} cannot be switched: {error}"
            raise LightError(message) from error
        said = (ended.stdout + ended.stderr).decode(errors="replace")
        states = [each["flags"].split() for each in _STATE.finditer(said) if int(each["port"]) == self._port]
        if ended.returncode or not states or wanted not in states[-1]:
            told = " ".join(said.split())[-200:] or f"status {ended.returncode}"
            message = (
                f"{self._name} has not obeyed ({told}): `uhubctl` shows which hubs can be switched; this user"
                " needs the permission that its README describes (udev)"
            )
            raise LightError(message)

    def _check_network(self) -> None:
        for interface, devices in _interfaces(self._sysfs):
            on_the_port = any(_ports_of(device) == self._ports for device in devices)
            on_the_hub = any(device.startswith(self._below_hub) for device in devices)
            if on_the_port or (on_the_hub and not self._spares(devices[-1])):
                message = (
                    f"{self._name} would cut the network: {interface} hangs on"
                    f" {'that port' if on_the_port else 'the same hub, whose ports may switch together'};"
                    " plug it or the lamp into another hub, or use a lamp at a GPIO pin"
                )
                raise ValueError(message)

    @property
    def _name(self) -> str:
        return f"the lamp usb:{self._hub}:{self._port}"

    @property
    def _below_hub(self) -> str:
        """How the names of devices on the hub begin."""
        return f"{self._hub}." if "-" in self._hub else f"{self._hub}-"

    @property
    def _ports(self) -> str:
        return _ports_of(f"{self._below_hub}{self._port}")

    def _spares(self, device: str) -> bool:
        """Whether a device on another port of the hub keeps its power."""
        return self._id_of(device) in _BUILT_IN or self._id_of(self._hub) in _SWITCH_SINGLY

    def _id_of(self, device: str) -> str:
        folder = self._sysfs / "bus/usb/devices" / device
        try:
            return ":".join((folder / name).read_text().strip() for name in ("idVendor", "idProduct"))
        except OSError:
            return ""


def _interfaces(sysfs: Path) -> Iterator[tuple[str, list[str]]]:
    """Every network interface on USB with the devices on its way, from its root port to itself."""
    for link in sorted((sysfs / "class/net").glob("*/device")):
        devices = [part for part in link.resolve().parts if _DEVICE.fullmatch(part)]
        if devices:
            yield link.parent.name, devices


def _ports_of(device: str) -> str:
    """The ports on the way to it, the bus left out: a USB 3 hub shares its sockets with a USB 2 hub."""
    return device.partition("-")[2]
