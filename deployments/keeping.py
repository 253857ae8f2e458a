"""A flow as a deployment of Prefect, whose pauses people make in the UI."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from prefect import Flow, get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

# Missed slots pile up and would all run on return; one new run does their work.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
# The slug names the schedule for ever: without it each restart makes a new one and loses pauses.
SLUG = "main"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A flow, the name it is deployed under, its schedule (None: only on demand) and its tags."""

    flow: Flow[..., Any]
    name: str
    schedule: Schedule | None
    tags: tuple[str, ...] = ("smartmeter",)


def utc_cron(cron: str | None) -> Schedule | None:
    """A schedule in UTC, or None without one."""
    return Schedule(cron=cron, timezone="UTC", slug=SLUG) if cron else None


def deployment(entry: Deployed) -> RunnerDeployment:
    """The Prefect deployment of an entry, its schedule as declared."""
    return _with_schedule(entry, entry.schedule)


def deployment_keeping_pauses(entry: Deployed) -> RunnerDeployment:
    """Likewise, but paused where someone paused it in the UI; schedules not declared here are removed.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    declared = entry.schedule
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


def _with_schedule(entry: Deployed, schedule: Schedule | None) -> RunnerDeployment:
    built = entry.flow.to_deployment(
        name=entry.name,
        schedule=schedule,
        tags=list(entry.tags),
        concurrency_limit=ONE_AT_A_TIME,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if not isinstance(built, RunnerDeployment):
        raise TypeError("to_deployment was called in an event loop; call it from plain code")
    return built
