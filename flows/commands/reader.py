"""Commands that read pictures and measure the reader: read, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Home, Json, load_checked_settings, out, refuse_unless, use_home

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


@app.command()
def train(
    own: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder with labels.csv and register windows of your meter to train on; repeatable."
        ),
    ] = None,
    *,
    test: Annotated[
        list[Path] | None, typer.Option(help="Such a folder to test with only; repeatable.")
    ] = None,
    drums: Annotated[
        Path | None, typer.Option(help="Single real drums (drums.parquet) to glue strips from.")
    ] = None,
    fonts: Annotated[Path | None, typer.Option(help="Folder of font files to draw strips with.")] = None,
    samples: Annotated[
        int, typer.Option(min=64, help="Strips to see in all; an hour sees about 400,000.")
    ] = 400_000,
    shards: Annotated[int, typer.Option(min=1, help="Shards of strips to draw first.")] = 8,
    shard_size: Annotated[int, typer.Option(min=64, help="Strips per shard.")] = 5000,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Keep the new reader if it beats the present one.")
    ] = False,
    home: Home = None,
) -> None:
    """Train the reader further, on pictures of your own meter too, and compare it with the present one.

    Run it again after an interruption: it goes on where it stopped. The built-in reader is never changed.
    """
    folder = use_home(home)
    for directory in (*(own or ()), *(test or ())):
        refuse_unless(
            (directory / "labels.csv").is_file(),
            f"{directory / 'labels.csv'} is missing. Point at a folder with labels.csv and pictures.",
        )
    for source in (drums, fonts):
        refuse_unless(
            source is None or source.exists(), f"{source} is missing. Leave the option out, or mend it."
        )
    from flows.training import TrainingWish, train_reader
    from tasks.settings import load_settings

    wish = TrainingWish(
        folder,
        tuple(own or ()),
        tuple(test or ()),
        drums,
        fonts,
        samples,
        shards,
        shard_size,
        seed,
        load_settings().reader.model,
        adopt,
    )
    if not train_reader(wish, out):
        raise typer.Exit(1)
