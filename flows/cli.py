"""`smartmeter`: the flows and their helpers as commands."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tasks.settings import FILE_NAME, Settings, SettingsError, home_folder

app = typer.Typer(
    name="smartmeter",
    help="Turn pictures of an electricity meter into readings, interval data and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console()
err = Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder [default: SMARTMETER_HOME, else var].", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@app.command()
def demo(
    days: Annotated[
        int, typer.Option(min=1, max=400, help="Days to simulate, a picture every 15 minutes.")
    ] = 2,
    home: Annotated[
        Path, typer.Option(help="Folder for the demo; an earlier demo in it is replaced.")
    ] = Path("var/demo"),
) -> None:
    """Run the main job from end to end on a simulated household and compare it with the truth."""
    from flows.demo import run_demo

    if not run_demo(home, days, out):
        raise typer.Exit(1)


@app.command()
def init(home: Home = None) -> None:
    """Write an explained settings file into the home folder."""
    folder = _use_home(home)
    target = folder / FILE_NAME
    if target.exists():
        raise SettingsError(f"{target} exists already; edit it, or remove it first.")
    from importlib.resources import files

    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(files("deployments").joinpath("smartmeter.example.toml").read_text())
    out.print(f"Wrote {target}. Edit it for your meter, then: smartmeter ingest --home {folder}")


@app.command(name="import")
def import_(
    directory: Annotated[Path, typer.Argument(help="Folder with pictures; subfolders too.")],
    meter: Annotated[str, typer.Option(help="The configured meter they show.")],
    labels: Annotated[
        Path | None, typer.Option(help="CSV with columns file and timestamp: their times.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Only files whose names match, like 'bana_*'.")] = "*",
    home: Home = None,
) -> None:
    """Bring existing pictures into the archive and read them.

    Their times come from labels, file names (YYYYMMDD_HHMMSS, with Z for UTC) or EXIF.
    """
    from flows.backend import prefect_backend

    folder = _use_home(home)
    _refuse_unless(directory.is_dir(), f"{directory} is no folder. Name the folder with the pictures.")
    _refuse_unless(
        labels is None or labels.is_file(), f"{labels} is no file. Leave --labels out, or name a CSV."
    )
    _settings().register_of(meter)
    with prefect_backend(folder):
        from flows.import_pictures import import_pictures

        times = str(labels.resolve()) if labels else None
        summary = import_pictures(str(directory.resolve()), meter, times, pattern)
    _print_summary(summary, folder)


@app.command()
def ingest(
    meter: Annotated[str | None, typer.Option(help="Only this meter.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run once and end (what it does anyway).")] = True,  # noqa: ARG001
    home: Home = None,
) -> None:
    """Fetch what is new in the store, read it and bring warehouse and report up to date."""
    from flows.backend import prefect_backend

    folder = _use_home(home)
    settings = _settings()
    if meter is not None:
        settings.register_of(meter)
    with prefect_backend(folder):
        from flows.ingest import ingest as flow

        summary = flow(meter)
    _print_summary(summary, folder)


@app.command()
def report(home: Home = None) -> None:
    """Build the report page and the read-only SQL copy from what the warehouse holds."""
    from flows.backend import prefect_backend

    folder = _use_home(home)
    _settings()
    with prefect_backend(folder):
        from flows.report import report as flow

        page = flow()
    out.print(f"Report: {page}")


@app.command()
def up(home: Home = None) -> None:
    """Run the Prefect server, the schedules and their worker on this machine until Ctrl-C."""
    from flows.up import run_until_stopped

    _use_home(home)
    settings = _settings()

    def announce(address: str, logs: Path) -> None:
        for name, value in (
            ("Prefect UI", address),
            ("Report", settings.report.address),
            ("Logs", logs),
            ("Run now", "prefect deployment run 'ingest/home'"),
            ("Stop", "Ctrl-C"),
        ):
            out.print(f"{name + ':':<12} {value}", highlight=False, soft_wrap=True)

    run_until_stopped(settings, announce)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="A query on the read-only copy, e.g. 'from consumption_day'.")],
    *,
    csv: Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Answer a SQL query from the read-only copy of the warehouse."""
    from flows.query import print_query

    _use_home(home)
    print_query(_settings().sql_copy, query, "csv" if csv else "json" if json else "table")


@app.command()
def read(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files.")],
    *,
    window: Annotated[
        bool, typer.Option("--window", help="The picture already is the register window.")
    ] = False,
    meter: Annotated[str | None, typer.Option(help="Cut the window of this configured meter.")] = None,
    digits: Annotated[
        int | None, typer.Option(min=1, max=14, help="How many drums the register has.")
    ] = None,
    model: Annotated[str, typer.Option(help="builtin, or a TrOCR checkpoint by name or folder.")] = "builtin",
    json: Json = False,
    home: Home = None,
) -> None:
    """Read pictures and print what stands on the register."""
    _use_home(home)
    _refuse_unless(
        window or meter is not None,
        "Say where the register is: --window if the pictures are cut to it, or --meter NAME for a window "
        "from the settings.",
    )
    settings = _settings() if meter is not None else None
    from flows.reading import print_readings

    if not print_readings(pictures, settings, meter, digits, model, as_json=json):
        raise typer.Exit(1)


@app.command()
def evaluate(
    directory: Annotated[Path, typer.Argument(help="Folder with labels.csv and images/.")],
    *,
    window: Annotated[
        bool, typer.Option("--window", help="The pictures already are register windows.")
    ] = False,
    prefix: Annotated[bool, typer.Option("--prefix", help="A label may cover only the first drums.")] = False,
    digits: Annotated[
        int | None, typer.Option(min=1, max=14, help="How many drums the register has.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Only pictures of this meter (column meter).")] = None,
    model: Annotated[str, typer.Option(help="builtin, or a TrOCR checkpoint by name or folder.")] = "builtin",
    json: Json = False,
) -> None:
    """Measure the reader on labelled pictures: exact match, per drum, and at coverage."""
    _refuse_unless(
        (directory / "labels.csv").is_file(),
        f"{directory / 'labels.csv'} is missing. Point at a folder with labels.csv and images/.",
    )
    from flows.reading import print_evaluation

    print_evaluation(directory, model, window=window, prefix=prefix, digits=digits, only=only, as_json=json)


def _use_home(home: Path | None) -> Path:
    """The home folder of this command, also for everything it starts."""
    folder = (home or home_folder()).resolve()
    os.environ["SMARTMETER_HOME"] = str(folder)
    return folder


def _settings() -> Settings:
    from tasks.settings import load_settings

    settings = load_settings()
    if not settings.meters:
        raise SettingsError(
            f"No meter is configured in {settings.home / FILE_NAME}. "
            "`smartmeter init` writes an explained example; `smartmeter demo` shows a working one."
        )
    return settings


def _refuse_unless(condition: bool, sentence: str) -> None:  # noqa: FBT001  (reads as a sentence)
    if not condition:
        raise SettingsError(sentence)


def _print_summary(summary: dict[str, int], home: Path) -> None:
    for name, count in summary.items():
        out.print(f"{name.replace('_', ' '):<22}{count:>8}", highlight=False)
    out.print(f"Report: {home / 'site' / 'index.html'}", highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command: exit code 0 done, 1 failed, 2 wrong use; an error is a sentence with its remedy."""
    from flows.backend import BackendError
    from raspi_agent.store import StoreError
    from warehouse.errors import QueryFailed, WarehouseError

    code = 0
    try:
        app()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 1
    except (SettingsError, QueryFailed) as error:
        err.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
        code = 2
    except (BackendError, StoreError, WarehouseError, OSError) as error:  # a missing model is an OSError
        err.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Prefect's threads outlive the command and hold DuckDB, whose bindings then print pages about it.
    os._exit(code)


if __name__ == "__main__":
    main()
