"""Commands that read pictures and measure the reader: read, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Home, Json, load_checked_settings, refuse_unless, use_home

app = typer.Typer()


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
    use_home(home)
    refuse_unless(
        window or meter is not None,
        "Say where the register is: --window if the pictures are cut to it, or --meter NAME for a window "
        "from the settings.",
    )
    settings = load_checked_settings() if meter is not None else None
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
    refuse_unless(
        (directory / "labels.csv").is_file(),
        f"{directory / 'labels.csv'} is missing. Point at a folder with labels.csv and images/.",
    )
    from flows.reading import print_evaluation

    print_evaluation(directory, model, window=window, prefix=prefix, digits=digits, only=only, as_json=json)
