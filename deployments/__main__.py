"""`python -m deployments`: serve the catalogue until told to stop."""

import argparse
import os
import sys
from pathlib import Path

from flows.backend import export_environment, is_healthy
from tasks.settings import Settings, SettingsError, home_folder, load_settings


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

    from deployments.automations import bring_automations_up_to_date
    from deployments.catalogue import catalogue
    from deployments.keeping import deployment_keeping_pauses

    entries = catalogue(settings)
    bring_automations_up_to_date(settings, entries)
    # Pausing schedules on shutdown would leave them paused after each restart; long runs leave room.
    serve(*(deployment_keeping_pauses(entry) for entry in entries), limit=4, pause_on_shutdown=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
