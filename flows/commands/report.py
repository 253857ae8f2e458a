"""Commands about the report: report, review, compare."""

import os
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Home, Json, load_checked_settings, out, use_home
from tasks.settings import SettingsError, refuse_unless

app = typer.Typer()


@app.command()
def report(
    *,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Also write each chart as PNG and PDF, and the page as PDF, into this folder."),
    ] = None,
    home: Home = None,
) -> None:
    """Build the report page and the read-only SQL copy from what the warehouse holds.

    The page as PDF needs Chromium or Chrome on this machine; the charts need nothing.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    settings = load_checked_settings()
    if export is not None:
        make_export_folder(export)
    with prefect_backend(folder):
        from flows.report import report as flow

        page = flow()
    out.print(f"Report: {page}", highlight=False, soft_wrap=True)
    if export is not None:
        from flows.report_files import export_report

        export_report(settings, export)
    if open_it:
        show(page)


@app.command()
def review(
    *,
    meter: Annotated[str | None, typer.Option(help="Only this meter.", show_default=False)] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the address.")] = False,
    home: Home = None,
) -> None:
    """Look at doubtful pictures in the browser and say what they show, until Ctrl-C.

    The page is on this machine only, and opens only with the token in its address. Enter accepts, digits
    correct, S skips, U takes the last answer back. Readings, intervals and report follow.
    """
    use_home(home)
    settings = load_checked_settings()
    if meter is not None:
        settings.register_of(meter)
    refuse_unless(
        settings.sql_copy.is_file(), f"{settings.sql_copy} is not there yet. `smartmeter ingest` makes it."
    )
    import threading

    from flows.review import ReviewServer
    from flows.review_desk import Desk

    with ReviewServer(Desk(settings, meter), port) as server:
        out.print(f"Review: {server.address}", highlight=False, soft_wrap=True)
        out.print("Ctrl-C ends it.")
        if not no_open:
            webbrowser.open(server.address)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        out.print("Bringing the report up to date ...")


@app.command()
def compare(
    *,
    before: Annotated[str, typer.Option(help="Period: 2026-02, or 2026-01-05..2026-03-01.")],
    after: Annotated[str, typer.Option(help="Period to compare with it.")],
    meter: Annotated[
        str | None, typer.Option(help="The configured meter (default: the only one).", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say what changed between two periods, with its interval: in kWh, money and CO2 a year.

    Full days only, compared by kind of day, without the season of a usual household.
    """
    use_home(home)
    settings = load_checked_settings()
    refuse_unless(
        meter is not None or len(settings.meters) == 1,
        f"Say which meter you mean: --meter {' or '.join(sorted(settings.meters))}.",
    )
    chosen = meter or next(iter(settings.meters))
    settings.register_of(chosen)
    from flows.comparing import compare as tell
    from flows.comparing import parse_period

    tell(settings, chosen, parse_period(before, "--before"), parse_period(after, "--after"), as_json=json)


def make_export_folder(folder: Path) -> None:
    """Make the folder for charts and pages, before any work is done for it.

    Raises:
        SettingsError: It can't be made, or is no folder but the next option.
    """
    refuse_unless(
        not str(folder).startswith("-"),
        f"--export takes a folder, and {folder} looks like an option. Name a folder, or its whole path.",
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} can't be the folder: {error.strerror}. Name another one.") from error
    refuse_unless(
        os.access(folder, os.W_OK | os.X_OK), f"You may not write into {folder}. Name another folder."
    )


def show(page: str) -> None:
    """Open a file in the browser of whoever sits at this machine."""
    if not webbrowser.open(Path(page).as_uri()):
        out.print("There is no browser here; open the file yourself.", style="yellow")
