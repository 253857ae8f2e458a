"""Every deployment of this installation: which flow, under which name, when."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from prefect import Flow, get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

from flows.backup import backup
from flows.import_pictures import import_pictures
from flows.ingest import ingest
from flows.report import report
from flows.reread import reread
from flows.restore import restore
from tasks.settings import Settings

# Missed slots pile up and would all run on return; one new run does their work.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@dataclass(frozen=True, slots=True)
class Deployed:
    """A flow, the name it is deployed under, and its schedule in UTC (None: only on demand)."""

    flow: Flow[..., Any]
    name: str
    cron: str | None


def catalogue(settings: Settings) -> tuple[Deployed, ...]:
    """What this installation serves."""
    return (
        Deployed(ingest, "home", settings.schedule.ingest),
        Deployed(backup, "home", settings.schedule.backup),
        Deployed(import_pictures, "home", None),
        Deployed(report, "home", None),
        Deployed(restore, "home", None),
        Deployed(reread, "home", None),
    )


def deployment(entry: Deployed) -> RunnerDeployment:
    """The Prefect deployment of a catalogue entry, its schedule as declared."""
    return _with_schedule(entry, _declared(entry))


def deployment_keeping_pauses(entry: Deployed) -> RunnerDeployment:
    """Likewise, but paused where someone paused it in the UI; schedules not declared here are removed.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    declared = _declared(entry)
    with get_client(sync_client=True) as client:
        try:
            existing = client.read_deployment_by_name(f"{entry.flow.name}/{entry.name}")
        except ObjectNotFound:
            return _with_schedule(entry, declared)
        for old in existing.schedules:
            if declared is None or old.slug != declared.slug:
                client.delete_deployment_schedule(existing.id, old.id)
            elif not old.active:
                declared = dataclasses.replace(declared, active=False)
    return _with_schedule(entry, declared)


def _declared(entry: Deployed) -> Schedule | None:
    # The slug names the schedule for ever: without it each restart makes a new one and loses pauses.
    return Schedule(cron=entry.cron, timezone="UTC", slug="main") if entry.cron else None


def _with_schedule(entry: Deployed, schedule: Schedule | None) -> RunnerDeployment:
    built = entry.flow.to_deployment(
        name=entry.name,
        schedule=schedule,
        tags=["smartmeter"],
        concurrency_limit=ONE_AT_A_TIME,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if not isinstance(built, RunnerDeployment):
        raise TypeError("to_deployment was called in an event loop; call it from plain code")
    return built
