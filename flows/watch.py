"""The flow `watch`: what is wrong, told once."""

from prefect import flow

from flows.ingest import run_name
from tasks.settings import load_settings
from tasks.watch import deliver, give_sign_of_life, judge, look


@flow(name="watch", flow_run_name=run_name, timeout_seconds=600)
def watch(because: str | None = None) -> dict[str, int]:  # noqa: ARG001 - for people who look at the run
    """Look whether something is wrong, and tell it once when it begins and once when it is over.

    It may be interrupted anywhere and run again: what was decided is in the book of incidents, and a message
    stays there until its channel has taken it.

    Args:
        because: What made somebody look outside the schedule; shown with the run.
    """
    settings = load_settings()
    found = judge(settings, look(settings))
    sent = deliver(settings)
    give_sign_of_life(settings)
    return {**found, **sent}
