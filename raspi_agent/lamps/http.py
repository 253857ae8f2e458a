"""A lamp in the network, behind a socket that obeys addresses: Shelly, Tasmota, an ESP32-CAM's flash."""

import http.client
import time

from raspi_agent.http_get import HttpAddress, explain_failure, get_within, parse_address
from raspi_agent.light import LightError

_TIMEOUT_S = 5.0
_SUCCESSES = range(200, 300)


class HttpLamp:
    """A lamp that one address turns on and another off; see `Light`.

    Args:
        on_url: what turns it on.
        off_url: what turns it off.

    Raises:
        ValueError: one of them is no address, or missing.
    """

    def __init__(self, on_url: str, off_url: str) -> None:
        if not off_url:
            raise ValueError("a lamp that an address turns on needs off_url in [light], or it would stay on")
        remedy = "use a lamp that needs none within your network"
        self._on = parse_address(on_url, setting="url in [light]", remedy=remedy)
        self._off = parse_address(off_url, setting="off_url in [light]", remedy=remedy)

    def on(self) -> None:
        """Switch it on; see `Light.on`."""
        _ask(self._on)

    def off(self) -> None:
        """Switch it off; see `Light.off`."""
        _ask(self._off)


def _ask(address: HttpAddress) -> None:
    try:
        status = get_within(address, lambda answer: answer.status, time.monotonic() + _TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        message = f"the lamp at {address.shown} {explain_failure(error)}"
        raise LightError(message) from error
    if status not in _SUCCESSES:
        message = f"the lamp at {address.shown} answers {status}: is the address right?"
        raise LightError(message)
