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
    """A flow, the name it is deployed under, its schedule (None: only on demand) and its tags.

    With `at_start`, serving begins with a run, unless its schedule is paused: nobody waits for the next slot.
    """

    flow: Flow[..., Any]
    name: str
    schedule: Schedule | None
    tags: tuple[str, ...] = ("smartmeter", "server")
    at_start: bool = False

    @property
    def full_name(self) -> str:
        """The deployment's name as Prefect's commands take it: `flow/name`."""
        return f"{self.flow.name}/{self.name}"


def utc_cron(cron: str | None) -> Schedule | None:
    """A schedule in UTC, or None without one.

    Raises:
        SettingsError: It is no cron.
    """
    return local_cron(cron, "UTC")


def local_cron(cron: str | None, timezone: str) -> Schedule | None:
    """A schedule by the clocks of a time zone, or None without one.

    Raises:
        SettingsError: It is no cron.
    """
    from tasks.crons import check_cron  # with the server's settings, whose libraries the Pi lacks

    if not cron:
        return None
    check_cron(cron)
    return Schedule(cron=cron, timezone=timezone, slug=SLUG)


def deployment(entry: Deployed) -> RunnerDeployment:
    """The Prefect deployment of an entry, its schedule as declared."""
    return _with_schedule(entry, entry.schedule, {})


def deployment_keeping_pauses(
    entry: Deployed, job_variables: dict[str, Any] | None = None
) -> RunnerDeployment:
    """Likewise, but paused where someone paused it or its schedule; schedules not declared here are removed.

    Args:
        entry: What is deployed.
        job_variables: What a work pool is told about the run's surroundings.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    declared = entry.schedule
    with get_client(sync_client=True) as client:
        try:
            existing = client.read_deployment_by_name(entry.full_name)
        except ObjectNotFound:
            return _with_schedule(entry, declared, job_variables or {})
        for old in existing.schedules:
            if declared is None or old.slug != declared.slug:
                client.delete_deployment_schedule(existing.id, old.id)
            elif not old.active:
                declared = dataclasses.replace(declared, active=False)
    # Prefect resumes a paused deployment whose deployer says nothing of pauses.
    return _with_schedule(entry, declared, job_variables or {}, is_paused=existing.paused)


def _with_schedule(
    entry: Deployed, schedule: Schedule | None, job_variables: dict[str, Any], *, is_paused: bool = False
) -> RunnerDeployment:
    built = entry.flow.to_deployment(
        name=entry.name,
        schedule=schedule,
        paused=is_paused,
        tags=list(entry.tags),
        concurrency_limit=ONE_AT_A_TIME,
        entrypoint_type=EntrypointType.MODULE_PATH,
        job_variables=job_variables,
    )
    if not isinstance(built, RunnerDeployment):
        raise TypeError("to_deployment was called in an event loop; call it from plain code")
    return built
