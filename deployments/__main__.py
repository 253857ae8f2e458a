"""`python -m deployments`: serve the catalogue until told to stop."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from flows.backend import export_environment, is_healthy
from tasks.settings import Settings, SettingsError, home_folder, load_settings

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

# Long imports must not keep the watch from looking.
RUNS_AT_ONCE = 4


def main() -> int:
    """Register every deployment and run what is due, in child processes, until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deployments", description=__doc__)
    parser.add_argument("--home", type=Path, default=home_folder(), help="home folder (default: %(default)s)")
    home: Path = parser.parse_args().home
    export_environment(home)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
        return 2
    return _serve(settings)


def _serve(settings: Settings) -> int:
    api_url = os.environ["PREFECT_API_URL"]
    if not is_healthy(api_url):
        print(  # noqa: T201  (likewise)
            f"No Prefect server answers at {api_url}. Start one with `prefect server start`, "
            "or let `smartmeter up` start everything.",
            file=sys.stderr,
        )
        return 1
    from prefect import serve

    from deployments.catalogue import catalogue
    from deployments.keeping import deployment_keeping_pauses

    entries = catalogue(settings)
    built = [deployment_keeping_pauses(entry) for entry in entries]
    for each in built:
        if each.name == "home" and each.flow_name == "watch":
            bring_automations_up_to_date(settings, each, [entry.flow.name for entry in entries])
    # Pausing schedules on shutdown would leave them paused after each restart.
    serve(*built, limit=RUNS_AT_ONCE, pause_on_shutdown=False)
    return 0


def bring_automations_up_to_date(settings: Settings, watch: "RunnerDeployment", flows: Sequence[str]) -> None:
    """Let the Prefect server do by itself what no flow can; the watch's deployment is made for it first."""
    from prefect import get_client

    from deployments.automations import automations, notification_block_id, upsert

    watch_id = watch.apply()
    if not isinstance(watch_id, UUID):
        raise TypeError("apply was called in an event loop; call it from plain code")
    block = settings.alerts.prefect_block
    with get_client(sync_client=True) as client:
        block_id = notification_block_id(client, block)
        if block and block_id is None:
            print(  # noqa: T201  (likewise)
                f"Prefect has no block {block!r}. Make it in the UI under Blocks, or empty prefect_block "
                "under [alerts].",
                file=sys.stderr,
            )
        upsert(client, automations(watch_id, [name for name in flows if name != "watch"], block_id))


if __name__ == "__main__":
    sys.exit(main())
