"""`python -m deployments`: serve the catalogue until told to stop, check that it is served, or deploy it."""

import argparse
import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from flows.backend import export_environment, prefect_environment
from flows.leash import end_with_our_starter
from flows.prefect_api import BackendError, is_usable
from tasks.prefect_auth import prefect_auth
from tasks.settings import Settings, SettingsError, home_folder, load_settings

if TYPE_CHECKING:
    from deployments.keeping import Deployed

# A slot that nobody served for this long is left to the run that serving begins with.
MISSED_AFTER = timedelta(minutes=1)
# Long runs (a back-fill, a backup, reading again) leave room for the short ones.
AT_ONCE = 4


def main() -> int:
    """Serve, or deploy; exit code 0 done, 1 failed, 2 wrong use."""
    wish = _arguments()
    if wish.leashed:
        end_with_our_starter()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        os.environ["SMARTMETER_HOME"] = str(wish.home.resolve())
        settings = load_settings()
        export_environment(wish.home, host=settings.server.host)
        if not is_usable(os.environ["PREFECT_API_URL"]):
            return _complain(
                f"No Prefect server answers at {os.environ['PREFECT_API_URL']}. Start one with "
                "`prefect server start`, or let `smartmeter up` start everything.",
                1,
            )
        if wish.command == "check":
            return 0 if is_served() else _complain("Nobody has asked the Prefect server for work lately.", 1)
        if wish.command == "deploy":
            return _deploy(settings, wish.pool, wish.image, wish.variables)
        return _serve(settings)
    except SettingsError as error:
        return _complain(str(error), 2)
    except BackendError as error:
        return _complain(str(error), 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments", description=__doc__)
    parser.add_argument("--home", type=Path, default=home_folder(), help="home folder (default: %(default)s)")
    # Of `smartmeter up`, which holds the other end of the standard input: it ends when that one does.
    parser.add_argument("--leashed", action="store_true", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", metavar="serve | check | deploy")
    commands.add_parser("serve", help="run what is due, in child processes, until SIGTERM (the default)")
    commands.add_parser("check", help="exit code 0 if somebody serves the catalogue at present, else 1")
    deploy = commands.add_parser(
        "deploy", help="hand the catalogue to a work pool; its workers run what is due"
    )
    deploy.add_argument(
        "--pool", required=True, help="name of an existing process, docker or kubernetes pool"
    )
    deploy.add_argument("--image", help="image with SmartMeter in it, for pools that run containers")
    deploy.add_argument(
        "--variables",
        type=_json_object,
        default={},
        metavar="JSON",
        help='more of the pool\'s job variables, like \'{"volumes": ["smartmeter:/home/smartmeter/var"]}\'',
    )
    return parser.parse_args()


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('not a JSON object, like {"name": "value"}')
    return found


def is_served() -> bool:
    """Whether the Prefect server has lately been asked for work of the catalogue; a check must be light."""
    answer = httpx.get(
        f"{os.environ['PREFECT_API_URL']}/deployments/name/ingest/home",
        auth=prefect_auth(),
        timeout=10,
    )
    return answer.status_code == httpx.codes.OK and answer.json().get("status") == "READY"


def _serve(settings: Settings) -> int:
    from prefect import serve

    from deployments.automations import bring_automations_up_to_date
    from deployments.catalogue import catalogue
    from deployments.keeping import deployment_keeping_pauses
    from deployments.leftovers import crash_dead, drop_missed
    from deployments.old_results import remove_daily

    remove_daily(settings.home)
    entries = catalogue(settings)
    bring_automations_up_to_date(settings, entries)
    for entry in entries:
        crash_dead(entry.full_name)
        drop_missed(
            entry.full_name, MISSED_AFTER, "Nobody served it; the next run does its work.", keep_asked=True
        )
        if entry.at_start:
            run_at_start(entry)
    # Pausing schedules on shutdown would leave them paused after each restart.
    serve(*(deployment_keeping_pauses(entry) for entry in entries), limit=AT_ONCE, pause_on_shutdown=False)
    return 0


def run_at_start(entry: "Deployed") -> bool:
    """Ask for a run now, for nobody served until now; not while someone has paused it or its schedule."""
    from prefect import get_client
    from prefect.states import Scheduled

    from deployments.keeping import deployment_keeping_pauses
    from deployments.leftovers import AT_START

    deployment = deployment_keeping_pauses(entry)
    deployment_id = deployment.apply()
    if not isinstance(deployment_id, UUID):
        raise TypeError("apply was called in an event loop; call it from plain code")
    if deployment.paused or not any(schedule.active for schedule in deployment.schedules or []):
        return False
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(deployment_id, state=Scheduled(), tags=[AT_START])
    return True


def _deploy(settings: Settings, pool: str, image: str | None, variables: dict[str, Any]) -> int:
    from prefect import get_client
    from prefect.exceptions import ObjectNotFound

    from deployments.automations import bring_automations_up_to_date
    from deployments.catalogue import catalogue
    from deployments.keeping import deployment_keeping_pauses

    with get_client(sync_client=True) as client:
        try:
            kind = client.read_work_pool(pool).type
        except ObjectNotFound:
            return _complain(
                f"There is no work pool {pool!r}. Make it: prefect work-pool create {pool} --type process", 2
            )
    if kind != "process" and image is None:
        return _complain(f"The pool {pool!r} runs containers: name the image with --image.", 2)
    told = {"env": _environment(settings, in_container=image is not None), **variables}
    entries = catalogue(settings)
    bring_automations_up_to_date(settings, entries)
    for entry in entries:
        deployment_keeping_pauses(entry, told).apply(work_pool_name=pool, image=image)
        print(f"{entry.full_name} -> {pool}")  # noqa: T201  (a command speaks to its terminal)
    print(f"Its runs need a worker: prefect worker start --pool {pool}")  # noqa: T201  (likewise)
    return 0


def _environment(settings: Settings, *, in_container: bool) -> dict[str, str]:
    """What a run needs to find its home and to show its lines; a container's image knows its own."""
    if in_container:
        return {}
    shown = {
        name: value
        for name, value in prefect_environment(settings.home).items()
        if name.startswith("PREFECT_LOGGING_")
    }
    return {**shown, "SMARTMETER_HOME": str(settings.home.resolve())}


def _complain(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
    return code


if __name__ == "__main__":
    sys.exit(main())
