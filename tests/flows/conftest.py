"""A drawn meter with a camera's store, for flows that read real pictures."""

import json
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from flows.backend import prefect_environment
from flows.cli import app
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import synced_key
from tasks.decode import decode_series
from tasks.fetch import fetch_batch, list_new_pictures, prepare_warehouse
from tasks.recognize import CANDIDATE_SCHEMA, RECOGNITION_SCHEMA
from tasks.settings import load_settings
from warehouse.connection import open_warehouse
from warehouse.loading import load_recognitions

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


def read_by_an_oracle(
    meter: DrawnMeter,
    count: int,
    *,
    dark: AbstractSet[int] = frozenset(),
    altered: Callable[[bytes], bytes] = bytes,
) -> None:
    """Archive and warehouse as they are after an ingest by a reader that is right wherever it sees something.

    Args:
        meter: Drawn and photographed.
        count: How many pictures.
        dark: Those in which nothing can be seen.
        altered: What is done to each picture before it reaches the store.
    """
    settings = load_settings()
    for number in range(count):
        meter.put(meter.key(number), altered(meter.picture(number)))
    prepare_warehouse.fn(settings)
    fetch_batch.fn(settings, list_new_pictures.fn(settings).revisions)
    common = {"register_id": "home/1-0:1.8.0", "reader": "oracle", "reader_version": "1"}
    recognitions: list[dict[str, object]] = []
    candidates: list[dict[str, object]] = []
    for number in range(count):
        key = meter.key(number)
        recognitions.append(
            common
            | {
                "picture_key": key,
                "taken_at": meter.slot_at(number),
                "recognised_at": datetime(2026, 11, 22, tzinfo=UTC),
                "reason": "dark" if number in dark else None,
                "milliseconds": 1.0,
                "window_corners": json.dumps([[round(x, 1), round(y, 1)] for x, y in register_corners(FACE)]),
                "orientation": "upright-0",
            }
        )
        units = START_UNITS + STEP_UNITS * number
        text = {
            "rank": 1,
            "text": f"{units:07d}",
            "half_step": False,
            "value_units": units,
            "probability": 0.97,
        }
        candidates += [] if number in dark else [common | {"picture_key": key} | text]
    with open_warehouse(settings.warehouse) as warehouse:
        load_recognitions(
            warehouse,
            pl.DataFrame(recognitions, schema=RECOGNITION_SCHEMA),
            pl.DataFrame(candidates, schema=CANDIDATE_SCHEMA),
        )
    decode_series.fn(settings, common["register_id"])


@pytest.fixture
def commands(home: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in this process against the tests' Prefect server; what it exports is taken back."""
    for name, value in prefect_environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS", "flows.console.BriefConsole")
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])
