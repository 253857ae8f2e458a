"""The flow `watch`: what is wrong, told once."""

from prefect import flow

from flows.ingest import run_name
from tasks.settings import SettingsError, default_settings, load_settings
from tasks.watch import deliver, give_sign_of_life, judge, judge_unusable, look


@flow(name="watch", flow_run_name=run_name, timeout_seconds=600)
def watch(because: str | None = None) -> dict[str, int]:  # noqa: ARG001 - for people who look at the run
    """Look whether something is wrong, and tell it once when it begins and once when it is over.

    It may be interrupted anywhere and run again: what was decided is in the book of incidents, and a message
    stays there until its channel has taken it.

    Args:
        because: What made somebody look outside the schedule; shown with the run.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        # Whom they name besides secrets/alerts is not known; those notice that no sign of life comes.
        judge_unusable(default_settings(), str(error))
        deliver(default_settings())
        raise
    found = judge(settings, look(settings))
    sent = deliver(settings)
    give_sign_of_life(settings)
    return {**found, **sent}
