"""The agent's figures for Prometheus: a text file that node_exporter's textfile collector reads."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.health import Health

if TYPE_CHECKING:
    from prometheus_client import Metric

_COUNTERS = {
    "taken": ("pictures_taken", "Pictures that are safe in the outbox."),
    "missed": ("slots_missed", "Slots that passed without a picture and without the camera's fault."),
    "camera_errors": ("camera_errors", "Pictures that the camera did not give."),
    "light_errors": ("light_errors", "Pictures taken although the lamp did not obey."),
    "uploaded": ("pictures_uploaded", "Pictures that the store took."),
    "upload_errors": ("upload_errors", "Uploads that ended before their end."),
}


def write_metrics(path: Path, health: Health, since_start: Mapping[str, int]) -> None:
    """Write the figures whole or not at all; what nobody knows is left out.

    Args:
        path: of the file, which must end in `.prom` to be read.
        health: now.
        since_start: counters since the agent's start, from `Tally.since_start`.

    Raises:
        ImportError: prometheus_client is not installed.
        OSError: the disk refuses.
    """
    from prometheus_client import CollectorRegistry, write_to_textfile  # noqa: PLC0415 - only where it is used

    path.parent.mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected([*_gauges(health), *_counters(health, since_start)]))
    write_to_textfile(str(path), registry)


class _Collected:
    """What prometheus_client wants to be asked for metrics."""

    def __init__(self, metrics: "list[Metric]") -> None:
        self._metrics = metrics

    def collect(self) -> "list[Metric]":
        return self._metrics


def _gauges(health: Health) -> "Iterator[Metric]":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    machine, outbox = health.machine, health.outbox
    for name, meaning, value in (
        ("report_timestamp_seconds", "When these figures were written.", health.clock.now_at.timestamp()),
        ("temperature_celsius", "Of the processor.", machine.temperature_c),
        ("disk_free_bytes", "What the agent may still write.", machine.disk_free_bytes),
        ("disk_size_bytes", "Of the disk with the home folder.", machine.disk_total_bytes),
        ("uptime_seconds", "Since the machine's boot.", machine.boot_s),
        ("clock_synchronised", "1 when a time server has set the clock.", int(health.clock.synchronised)),
        (
            "last_capture_timestamp_seconds",
            "When the last picture was taken.",
            _seconds(outbox.last_taken_at),
        ),
        (
            "last_upload_timestamp_seconds",
            "When the store took a picture last.",
            _seconds(outbox.last_sent_at),
        ),
        (
            "last_capture_duration_seconds",
            "How long the last picture took.",
            health.hour.capture_s[-1] if health.hour.capture_s else None,
        ),
    ):
        if value is not None:
            gauge = GaugeMetricFamily(f"smartmeter_agent_{name}", meaning, labels=["camera"])
            gauge.add_metric([health.camera], float(value))
            yield gauge
    for name, meaning, kind, values in (
        (
            "outbox_pictures",
            "Pictures on the disk.",
            "state",
            {"waiting": outbox.waiting, "sent": outbox.sent},
        ),
        (
            "outbox_bytes",
            "What they take.",
            "state",
            {"waiting": outbox.waiting_bytes, "sent": outbox.sent_bytes},
        ),
        ("throttled", "1 for each reason.", "reason", dict.fromkeys(machine.throttled or (), 1)),
        ("info", "The agent's version.", "version", {health.version: 1}),
    ):
        gauge = GaugeMetricFamily(f"smartmeter_agent_{name}", meaning, labels=["camera", kind])
        for label, value in values.items():
            gauge.add_metric([health.camera, label], value)
        yield gauge


def _counters(health: Health, since_start: Mapping[str, int]) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    found = {name: since_start.get(key, 0) for key, (name, _) in _COUNTERS.items()}
    meanings = dict(_COUNTERS.values())
    found |= {"restarts": health.restarts, "pictures_dropped": health.dropped}
    meanings |= {
        "restarts": "Starts of the agent in this home folder, but the first.",
        "pictures_dropped": "Unsent pictures given up for a full disk.",
    }
    for name, value in found.items():
        counter = CounterMetricFamily(f"smartmeter_agent_{name}", meanings[name], labels=["camera"])
        counter.add_metric([health.camera], value)
        yield counter


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
