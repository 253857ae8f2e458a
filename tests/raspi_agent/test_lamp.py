import logging
import time

import pytest

from raspi_agent.lamp import lit, turn_off
from raspi_agent.light import LightError


class Lamp:
    """A lamp that remembers what it was told and obeys unless it is broken."""

    def __init__(self, *, is_broken: bool = False) -> None:
        self.is_broken = is_broken
        self.told: list[str] = []

    def on(self) -> None:
        self._obey("on")

    def off(self) -> None:
        self._obey("off")

    def _obey(self, word: str) -> None:
        self.told.append(word)
        if self.is_broken:
            raise LightError("the lamp does not answer; look at its plug")


def test_it_is_on_within_the_block_and_off_after_it() -> None:
    lamp = Lamp()
    slept: list[float] = []
    with lit(lamp, settle_s=1.5, longest_on_s=60, sleep=slept.append) as state:
        assert (state, lamp.told, slept) == ("on", ["on"], [1.5])
    assert lamp.told == ["on", "off"]


def test_it_is_off_after_an_error() -> None:
    lamp = Lamp()
    with pytest.raises(RuntimeError), lit(lamp, settle_s=0, longest_on_s=60):
        raise RuntimeError
    assert lamp.told == ["on", "off"]


def test_it_goes_off_even_while_the_block_hangs() -> None:
    lamp = Lamp()
    with lit(lamp, settle_s=0, longest_on_s=0.05):
        deadline_s = time.monotonic() + 5
        while lamp.told == ["on"] and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert lamp.told == ["on", "off"]


def test_a_broken_lamp_costs_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    with lit(Lamp(is_broken=True), settle_s=0, longest_on_s=60) as state:
        assert state == "failed"
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "look at its plug" in caplog.text
    assert not turn_off(Lamp(is_broken=True))


def test_without_a_lamp_nothing_happens() -> None:
    with lit(None, settle_s=9, longest_on_s=60) as state:
        assert state == "none"
    assert turn_off(None)
