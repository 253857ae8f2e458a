"""The flow `capture`, on the Pi: the present slot's picture, shown with its facts and the outbox.

The agent owns camera and outbox. It takes every slot that no run has asked for in time, so that a server that
is away, or a run that comes late, costs no picture.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Failed

from raspi_agent.capture import longest_picture_s
from raspi_agent.settings import load_settings
from tasks.photograph import agent_home, show_picture, take_picture


def run_name() -> str:
    """The camera's name and the minute for which the run was planned."""
    planned_at = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return f"{load_settings(agent_home()).camera}-{planned_at:%Y%m%d-%H%M}"


@flow(name="capture", flow_run_name=run_name, timeout_seconds=900)
def capture(*, extra: bool = False) -> dict[str, Any] | State[Any]:
    """Take the picture of the present slot, unless it is taken, and show it, its facts and the outbox.

    Args:
        extra: Take one more picture, besides the slots.
    """
    home = agent_home()
    settings = load_settings(home)
    if not extra and is_late(settings.schedule.window):
        return Cancelled(name="Missed", message="Too late for its slot, which the agent has taken itself.")
    reply = take_picture(home, longest_picture_s(settings.camera_timeout_s), extra=extra)
    facts = show_picture(home / settings.outbox, settings.camera, reply)
    return Failed(message=reply.error) if reply.error else facts


def is_late(window: timedelta) -> bool:
    """Whether this run was planned for a slot that is over."""
    planned_at = runtime.flow_run.scheduled_start_time
    return planned_at is not None and datetime.now(UTC) - planned_at >= window
