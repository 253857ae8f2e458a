import json
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import ClockReading
from raspi_agent.health import look_at_machine
from raspi_agent.machine import Machine
from raspi_agent.mail import waiting_keys
from raspi_agent.outbox import Outbox
from raspi_agent.reporting import METRICS, Reporter
from raspi_agent.settings import AgentSettings
from raspi_agent.tally import Tally

NOON = datetime(2026, 3, 1, 12, 0, 20, tzinfo=UTC)
MACHINE = Machine(47.2, (), 20 * 10**9, 30 * 10**9, "10fcee1b-2107", 7200.0)


@dataclass
class Scene:
    """An agent whose clock and machine the test sets."""

    home: Path
    now_at: datetime = NOON
    synchronised: bool = True
    boot_ms: int = 7_200_000
    seconds: float = 0
    machine: Machine = MACHINE
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.home / "outbox")
        self.start()

    def start(self) -> None:
        settings = AgentSettings.model_validate({"camera": "cellar", "camera_url": "folder:x"})
        self.reporter = Reporter(
            self.home,
            settings,
            self.outbox,
            self.tally,
            lambda: ClockReading(self.now_at, self.synchronised, "10fcee1b-2107", self.boot_ms),
            examine=lambda _: self.machine,
            clock=lambda: self.seconds,
        )

    def mailed(self) -> dict[str, dict[str, Any]]:
        folder = self.outbox.folder / "mail"
        return {
            key: json.loads((folder / key.replace("/", "+")).read_bytes())
            for key in waiting_keys(self.outbox.folder)
        }

    def metrics(self) -> dict[str, float]:
        text = (self.home / METRICS).read_text()
        return {
            " ".join([sample.name, *(v for k, v in sample.labels.items() if k != "camera")]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def key(hour: int) -> str:
    return f"health/cellar/20260301/20260301_{hour:02d}0000Z.json"


def test_an_hour_is_reported_once_with_all_that_the_contract_names(scene: Scene) -> None:
    facts = CaptureFacts(camera="cellar", taken_at=NOON, clock_synchronised=True)
    scene.outbox.mark_sent(scene.outbox.add(b"sent", facts))
    scene.outbox.add(b"waits!", facts)
    scene.tally.taken(1.5)
    scene.tally.camera_failed()
    scene.tally.missed()
    scene.tally.uploaded(0.5, 1)
    scene.reporter.keep_up()
    scene.reporter.keep_up()
    report = scene.mailed()[key(12)]
    assert list(scene.mailed()) == [key(12)]
    assert isinstance(report.pop("version"), str)
    assert report.pop("last_upload_at").endswith("Z")
    assert report == {
        "camera": "cellar",
        "at": "2026-03-01T12:00:20Z",
        "temperature_c": 47.2,
        "throttled": [],
        "disk_free_bytes": 20 * 10**9,
        "disk_total_bytes": 30 * 10**9,
        "outbox": {"waiting": 1, "waiting_bytes": 6, "sent": 1, "sent_bytes": 4, "dropped": 0},
        "last_capture_at": "2026-03-01T12:00:20Z",
        "clock_synchronised": True,
        "boot_id": "10fcee1b-2107",
        "boot_s": 7200.0,
        "restarts": 0,
        "slots": {"due": 3, "taken": 1, "missed": 2},
        "camera_errors": 1,
        "light_errors": 0,
        "upload_errors": 0,
        "capture_s": [1.5],
        "upload_s": [0.5],
    }
    scene.now_at += timedelta(hours=1)
    scene.reporter.keep_up()
    assert scene.mailed()[key(13)]["slots"] == {"due": 0, "taken": 0, "missed": 0}


def test_a_restart_in_the_same_hour_is_counted_and_reports_with_the_next(scene: Scene) -> None:
    scene.reporter.keep_up()
    for _ in range(3):
        scene.start()
        scene.reporter.keep_up()
    assert list(scene.mailed()) == [key(12)]
    scene.now_at += timedelta(hours=1)
    scene.reporter.keep_up()
    assert scene.mailed()[key(13)]["restarts"] == 3


def test_after_a_boot_the_clock_is_waited_for_though_not_for_ever(scene: Scene) -> None:
    scene.synchronised, scene.boot_ms = False, 60_000
    scene.reporter.keep_up()
    assert scene.mailed() == {}
    scene.boot_ms = 700_000
    scene.reporter.keep_up()
    assert scene.mailed()[key(12)]["clock_synchronised"] is False


def test_a_report_at_the_end_of_a_cycle_gets_a_name_beside(scene: Scene) -> None:
    scene.reporter.keep_up()
    scene.tally.taken(1)
    scene.reporter.report()
    first, second = scene.mailed()
    assert first == key(12)
    assert second.startswith(key(12).removesuffix(".json") + "~")


def test_what_nobody_knows_is_null(scene: Scene) -> None:
    scene.machine = Machine(None, None, None, None, None, None)
    scene.reporter.keep_up()
    report = scene.mailed()[key(12)]
    unknown = ("temperature_c", "throttled", "disk_free_bytes", "boot_id", "boot_s", "last_capture_at")
    assert [report[name] for name in unknown] == [None] * 6
    assert "smartmeter_agent_temperature_celsius" not in scene.metrics()


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("none", "INFO 0 of 0 pictures taken, 0 waiting, 47 °C, 20.0 GB free"),
        ("voltage", "the power supply is too weak: use a better one"),
        ("heat", "it is too hot"),
        ("camera", "the camera failed once: run doctor"),
        ("lamp", "the lamp failed 2 times"),
        ("missed", "slots passed without a picture: 1"),
        ("upload", "the upload failed once"),
        ("dropped", "unsent pictures given up for a full disk so far: 7"),
        ("clock", "the clock is not synchronised"),
    ],
)
def test_the_log_has_one_line_that_says_what_to_do(
    scene: Scene, caplog: pytest.LogCaptureFixture, trouble: str, says: str
) -> None:
    caplog.set_level(logging.INFO)
    match trouble:
        case "voltage":
            scene.machine = replace(MACHINE, throttled=("undervoltage",))
        case "heat":
            scene.machine = replace(MACHINE, temperature_c=81.0)
        case "camera":
            scene.tally.camera_failed()
        case "lamp":
            scene.tally.light_failed()
            scene.tally.light_failed()
        case "missed":
            scene.tally.missed()
        case "upload":
            scene.tally.upload_failed()
        case "dropped":
            scene.outbox.sweep()
            (scene.outbox.folder / "dropped").write_text("7")
        case "clock":
            scene.synchronised = False
    scene.reporter.keep_up()
    (record,) = caplog.records
    assert says in f"{record.levelname} {record.getMessage()}"
    assert (record.levelname == "INFO") == (trouble == "none")


def test_figures_are_written_once_a_minute(scene: Scene) -> None:
    scene.tally.taken(1.5)
    scene.machine = replace(MACHINE, throttled=("undervoltage",))
    scene.reporter.keep_up()
    metrics = scene.metrics()
    assert metrics["smartmeter_agent_pictures_taken_total"] == 1
    assert metrics["smartmeter_agent_temperature_celsius"] == 47.2
    assert metrics["smartmeter_agent_throttled undervoltage"] == 1
    assert metrics["smartmeter_agent_outbox_pictures waiting"] == 0
    assert metrics["smartmeter_agent_report_timestamp_seconds"] == NOON.timestamp()
    scene.tally.taken(1)
    scene.seconds = 59
    scene.reporter.keep_up()
    assert scene.metrics() == metrics
    scene.seconds = 61
    scene.reporter.keep_up()
    assert scene.metrics()["smartmeter_agent_pictures_taken_total"] == 2
    assert [path.name for path in (scene.home / METRICS).parent.iterdir()] == ["smartmeter.prom"]


def test_a_disk_that_refuses_is_a_line_in_the_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    (scene.outbox.folder).mkdir()
    (scene.outbox.folder / "mail").write_text("in the way")
    scene.reporter.keep_up()
    assert "no report" in caplog.text


def test_a_lost_counter_of_starts_begins_again(scene: Scene) -> None:
    (scene.home / "starts").write_bytes(b"\0\0")
    scene.start()
    scene.start()
    scene.reporter.keep_up()
    assert scene.mailed()[key(12)]["restarts"] == 1


def test_each_picture_learns_the_temperature_where_there_is_one() -> None:
    assert set(look_at_machine()) <= {"temperature_c", "throttled"}
