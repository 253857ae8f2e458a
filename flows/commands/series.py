"""Commands by which a person has a word in the series: event, correct, reread, prices, co2."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.common import Home, check_days, load_checked_settings, use_home
from tasks.settings import Settings, refuse_unless

app = typer.Typer()
event = typer.Typer(no_args_is_help=True, help="Tell what happened to a meter; list it; take it back.")
add = typer.Typer(no_args_is_help=True, help="Note an event. Times are local, readings in kWh or all drums.")
prices = typer.Typer(no_args_is_help=True, help="Load day-ahead prices for tariffs that follow them.")
co2 = typer.Typer(no_args_is_help=True, help="Load how much CO2 a kWh stands for.")
event.add_typer(add, name="add")
app.add_typer(event, name="event")
app.add_typer(prices, name="prices")
app.add_typer(co2, name="co2")

Meter = Annotated[
    str | None, typer.Option(help="The configured meter (default: the only one).", show_default=False)
]
Code = Annotated[
    str | None,
    typer.Option("--register", help="Its register's OBIS code (default: the first).", show_default=False),
]
At = Annotated[str, typer.Option(help="When, in local time: '2026-03-01 14:30'.")]
Note = Annotated[str | None, typer.Option(help="Words to keep with it.", show_default=False)]


@add.command()
def exchange(
    at: At,
    *,
    old_reading: Annotated[
        str | None, typer.Option(help="What the old meter showed last.", show_default=False)
    ] = None,
    new_reading: Annotated[
        str | None, typer.Option(help="What the new meter showed first.", show_default=False)
    ] = None,
    meter: Meter = None,
    register: Code = None,
    note: Note = None,
    home: Home = None,
) -> None:
    """The meter was exchanged: pictures from then on show the new one. Consumption runs on across it."""
    settings, register_id, when = _chosen(home, meter, register, at)
    from flows.amending import add as keep
    from flows.written import parse_reading
    from warehouse.events import Event

    shown = settings.register(register_id)
    keep(
        settings,
        Event(
            register_id,
            "exchange",
            when,
            last_wh=None if old_reading is None else parse_reading(old_reading, shown),
            first_wh=None if new_reading is None else parse_reading(new_reading, shown),
            note=note,
        ),
    )


@add.command()
def reset(
    at: At,
    *,
    new_reading: Annotated[str, typer.Option(help="What it showed right after.")] = "0.0",
    old_reading: Annotated[
        str | None, typer.Option(help="What it showed right before.", show_default=False)
    ] = None,
    meter: Meter = None,
    register: Code = None,
    note: Note = None,
    home: Home = None,
) -> None:
    """The register was reset, or set to another reading."""
    settings, register_id, when = _chosen(home, meter, register, at)
    from flows.amending import add as keep
    from flows.written import parse_reading
    from warehouse.events import Event

    shown = settings.register(register_id)
    last_wh = None if old_reading is None else parse_reading(old_reading, shown)
    first_wh = 0 if new_reading == "0.0" else parse_reading(new_reading, shown)
    keep(settings, Event(register_id, "reset", when, last_wh=last_wh, first_wh=first_wh, note=note))


@add.command()
def offset(
    at: At,
    *,
    by: Annotated[str, typer.Option(help="How far the register was set forward, in kWh; below 0: back.")],
    meter: Meter = None,
    register: Code = None,
    note: Note = None,
    home: Home = None,
) -> None:
    """The register was set forward or back by an amount that nobody used."""
    settings, register_id, when = _chosen(home, meter, register, at)
    from flows.amending import add as keep
    from flows.written import parse_energy
    from warehouse.events import Event

    amount_wh = parse_energy(by, settings.register(register_id))
    keep(settings, Event(register_id, "offset", when, offset_wh=amount_wh, note=note))


@add.command()
def tariff(
    at: At,
    *,
    name: Annotated[str, typer.Option(help="The tariff's name in the settings.")],
    meter: Meter = None,
    register: Code = None,
    note: Note = None,
    home: Home = None,
) -> None:
    """Another tariff applies from that day on, for all registers unless --register names a further one."""
    settings, register_id, when = _chosen(home, meter, register, at, may_come=True)
    known = ", ".join(sorted(settings.tariffs)) or "none"
    refuse_unless(
        name in settings.tariffs,
        f"There is no tariff {name!r} in the settings (there: {known}). Add [tariffs.{name}].",
    )
    from flows.amending import add as keep
    from warehouse.events import Event

    keep(settings, Event(register_id, "tariff", when, tariff=name, note=note))


@add.command()
def reading(
    at: At,
    *,
    reading: Annotated[str, typer.Option(help="What the register showed.")],
    meter: Meter = None,
    register: Code = None,
    note: Note = None,
    home: Home = None,
) -> None:
    """You read the register yourself, without a picture. `smartmeter correct --undo` takes it back."""
    settings, register_id, when = _chosen(home, meter, register, at)
    from flows.amending import set_reading

    set_reading(settings, register_id, when, reading, note)


@add.command(name="note")
def note_(
    at: At,
    *,
    text: Annotated[str, typer.Option(help="What to remember.")],
    meter: Meter = None,
    register: Code = None,
    home: Home = None,
) -> None:
    """Something worth remembering that changes no number."""
    settings, register_id, when = _chosen(home, meter, register, at, may_come=True)
    from flows.amending import add as keep
    from warehouse.events import Event

    keep(settings, Event(register_id, "note", when, note=text))


@event.command(name="list")
def list_(
    *,
    undone: Annotated[bool, typer.Option("--undone", help="Also what was undone.")] = False,
    home: Home = None,
) -> None:
    """Show what people told, and breaks in a series that wait for a person's word."""
    use_home(home)
    settings = load_checked_settings()
    from flows.told import print_events

    print_events(settings, undone=undone)


@event.command()
def undo(
    number: Annotated[int, typer.Argument(help="Its number, as `smartmeter event list` shows it.")],
    home: Home = None,
) -> None:
    """Take an event back; readings and intervals follow."""
    use_home(home)
    settings = load_checked_settings()
    from flows.amending import undo as take_back

    take_back(settings, number)


@app.command()
def correct(
    picture: Annotated[str, typer.Argument(help="The picture: its key, path or file name.")],
    reading: Annotated[
        str | None, typer.Argument(help="What it shows: kWh with a decimal point, or all drums.")
    ] = None,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take your reading of it back.")] = False,
    register: Annotated[
        str | None, typer.Option(help="The register, like home/1-0:1.8.0.", show_default=False)
    ] = None,
    home: Home = None,
) -> None:
    """Set what a picture shows. It stands against every reader, and neighbours and intervals follow."""
    use_home(home)
    refuse_unless(
        undo == (reading is None),
        "Give the reading that the picture shows, like: smartmeter correct PICTURE 36109.7; or --undo alone.",
    )
    settings = load_checked_settings()
    from flows.amending import correct_picture

    correct_picture(settings, register, picture, reading)


@app.command()
def reread(
    *,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Only pictures of this day or later."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Only pictures of this day or earlier."),
    ] = None,
    meter: Annotated[str | None, typer.Option(help="Only this meter.")] = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Let the new recognitions count.")] = False,
    home: Home = None,
) -> None:
    """Read archived pictures again with today's reader and window; say what would change.

    What was read before is kept. Without --adopt nothing changes.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    settings = load_checked_settings()
    if meter is not None:
        settings.register_of(meter)
    check_days(first, last)
    with prefect_backend(folder):
        from flows.reread import reread as flow
        from flows.told import print_rereading

        found = flow(meter, first.date() if first else None, last.date() if last else None, adopt=adopt)
    print_rereading(found, adopted=adopt)


@prices.command(name="load")
def load_prices(
    file: Annotated[Path, typer.Argument(help="CSV: start_at, price_per_kwh (or eur_per_mwh).")],
    *,
    area: Annotated[str, typer.Option(help="Whose prices, as `area` of the tariff: DE-LU.")],
    home: Home = None,
) -> None:
    """Load day-ahead prices; each holds until the next, at most an hour. Times are local, or with offset."""
    _load(file, area, home)


@co2.command(name="load")
def load_co2(
    file: Annotated[Path, typer.Argument(help="CSV: start_at, g_per_kwh.")], home: Home = None
) -> None:
    """Load CO2 factors; each holds until the next, so that one row can stand for years."""
    _load(file, None, home)


def _load(file: Path, area: str | None, home: Path | None) -> None:
    use_home(home)
    settings = load_checked_settings()
    refuse_unless(file.is_file(), f"{file} is no file. Name a CSV with the column start_at.")
    from flows.amending import print_loaded

    print_loaded(settings, file, area)


def _chosen(
    home: Path | None, meter: str | None, code: str | None, at: str, *, may_come: bool = False
) -> tuple[Settings, str, datetime]:
    """Settings, register and instant that a command's options name; `may_come`: it may lie in the future."""
    use_home(home)
    settings = load_checked_settings()
    refuse_unless(
        meter is not None or len(settings.meters) == 1,
        f"Say which meter: --meter {' or '.join(settings.meters)}.",
    )
    ids = settings.register_ids(meter or next(iter(settings.meters)))
    register_id = ids[0] if code is None else f"{ids[0].partition('/')[0]}/{code}"
    settings.face(register_id)
    from flows.written import parse_past, parse_time

    return settings, register_id, (parse_time if may_come else parse_past)(at, settings.zone)
