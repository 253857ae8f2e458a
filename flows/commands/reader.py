"""Commands that read pictures and measure the reader: read, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Home, Json, err, load_checked_settings, out, use_home
from tasks.settings import Settings, refuse_unless

app = typer.Typer()
Digits = Annotated[int | None, typer.Option(min=1, max=14, help="How many drums the register has.")]
SettingsModel = Annotated[
    str | None,
    typer.Option(
        help="builtin, or a TrOCR checkpoint by name or folder.",
        show_default="with --meter that of the settings, else builtin",
    ),
]


@app.command()
def read(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files.")],
    *,
    window: Annotated[
        bool, typer.Option("--window", help="The picture already is the register window.")
    ] = False,
    meter: Annotated[str | None, typer.Option(help="Cut the window of this configured meter.")] = None,
    digits: Digits = None,
    model: SettingsModel = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Read pictures and print what stands on the register, wherever in the picture it is."""
    use_home(home)
    refuse_unless(not window or meter is None, "--window and --meter exclude each other: give one of them.")
    settings = load_checked_settings() if meter is not None else None
    if settings is not None and meter is not None:
        settings.register_of(meter)
    from flows.reading import print_readings

    if not print_readings(
        pictures, settings, meter, digits, _chosen(model, settings), whole=window, as_json=json
    ):
        raise typer.Exit(1)


def _chosen(model: str | None, settings: Settings | None) -> str:
    """The reader that was asked for, else that of the settings, else the built-in one."""
    return model or (settings.reader.model if settings else "builtin")


@app.command()
def evaluate(
    directory: Annotated[Path, typer.Argument(help="Folder with labels.csv and images/.")],
    *,
    window: Annotated[
        bool, typer.Option("--window", help="The pictures already are register windows.")
    ] = False,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Cut the labels' boxes (column bbox) instead of finding.")
    ] = False,
    prefix: Annotated[bool, typer.Option("--prefix", help="A label may cover only the first drums.")] = False,
    digits: Digits = None,
    only: Annotated[str | None, typer.Option(help="Only pictures of this meter (column meter).")] = None,
    model: Annotated[str, typer.Option(help="builtin, or a TrOCR checkpoint by name or folder.")] = "builtin",
    json: Json = False,
) -> None:
    """Measure finding and reading on labelled pictures: exact match, per drum, and at coverage.

    Without --window the register is sought in whole pictures; `found` is the share with the labelled box.
    """
    refuse_unless(
        (directory / "labels.csv").is_file(),
        f"{directory / 'labels.csv'} is missing. Point at a folder with labels.csv and images/.",
    )
    from flows.reading import print_evaluation

    refuse_unless(not window or not boxes, "--window and --boxes exclude each other: give one of them.")
    print_evaluation(
        directory,
        model,
        window=window,
        boxes=boxes,
        prefix=prefix,
        digits=digits,
        only=only,
        as_json=json,
    )


@app.command("find-window")
def find_window(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures of one camera; several are surer.")],
    *,
    meter: Annotated[str | None, typer.Option(help="The configured meter that the camera sees.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the window into the meter's table of smartmeter.toml.")
    ] = False,
    preview: Annotated[Path, typer.Option(help="Where to draw the window for you to check.")] = Path(
        "window.png"
    ),
    digits: Digits = None,
    model: SettingsModel = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find the register in whole pictures: its four corners, how it is turned, and what stands on it."""
    use_home(home)
    refuse_unless(meter is not None or not write, "Say whose window to write: --write needs --meter NAME.")
    settings = load_checked_settings() if meter is not None else None
    if settings is not None and meter is not None:
        settings.register_of(meter)
        digits = digits or settings.meters[meter].digits
    from flows.finding import print_window, write_window

    window = print_window(
        pictures, digits=digits, model=_chosen(model, settings), preview=preview, as_json=json
    )
    if window is None:
        err.print("No register was found whole. Take a picture with more light or nearer, all drums in view.")
        raise typer.Exit(1)
    if write and settings is not None and meter is not None:
        err.print(f"Written to {write_window(settings, meter, window)}.", highlight=False, soft_wrap=True)


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
        int, typer.Option(min=64, help="Strips to see in all; half an hour sees about 400,000.")
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
