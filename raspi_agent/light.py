"""The lamp by which a picture is taken."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

KINDS = "gpio:17, usb:1-1:2 (hub and port of uhubctl) or http://lamp/on"

_USB = re.compile(r"usb:(?P<hub>[0-9]+(?:-[0-9]+(?:\.[0-9]+)*)?):(?P<port>[0-9]{1,2})")
_GPIO = re.compile(r"gpio:(?P<pin>[0-9]{1,2})")


class LightError(Exception):
    """The lamp cannot be switched; a picture is taken all the same. The message says the remedy."""


class Light(Protocol):
    """Something that can be switched on and off; either may be repeated, from any thread."""

    def on(self) -> None:
        """Switch it on.

        Raises:
            LightError: it does not obey.
        """
        ...

    def off(self) -> None:
        """Switch it off.

        Raises:
            LightError: it does not obey.
        """
        ...


def open_light(settings: "AgentSettings", *, sysfs: Path = Path("/sys")) -> Light | None:
    """The lamp that the settings name, None without one; nothing is switched yet.

    Args:
        settings: `light.url` is empty for none, or one of

            - `gpio:` and the pin's number as the chip counts (BCM);
            - `usb:`, a hub's location and its port as uhubctl names them;
            - `http://` or `https://`, what turns the lamp on; `light.off_url` turns it off.
        sysfs: where the kernel tells of its devices.

    Raises:
        ValueError: there is no lamp of that kind, or switching it would cut the network.
    """
    url = settings.light.url.strip()
    if not url:
        return None
    if match := _GPIO.fullmatch(url):
        from raspi_agent.lamps.gpio import GpioLamp  # noqa: PLC0415 - each only when it is used

        return GpioLamp(int(match["pin"]), active_low=settings.light.active_low)
    if match := _USB.fullmatch(url):
        from raspi_agent.lamps.usb import UsbLamp  # noqa: PLC0415 - likewise

        return UsbLamp(match["hub"], int(match["port"]), sysfs=sysfs)
    kind = url.partition(":")[0]
    if kind.lower() in {"http", "https"}:
        from raspi_agent.lamps.http import HttpLamp  # noqa: PLC0415 - likewise

        return HttpLamp(url, settings.light.off_url)
    shown = f"{kind}://..." if "//" in url else url  # an address may hold a password
    message = f"url = {shown!r} in [light] is no lamp: use {KINDS}"
    raise ValueError(message)
