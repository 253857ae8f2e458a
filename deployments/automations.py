"""What the Prefect server does by itself, as code: for when no flow of ours can.

Each is found again by its name: it is made once, brought up to date, and stays off where a person put it off.
docs/decisions/0010-who-tells-what.md says which faults are whose job.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from uuid import UUID

from cronsim import CronSim, CronSimError
from prefect import get_client
from prefect.automations import AutomationCore
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from deployments.keeping import Deployed, deployment_keeping_pauses
from tasks.settings import Settings
from tasks.watch import WATCHED
from tasks.watching.wording import span

log = logging.getLogger(__name__)

PREFIX = "smartmeter: "
RUN = "prefect.resource.id"
STARTED_OR_ENDED = frozenset(
    f"prefect.flow-run.{state}"
    for state in ("Pending", "Running", "Completed", "Failed", "Crashed", "Cancelled")
)
# A heartbeat comes every three minutes; with three of them missing nothing runs there any more.
HEARTBEATS_MISSING = timedelta(minutes=9)
TOO_LATE = timedelta(hours=1)
# So long after the next one was due, no watch has completed.
WATCH_MISSING = timedelta(minutes=25)
# A rest at night or at a weekend comes within a week; what is due more rarely is looked at so many times.
LOOKED_AHEAD, LEAST_LOOKED_AT = timedelta(days=8), 1000


def bring_automations_up_to_date(settings: Settings, entries: Sequence[Deployed]) -> None:
    """Let the Prefect server do by itself what no flow can; the watch's deployment is made for it first.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    watch = next(entry for entry in entries if entry.flow.name == "watch")
    watch_id = deployment_keeping_pauses(watch).apply()
    if not isinstance(watch_id, UUID):
        raise TypeError("apply was called in an event loop; call it from plain code")
    block = settings.alerts.prefect_block
    flows = [entry.flow.name for entry in entries if entry is not watch]
    with get_client(sync_client=True) as client:
        block_id = notification_block_id(client, block)
        if block and block_id is None:
            log.warning(
                "Prefect has no block %r: make it in the UI, or empty prefect_block under [alerts]", block
            )
        longest = longest_between_watches(settings.schedule.watch)
        upsert(client, automations(watch_id, flows, block_id, longest))


def longest_between_watches(cron: str) -> timedelta | None:
    """The longest time from one watch of a schedule in UTC to the next; None where none is scheduled."""
    if not cron:
        return None
    now_at = datetime.now(UTC)
    try:
        coming = CronSim(cron, now_at)
        due = [*islice(coming, LEAST_LOOKED_AT), *takewhile(lambda at: at < now_at + LOOKED_AHEAD, coming)]
    except CronSimError:
        # Prefect knows a few words more.
        return timedelta(days=1)
    return max((later - at for at, later in pairwise(due)), default=None)


def automations(
    watch_id: UUID, flows: Sequence[str], block_id: UUID | None, between_watches: timedelta | None
) -> tuple[AutomationCore, ...]:
    """What this installation wants its Prefect server to do by itself.

    Args:
        watch_id: The deployment that looks whether something is wrong.
        flows: The flows whose failures are looked at at once; not the watch itself.
        block_id: The notification block that is told when no watch runs any more; None without one.
        between_watches: How long it is at most from one watch to the next; None without a schedule.
    """
    ours: dict[str, str | list[str]] = {
        "prefect.resource.role": "tag",
        "prefect.resource.id": "prefect.tag.smartmeter",
    }
    found = [
        _automation(
            "look when a run fails",
            "A run of ours failed or crashed: the watch looks at once, and tells it once.",
            EventTrigger(
                expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
                match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(flows)},
                posture=Posture.Reactive,
                threshold=1,
                within=timedelta(0),
            ),
            RunDeployment(
                source="selected",
                deployment_id=watch_id,
                parameters={"because": "a run failed or crashed"},
                job_variables=None,
            ),
        ),
        _automation(
            "end zombies",
            "A run without heartbeats has no process any more: it crashed, and holds up nobody.",
            EventTrigger(
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.heartbeat", *STARTED_OR_ENDED},
                match_related=ours,
                for_each={RUN},
                posture=Posture.Proactive,
                threshold=1,
                within=HEARTBEATS_MISSING,
            ),
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                message="No heartbeat for nine minutes: its process is gone.",
                force=False,
            ),
        ),
        _automation(
            "drop late runs",
            "What was due while nobody could run it is dropped: the next run does its work.",
            EventTrigger(
                after={"prefect.flow-run.Late"},
                expect=set(STARTED_OR_ENDED),
                match_related=ours,
                for_each={RUN},
                posture=Posture.Proactive,
                threshold=1,
                within=TOO_LATE,
            ),
            ChangeFlowRunState(
                name="Missed",
                state=StateType.CANCELLED,
                message="An hour late; the next run does its work.",
                force=False,
            ),
        ),
    ]
    if block_id is not None and between_watches is not None:
        found.append(_tell_when_no_watch_runs(block_id, between_watches + WATCH_MISSING))
    return tuple(found)


def upsert(client: SyncPrefectClient, wanted: Iterable[AutomationCore]) -> None:
    """Bring the server's automations of ours up to date; those not wanted any more go.

    Raises:
        httpx.HTTPError: The Prefect server does not answer.
    """
    there = {each.name: each for each in client.read_automations() if each.name.startswith(PREFIX)}
    for each in wanted:
        old = there.pop(each.name, None)
        if old is None:
            client.create_automation(each)
        else:
            client.update_automation(old.id, each.model_copy(update={"enabled": old.enabled}))
    for left in there.values():
        client.delete_automation(left.id)


def notification_block_id(client: SyncPrefectClient, name: str) -> UUID | None:
    """The id of a block `type/name`; None when there is none."""
    kind, _, own = name.partition("/")
    if not own:
        return None
    try:
        return client.read_block_document_by_name(own, kind).id
    except ObjectNotFound:
        return None


def _tell_when_no_watch_runs(block_id: UUID, silence: timedelta) -> AutomationCore:
    return _automation(
        "tell when no watch runs",
        f"No watch has completed for {span(silence)}: it can't tell that by itself.",
        EventTrigger(
            after={WATCHED},
            expect={WATCHED},
            for_each={RUN},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        SendNotification(
            block_document_id=block_id,
            subject="SmartMeter: no watch runs",
            body=f"No watch has completed for {span(silence)}: the deployments do not run, or each watch "
            "fails. Look at logs/deployments.log in the home folder. Meanwhile nothing else is told.",
        ),
    )


def _automation(name: str, description: str, trigger: EventTrigger, action: ActionTypes) -> AutomationCore:
    return AutomationCore(name=PREFIX + name, description=description, trigger=trigger, actions=[action])
