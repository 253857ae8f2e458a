"""What `smartmeter event`, `correct`, `prices` and `co2` do: take a person's word, and let all follow it."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from flows.commands.common import out
from flows.written import parse_reading, read_values
from tasks.apply_settings import apply_settings
from tasks.metering.register import format_reading
from tasks.settings import Settings, SettingsError
from warehouse.connection import Warehouse, open_warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_correction, undo_event
from warehouse.tariffs import load_co2_factors, load_prices

WAIT_S = 30.0
CONTRADICTING = 4
ONE_DAY = timedelta(days=1)


def add(settings: Settings, event: Event) -> None:
    """Keep an event, let readings and intervals follow, and say so.

    Raises:
        SettingsError: The same exchange, or the same reset, has been told already.
    """
    with waiting(settings) as warehouse:
        refuse_twice(warehouse, event)
        number = add_event(warehouse, event)
    out.print(f"Event {number} noted: {event.kind} of {event.register_id}.", highlight=False)
    follow(settings, event.register_id)
    warn_of_old_reading(settings, event, number)


def refuse_twice(warehouse: Warehouse, event: Event) -> None:
    """Refuse an exchange or a reset beside one of the same day: the count would run up to the old one twice.

    Raises:
        SettingsError: There is one; it has to be taken back first.
    """
    if event.kind not in {"exchange", "reset"}:
        return
    for row in warehouse.query("events").iter_rows(named=True):
        is_same = (row["register_id"], row["kind"]) == (event.register_id, event.kind)
        if is_same and row["undone_at"] is None and abs(row["happened_at"] - event.happened_at) < ONE_DAY:
            raise SettingsError(
                f"Event {row['event_id']} tells of the {event.kind} within a day of this. "
                f"If this is the same one, take that back first: smartmeter event undo {row['event_id']}"
            )


def warn_of_old_reading(settings: Settings, event: Event, number: int) -> None:
    """Say so where what the old meter is said to have shown last can't follow what was read before."""
    from tasks.metering.power_prior import may_follow

    if event.last_wh is None:
        return
    register = settings.register(event.register_id)
    with waiting(settings) as warehouse:
        found = warehouse.query("reading_before", register_id=event.register_id, before=event.happened_at)
    for read_at, value_wh in found.iter_rows():
        if not may_follow(value_wh, event.last_wh, event.happened_at - read_at, register):
            when = f"{read_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
            out.print(
                f"{format_reading(event.last_wh, register)} kWh can't have followed the "
                f"{format_reading(value_wh, register)} kWh of {when}, "
                "so it does not count. If your --old-reading is mistyped, "
                f"`smartmeter event undo {number}` takes the event back.",
                style="yellow",
                highlight=False,
                soft_wrap=True,
            )


def undo(settings: Settings, number: int) -> None:
    """Take an event back, let readings and intervals follow, and say so.

    Raises:
        SettingsError: Its register is configured no more, so nothing could follow.
        NothingToUndo: There is no such event, or it has been taken back already.
    """
    with waiting(settings) as warehouse:
        for register_id in warehouse.query("event", event_id=number)["register_id"]:
            settings.face(register_id)
        row = undo_event(warehouse, number)
    out.print(f"Event {number} undone: {row['kind']} of {row['register_id']}.", highlight=False)
    follow(settings, row["register_id"])


def set_reading(settings: Settings, register_id: str, at: datetime, reading: str, note: str | None) -> None:
    """Keep a reading that a person took without a picture."""
    value_wh = parse_reading(reading, settings.register(register_id))
    key = f"manual/{at:%Y%m%d_%H%M%S}Z"
    with waiting(settings) as warehouse:
        correct(warehouse, Correction(register_id, key, at, value_wh, note))
    out.print(f"Reading noted as {key}.", highlight=False)
    follow(settings, register_id)
    warn_of_contradiction(settings, register_id, key)


def correct_picture(settings: Settings, register_id: str | None, name: str, reading: str | None) -> None:
    """Set what a picture shows, or with `reading` None take that back.

    Raises:
        SettingsError: There is no such picture, or it is not clear which register is meant.
    """
    with waiting(settings) as warehouse:
        key, taken_at, shown_ids = find_picture(warehouse, settings, name)
        known = [
            each
            for meter in settings.meters
            for each in settings.register_ids(meter)
            if shown_ids is None or each in shown_ids
        ]
        if not known:
            raise SettingsError(
                f"No meter in smartmeter.toml has or had the camera of {key}; its table must stand there."
            )
        chosen = register_id or (known[0] if len(known) == 1 else None)
        if chosen is None or chosen not in known:
            raise SettingsError(f"Say which register of {key} you mean: --register {' or '.join(known)}.")
        if reading is None:
            undo_correction(warehouse, chosen, key)
            out.print(
                f"{key}: your reading is taken back; the series decides.", highlight=False, soft_wrap=True
            )
        else:
            register = settings.register(chosen)
            value_wh = parse_reading(reading, register)
            correct(warehouse, Correction(chosen, key, taken_at, value_wh))
            shown = format_reading(value_wh, register)
            out.print(f"{key}: {shown} kWh, set by you.", highlight=False, soft_wrap=True)
    follow(settings, chosen)
    if reading is not None:
        warn_of_contradiction(settings, chosen, key)


def warn_of_contradiction(settings: Settings, register_id: str, picture_key: str) -> None:
    """Say so where a person's reading turns many pictures down: it may be mistyped."""
    from tasks.decode import undoing

    with waiting(settings) as warehouse:
        number = warehouse.query(
            "contradicting_pictures", register_id=register_id, picture_key=picture_key
        ).item()
    if number >= CONTRADICTING:
        out.print(
            f"{number} pictures contradict this reading of yours, and give none any more. If it is mistyped, "
            f"`{undoing(register_id, picture_key)}` takes it back.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


def find_picture(
    warehouse: Warehouse, settings: Settings, name: str
) -> tuple[str, datetime, list[str] | None]:
    """Key, time and registers (None: any) of the picture that a person names by its key, path or file name.

    Raises:
        SettingsError: There is none, several, or nobody knows when it was taken.
    """
    wanted = name.strip().replace("\\", "/")
    for root in (settings.archive, settings.site / "pictures"):
        prefix = f"{root.as_posix()}/"
        if wanted.startswith(prefix):
            wanted = wanted.removeprefix(prefix)
    wanted = wanted.removeprefix("pictures/")
    found = warehouse.query("find_picture", name=wanted)
    if found.height != 1:
        many = ", ".join(found["picture_key"].head(3))
        raise SettingsError(
            f"{name} names {found.height} pictures: {many}. Name one by its whole key."
            if found.height
            else f"There is no picture {name}. `smartmeter sql 'from out.pictures'` shows their keys."
        )
    row = found.row(0, named=True)
    if row["taken_at"] is None:
        raise SettingsError(
            f"Nobody knows when {row['picture_key']} was taken, so no reading can stand for it."
        )
    return row["picture_key"], row["taken_at"], row["register_ids"]


def follow(settings: Settings, register_id: str) -> None:
    """Decode, derive and publish what a person's word changes; say what came of it."""
    from tasks.decode import decode_pending
    from tasks.derive import derive_pending
    from tasks.publish import publish_report

    changed = decode_pending(settings, register_id)
    derived = derive_pending(settings, register_id)
    publish_report.fn(settings)
    out.print(
        f"{changed} readings and {derived} quarter-hours worked out anew; the report is up to date.",
        highlight=False,
    )


def print_loaded(settings: Settings, path: Path, area: str | None) -> None:
    """Load prices (with an area) or CO2 factors from a CSV, and say how many are new."""
    value = "price_per_kwh" if area else "g_per_kwh"
    rows = read_values(path, value, settings.zone)
    frame = pl.DataFrame(rows, schema={"start_at": pl.Datetime("us", "UTC"), value: pl.Float64}, orient="row")
    with waiting(settings) as warehouse:
        if area:
            priced = frame.with_columns(pl.col(value).cast(pl.Decimal(14, 6)), area=pl.lit(area))
            changed = load_prices(warehouse, priced)
        else:
            changed = load_co2_factors(warehouse, frame)
    out.print(f"{changed} of {len(rows)} rows are new or differ; the days are priced anew.", highlight=False)


def waiting(settings: Settings) -> Warehouse:
    """The warehouse, open for a person's word.

    Raises:
        SettingsError: Nothing has been ingested yet.
    """
    if not settings.warehouse.is_file():
        raise SettingsError(f"{settings.warehouse} is not there yet. `smartmeter ingest` makes it.")
    from warehouse.migrate import migrate

    warehouse = open_warehouse(settings.warehouse, wait_s=WAIT_S)
    migrate(warehouse)
    # A reading goes by the drums and decimals, an event by the tariffs, of the settings as they are now.
    for sentence in apply_settings(settings, warehouse):
        out.print(sentence, style="yellow", highlight=False, soft_wrap=True)
    return warehouse
