"""Commands that run the main job: demo, init, ingest, report, up."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.common import (
    Home,
    load_checked_settings,
    out,
    print_summary,
    use_home,
)
from tasks.settings import FILE_NAME, SettingsError

app = typer.Typer()


@app.command()
def demo(
    days: Annotated[
        int, typer.Option(min=1, max=400, help="Days to simulate, a picture every 15 minutes.")
    ] = 2,
    home: Annotated[
        Path, typer.Option(help="Folder for the demo; an earlier demo in it is replaced.")
    ] = Path("var/demo"),
    store: Annotated[
        Literal["folder", "dropbox"],
        typer.Option(help="Where pictures wait; a Dropbox is played on this machine, over the real SDK."),
    ] = "folder",
) -> None:
    """Run the main job from end to end on a simulated household and compare it with the truth.

    With --store dropbox, the pictures go through a Dropbox that this machine plays: linked, with troubles on
    the way, and freed by a backup once the archive has proved to have them.
    """
    from flows.demo import run_demo

    if not run_demo(home, days, out, store):
        raise typer.Exit(1)


@app.command()
def init(home: Home = None) -> None:
    """Write an explained settings file into the home folder."""
    folder = use_home(home)
    target = folder / FILE_NAME
    if target.exists():
        raise SettingsError(f"{target} exists already; edit it, or remove it first.")
    from importlib.resources import files

    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(files("deployments").joinpath("smartmeter.example.toml").read_text())
    command = f"smartmeter ingest --home {shlex.quote(str(folder))}"
    out.print(f"Wrote {target}. Edit it for your meter, then: {command}", soft_wrap=True, highlight=False)


@app.command()
def ingest(
    meter: Annotated[str | None, typer.Option(help="Only this meter.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run once and end (what it does anyway).")] = True,  # noqa: ARG001
    home: Home = None,
) -> None:
    """Fetch what is new in the store, read it and bring warehouse and report up to date."""
    from flows.backend import prefect_backend

    folder = use_home(home)
    settings = load_checked_settings()
    if meter is not None:
        settings.register_of(meter)
    with prefect_backend(folder):
        from flows.ingest import ingest as flow

        summary = flow(meter)
    print_summary(summary, folder)


@app.command()
def up(home: Home = None) -> None:
    """Run the Prefect server, the schedules and their worker on this machine until Ctrl-C."""
    from flows.up import ingest_command, run_until_stopped

    use_home(home)
    settings = load_checked_settings()

    def announce(address: str, logs: Path) -> None:
        for name, value in (
            ("Prefect UI", address),
            ("Report", settings.report.address),
            ("Logs", logs),
            ("Run now", ingest_command(settings, address)),
            ("Stop", "Ctrl-C"),
        ):
            out.print(f"{name + ':':<12} {value}", highlight=False, soft_wrap=True)

    run_until_stopped(settings, announce)
