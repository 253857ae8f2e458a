"""A drawn meter with a camera's store, for flows that read real pictures."""

import json
from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from flows.backend import prefect_environment
from flows.cli import app
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.capture_facts import CaptureFacts, embed_facts
from raspi_agent.open_store import open_store
from raspi_agent.picture_key import synced_key
from tasks.decode import decode_series
from tasks.fetch import fetch_batch, keep_cursor, list_new_pictures, prepare_warehouse
from tasks.recognize import CANDIDATE_SCHEMA, RECOGNITION_SCHEMA
from tasks.settings import load_settings
from tasks.watch import deliver, give_sign_of_life, judge, look
from tasks.watching.channels import SECRETS
from warehouse.connection import open_warehouse
from warehouse.loading import load_recognitions

if TYPE_CHECKING:
    from flows.playground.receivers import Received, Receivers

FACE = MeterFace(digits=7, decimals=1, seed=7)
STARTED_AT = datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
START_UNITS = 36109
STEP_UNITS = 3
SLOT = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
PLACES = ("mail", "/sesame-topic", "/hook/sesame-hook")


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


@dataclass
class Watched:
    """An installation with three channels and a ping, whose pictures come every minute."""

    meter: DrawnMeter
    receivers: "Receivers"

    def __post_init__(self) -> None:
        self.now_at = datetime.now(UTC).replace(microsecond=0)
        self.units = 36109

    @property
    def home(self) -> Path:
        return self.meter.home

    def take(self, ago: range, *, dark: bool = False, synchronised: bool = True) -> None:
        """A picture of each minute so long ago, in the store."""
        for minute in ago:
            self.units += 1
            at = self.now_at - minute * MINUTE
            data = encode_jpeg(draw_frame(FACE, float(self.units), seed=self.units) // (40 if dark else 1))
            facts = CaptureFacts("cellar", at, clock_synchronised=synchronised)
            self.meter.put(synced_key("cellar", at, self.units), embed_facts(data, facts))

    def arrive(self) -> None:
        """What is in the store is fetched, as an ingest does it first."""
        settings = load_settings()
        prepare_warehouse.fn(settings)
        listing = list_new_pictures.fn(settings)
        fetch_batch.fn(settings, listing.revisions)
        keep_cursor.fn(settings, listing.cursor)

    def report(self, hours: int, **changes: object) -> None:
        """A report of the agent's health, so many hours from now."""
        at = self.now_at + timedelta(hours=hours)
        fields = {
            "camera": "cellar",
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "disk_free_bytes": 8_000,
            "disk_total_bytes": 16_000,
            "outbox": {"waiting": 0, "dropped": 0},
            "throttled": [],
            "temperature_c": 40.0,
            "clock_synchronised": True,
            "restarts": 3,
        }
        path = self.home / "health" / "cellar" / f"{at:%Y%m%d}" / f"{at:%Y%m%d_%H}0000Z.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fields | changes))

    def watch(self) -> None:
        """What the flow does, without a run of it."""
        settings = load_settings()
        judge.fn(settings, look.fn(settings))
        deliver.fn(settings)
        give_sign_of_life.fn(settings)

    def watch_later(self, hours: float, *, ingested: bool = True) -> None:
        """A watch in so many hours, up to which ingests went on or did not."""
        settings = load_settings()
        seen = look.fn(settings)
        later = seen.now_at + timedelta(hours=hours)
        if ingested:
            seen = replace(seen, store=replace(seen.store, listed_at=later), published_at=later)
            seen = replace(seen, cameras=tuple(replace(each, taken_at=()) for each in seen.cameras or ()))
        judge.fn(settings, replace(seen, now_at=later))
        deliver.fn(settings)

    def told(self) -> list[str]:
        """The subjects that the webhook got since the last question; every channel got the same."""
        subjects = [[each.subject for each in self.receivers.at(place)] for place in PLACES]
        assert subjects[0] == subjects[1] == subjects[2]
        assert max(Counter(subjects[0]).values(), default=1) == 1, "nothing is told twice"
        self.receivers.received = [each for each in self.receivers.received if each.at not in PLACES]
        return [subject.removeprefix("SmartMeter: ") for subject in subjects[0]]

    def last(self) -> "Received":
        return self.receivers.at("mail")[-1]


@pytest.fixture
def watched(
    drawn_meter: DrawnMeter, receivers: "Receivers", prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> Watched:
    path = drawn_meter.home / SECRETS
    path.parent.mkdir()
    path.write_text(f"{receivers.mail}\n{receivers.ntfy}\n{receivers.webhook}")
    path.chmod(0o600)
    monkeypatch.setenv("SMARTMETER_ALERTS__PING_URL", f"http://127.0.0.1:{receivers.http_port}/ping")
    return Watched(drawn_meter, receivers)
