"""Looking: what the watch and the doctor see of warehouse, store, disk, health reports and runs."""

import json
import logging
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from raspi_agent.finding import NoAnswer, answer_within
from raspi_agent.open_store import open_store
from raspi_agent.store import StoreError, StoreRefused
from tasks.settings import Settings
from tasks.watching.facts import (
    Arrival,
    CameraFacts,
    Health,
    Outcome,
    RegisterFacts,
    Run,
    Seen,
    StoreFacts,
    health_of,
)
from tasks.watching.limits import Limits
from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import WarehouseError
from warehouse.migrate import pending_migrations

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

log = logging.getLogger(__name__)
REPORTS, REPORT_DAYS = 30, 3
LARGEST_REPORT_BYTES = 100_000
RUNS = 3
WAIT_S = 60.0
# Both together leave the watch the time to tell.
STORE_S = 150.0


def limits_of(settings: Settings) -> Limits:
    """From when on something is wrong, by the settings."""
    alerts = settings.alerts
    return Limits(
        silent_slots=alerts.silent_slots,
        silent=timedelta(minutes=alerts.silent_minutes) if alerts.silent_minutes else None,
        unread_pictures=alerts.unread_pictures,
        free_share=alerts.free_percent / 100,
        outbox_pictures=alerts.outbox_pictures,
        ingest=timedelta(hours=alerts.ingest_hours),
        ingest_schedule=settings.schedule.ingest,
        base_load_w=alerts.base_load_w,
        zone=settings.zone,
    )


def look_around(settings: Settings, runs: tuple[Run, ...] | None, patience_s: float = STORE_S) -> Seen:
    """All that can be seen of an installation now; what fails to be seen is noted as that.

    Args:
        settings: Of the installation.
        runs: The newest finished run of each deployment; None where Prefect does not tell.
        patience_s: How long the store may take to answer.
    """
    cameras, registers, listed_at, trouble = _look_into_warehouse(settings)
    disk = shutil.disk_usage(settings.home)
    return Seen(
        now_at=datetime.now(UTC),
        cameras=cameras,
        registers=registers,
        store=look_at_store(settings, listed_at, patience_s),
        published_at=_written_at(settings.page),
        disk_free_bytes=disk.free,
        disk_total_bytes=disk.total,
        warehouse_trouble=trouble,
        runs=runs,
    )


def look_at_store(settings: Settings, listed_at: datetime | None, patience_s: float = STORE_S) -> StoreFacts:
    """What the store answers now. A folder on the home's own disk is no store that can fill by itself.

    Args:
        settings: Of the installation.
        listed_at: When all that is new in it was last fetched.
        patience_s: How long it may take to answer; a share whose server is away may hang for ever.
    """
    url = settings.store.url
    try:
        space = answer_within(patience_s, "store", lambda: open_store(url, settings.home).space())
    except StoreRefused as error:
        return StoreFacts(url, listed_at, trouble=str(error), refused=True)
    except (StoreError, OSError, NoAnswer) as error:
        return StoreFacts(url, listed_at, trouble=str(error))
    is_beside = url.startswith("file:") and not url.removeprefix("file:").startswith("/")
    return StoreFacts(url, listed_at, space.used_bytes, None if is_beside else space.total_bytes)


def newest_runs() -> tuple[Run, ...] | None:
    """The newest finished run of each of our deployments, by Prefect; None if it does not answer."""
    import httpx  # noqa: PLC0415 - with Prefect, which takes seconds to import
    from prefect import get_client  # noqa: PLC0415 - likewise
    from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter  # noqa: PLC0415 - likewise
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415 - likewise
    from prefect.client.schemas.sorting import FlowRunSort  # noqa: PLC0415 - likewise

    finished = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED]
    wanted = FlowRunFilter.model_validate(
        {"tags": {"all_": ["smartmeter"]}, "state": {"type": {"any_": finished}}}
    )
    try:
        with get_client(sync_client=True) as client:
            flows = {each.id: each.name for each in client.read_flows()}
            deployments = {
                f"{flows.get(each.flow_id, 'flow')}/{each.name}": each for each in client.read_deployments()
            }
            # Asked one by one: what runs every few minutes would push out what runs once a week.
            runs = {
                name: client.read_flow_runs(
                    flow_run_filter=wanted,
                    deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [each.id]}}),
                    sort=FlowRunSort.END_TIME_DESC,
                    limit=RUNS,
                )
                for name, each in deployments.items()
            }
    except httpx.HTTPError as error:
        log.warning("Prefect does not tell about its runs (%s)", type(error).__name__)
        return None
    return tuple(
        _newest(name, of_name, is_repeated=bool(deployments[name].schedules))
        for name, of_name in sorted(runs.items())
        if of_name and not name.startswith("watch/")
    )


def _newest(name: str, runs: list["FlowRun"], *, is_repeated: bool) -> Run:
    """The newest of a deployment's finished runs, and how many of these up to it failed in a row."""
    failures = list(
        takewhile(lambda run: run.state_type is None or run.state_type.value != "COMPLETED", runs)
    )
    newest = runs[0]
    ended_at = newest.end_time or datetime.now(UTC)
    message = _first_line(newest.state.message) if newest.state else None
    return Run(name, newest.name, ended_at, len(failures), message, is_repeated)


def reports_of(home: Path, camera: str) -> tuple[Health, ...]:
    """The newest reports of a camera's agent that lie in the home folder, oldest first."""
    folder = home / "health" / camera
    days = sorted(folder.iterdir(), reverse=True)[:REPORT_DAYS] if folder.is_dir() else []
    files = [path for day in days for path in sorted(day.glob("*.json"), reverse=True)]
    return tuple(sorted(islice(_readable(files), REPORTS), key=lambda each: each.at))


def _readable(files: list[Path]) -> Iterator[Health]:
    for path in files:
        try:
            if path.stat().st_size <= LARGEST_REPORT_BYTES and (
                found := health_of(json.loads(path.read_bytes()))
            ):
                yield found
        except (OSError, ValueError, RecursionError):
            continue


def _look_into_warehouse(
    settings: Settings,
) -> tuple[tuple[CameraFacts, ...] | None, tuple[RegisterFacts, ...] | None, datetime | None, str | None]:
    """Cameras, registers, when the store was listed last; or why nothing of it can be told.

    Between an update and the ingest that migrates, nothing is told of cameras and registers.
    """
    if not settings.warehouse.exists():
        return (), (), None, None
    try:
        with open_warehouse(settings.warehouse, read_only=True, wait_s=WAIT_S) as warehouse:
            pending = pending_migrations(warehouse)
            if any(name.startswith("newer: ") for name in pending):
                return None, None, None, "a newer version of SmartMeter has written it"
            listed_at = warehouse.query("listed_at", store=settings.store.url).item()
            if pending:
                return None, None, listed_at, None
            return _cameras(warehouse, settings), _registers(warehouse, settings), listed_at, None
    except WarehouseError as error:
        return None, None, None, str(error)


def _cameras(warehouse: Warehouse, settings: Settings) -> tuple[CameraFacts, ...]:
    names = sorted({meter.camera for meter in settings.meters.values()})
    times = _by("camera", warehouse.query("watch_times"))
    arrivals = _by("camera", warehouse.query("watch_arrivals"))
    return tuple(
        CameraFacts(
            name,
            tuple(row["taken_at"] for row in times[name]),
            times[name][-1]["picture_key"] if times[name] else None,
            tuple(
                Arrival(
                    row["picture_key"],
                    row["taken_at"],
                    row["received_at"],
                    row["synchronised"],
                    row["reason"],
                )
                for row in arrivals[name]
            ),
            reports_of(settings.home, name),
        )
        for name in names
    )


def _registers(warehouse: Warehouse, settings: Settings) -> tuple[RegisterFacts, ...]:
    outcomes = _by("register_id", warehouse.query("watch_outcomes"))
    base_load = _by("register_id", warehouse.query("watch_base_load"))
    return tuple(
        RegisterFacts(
            register_id,
            tuple(
                Outcome(row["picture_key"], row["taken_at"], row["is_read"], row["reason"], row["seen"])
                for row in outcomes[register_id]
            ),
            tuple((row["local_date"], row["base_load_w"]) for row in base_load[register_id]),
            register_id == settings.register_of(meter).register_id,
        )
        for meter in sorted(settings.meters)
        for register_id in settings.register_ids(meter)
    )


def _by(column: str, frame: pl.DataFrame) -> defaultdict[str, list[dict[str, Any]]]:
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        rows[row[column]].append(row)
    return rows


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _first_line(text: str | None) -> str | None:
    return text.strip().splitlines()[0][:200] if text and text.strip() else None
