import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import pytest

from raspi_agent.lamps.gpio import GpioLamp
from raspi_agent.light import LightError

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

Pins: TypeAlias = "MockFactory"
gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")


@pytest.fixture
def pins() -> Iterator[Pins]:
    """The pins of a Raspberry Pi, as gpiozero itself plays them."""
    from gpiozero.pins.mock import MockFactory

    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = None


@pytest.mark.parametrize("active_low", [False, True])
def test_the_pin_follows_the_lamp(pins: Pins, active_low: bool) -> None:
    lamp = GpioLamp(17, active_low=active_low)
    assert pins.pin(17).function == "input"
    for switch, is_on in ((lamp.off, False), (lamp.on, True), (lamp.on, True), (lamp.off, False)):
        switch()
        assert pins.pin(17).state is (is_on is not active_low)
    assert pins.pin(17).function == "output"


def test_it_can_be_turned_off_from_another_thread(pins: Pins) -> None:
    lamp = GpioLamp(17)
    lamp.on()
    timer = threading.Timer(0, lamp.off)
    timer.start()
    timer.join()
    assert not pins.pin(17).state


def test_a_pin_that_is_taken_is_told(pins: Pins) -> None:
    with gpiozero.Button(17), pytest.raises(LightError, match=r"gpio:17 cannot be switched: GPIOPinInUse"):
        GpioLamp(17).on()


@pytest.mark.filterwarnings("ignore::gpiozero.exc.PinFactoryFallback")
def test_a_machine_without_pins_is_told() -> None:
    lamp = GpioLamp(17)
    with pytest.raises(
        LightError, match=r"gpio:17 cannot be switched: BadPinFactory.*is this user in the group gpio"
    ):
        lamp.on()


def test_gpiozero_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(LightError, match="sudo apt install python3-gpiozero"):
        GpioLamp(17).on()
