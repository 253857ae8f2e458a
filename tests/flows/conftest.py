"""A drawn meter with a camera's store, for flows that read real pictures."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import synced_key

FACE = MeterFace(digits=7, decimals=1, seed=7)
STARTED_AT = datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
START_UNITS = 36109
STEP_UNITS = 3
SLOT = timedelta(minutes=15)


@dataclass(frozen=True)
class DrawnMeter:
    """A meter that moves three units each slot, its camera's store, and the home folder that reads it."""

    home: Path

    def slot_at(self, number: int) -> datetime:
        return STARTED_AT + SLOT * number

    def key(self, number: int, camera: str = "cellar") -> str:
        return synced_key(camera, self.slot_at(number), number)

    def picture(self, number: int) -> bytes:
        return encode_jpeg(draw_frame(FACE, float(START_UNITS + STEP_UNITS * number), seed=number))

    def value_wh(self, number: int) -> int:
        return (START_UNITS + STEP_UNITS * number) * 100

    def put(self, key: str, data: bytes) -> None:
        open_store("file:store", self.home).add(key, data)

    def fill(self, numbers: range) -> None:
        for number in numbers:
            self.put(self.key(number), self.picture(number))


@pytest.fixture
def drawn_meter(home: Path) -> DrawnMeter:
    """An installation whose settings fit the drawn meter; its store is empty."""
    corners = ", ".join(f"{number:.1f}" for corner in register_corners(FACE) for number in corner)
    with (home / "smartmeter.toml").open("a") as file:
        file.write(f"max_power_kw = 24\nwindow = [{corners}]\n")
    return DrawnMeter(home)
