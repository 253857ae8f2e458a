"""A lamp at a pin of the Raspberry Pi: an LED with its transistor."""

import threading
from typing import Any

from raspi_agent.light import LightError


class GpioLamp:
    """A lamp that a pin switches; see `Light`.

    The pin is taken at the first switching and held from then on.

    Args:
        pin: the pin's number as the chip counts (BCM), not its place on the header.
        active_low: the lamp is on when the pin is low.
    """

    def __init__(self, pin: int, *, active_low: bool = False) -> None:
        self._pin = pin
        self._active_low = active_low
        self._lock = threading.Lock()
        self._device: Any = None

    def on(self) -> None:
        """Switch it on; see `Light.on`."""
        self._switch(is_on=True)

    def off(self) -> None:
        """Switch it off; see `Light.off`."""
        self._switch(is_on=False)

    def _switch(self, *, is_on: bool) -> None:
        with self._lock:
            try:
                if self._device is None:
                    self._device = _take(self._pin, active_low=self._active_low)
                (self._device.on if is_on else self._device.off)()
            except ModuleNotFoundError as error:
                raise LightError(
                    "the lamp needs gpiozero: sudo apt install python3-gpiozero python3-lgpio"
                ) from error
            except Exception as error:  # gpiozero's own errors have no base that excludes its bugs
                message = (
                    f"the lamp at gpio:{self._pin} cannot be switched: {type(error).__name__}: {error};"
                    " is this user in the group gpio, and the pin free?"
                )
                raise LightError(message) from error


def _take(pin: int, *, active_low: bool) -> Any:  # noqa: ANN401 - gpiozero ships no types
    import gpiozero  # noqa: PLC0415 - only where there are pins

    return gpiozero.LED(pin, active_high=not active_low, initial_value=False)
