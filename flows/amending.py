"""What `smartmeter event`, `correct`, `prices` and `co2` do: take a person's word, and let all follow it."""

import csv
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from rich.table import Table

from flows.commands.common import out
from tasks.metering.register import Register, format_reading
from tasks.settings import Settings, SettingsError
from warehouse.connection import Warehouse, open_warehouse
from warehouse.events import Correction, Event, add_event, correct, undo_correction, undo_event
from warehouse.tariffs import load_co2_factors, load_prices

TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
WAIT_S = 30.0


def parse_reading(text: str, register: Register) -> int:
    """A reading as a person writes it, in Wh: with a decimal point in kWh, or all drums from left to right.

    Raises:
        SettingsError: It can be meant in two ways, or is none.
    """
    whole = register.digits - register.decimals
    example = format_reading(12345 * register.unit_wh % register.span_wh, register)
    plain = text.strip().replace(",", ".")
    try:
        kwh = Decimal(plain)
    except InvalidOperation:
        kwh = Decimal(-1)
    if not kwh.is_finite():
        kwh = Decimal(-1)
    if plain.isdigit() and len(plain) == register.digits:
        return int(plain) * register.unit_wh
    is_kwh = "." in plain or register.decimals == 0 or len(plain) < whole
    value_wh = kwh * 1000
    if not is_kwh or kwh < 0 or value_wh % register.unit_wh or value_wh >= register.span_wh:
        raise SettingsError(
            f"{text!r} is no reading of {register.register_id}. Write kWh with a point, like {example}, "
            f"or all {register.digits} drums from left to right, like {example.replace('.', '')}."
        )
    return int(value_wh)


def parse_energy(text: str, register: Register) -> int:
    """An amount of energy in kWh, maybe below 0, in Wh.

    Raises:
        SettingsError: It is none, or finer than the register shows.
    """
    try:
        value_wh = Decimal(text.strip().replace(",", ".")) * 1000
    except InvalidOperation:
        value_wh = Decimal("NaN")
    if not value_wh.is_finite() or value_wh % register.unit_wh:
        raise SettingsError(f"{text!r} is no amount of energy. Write kWh, like 12.5 or -3.")
    return int(value_wh)


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """A local time as a person writes it, as UTC.

    Raises:
        SettingsError: It is no time, or one that the clocks skip or repeat.
    """
    for form in TIMES:
        try:
            local = datetime.strptime(text.strip(), form)  # noqa: DTZ007  (the household's zone follows)
        except ValueError:
            continue
        first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first != second:
            raise SettingsError(f"The clocks skip or repeat {text} in {zone.key}; name a time an hour off.")
        return first
    try:
        moment: datetime | None = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingsError(f"{text!r} is no time. Write it like '2026-03-01 14:30', in local time.")
    return moment.astimezone(UTC)


def add(settings: Settings, event: Event) -> None:
    """Keep an event, let readings and intervals follow, and say so."""
    with waiting(settings) as warehouse:
        number = add_event(warehouse, event)
    out.print(f"Event {number} noted: {event.kind} of {event.register_id}.", highlight=False)
    follow(settings, event.register_id)


def undo(settings: Settings, number: int) -> None:
    """Take an event back, let readings and intervals follow, and say so."""
    with waiting(settings) as warehouse:
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


def correct_picture(settings: Settings, register_id: str | None, name: str, reading: str | None) -> None:
    """Set what a picture shows, or with `reading` None take that back.

    Raises:
        SettingsError: There is no such picture, or it is not clear which register is meant.
    """
    with waiting(settings) as warehouse:
        key, taken_at, camera = find_picture(warehouse, settings, name)
        known = [
            each
            for meter in settings.meters
            for each in settings.register_ids(meter)
            if camera in {None, settings.meters[meter].camera}
        ]
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


def find_picture(warehouse: Warehouse, settings: Settings, name: str) -> tuple[str, datetime, str | None]:
    """Key, time and camera of the picture that a person names by its key, path or file name.

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
    return row["picture_key"], row["taken_at"], row["camera"]


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


def print_events(settings: Settings, *, undone: bool) -> None:
    """Print what people told, and the breaks that wait for a person's word."""
    from tasks.decode import proposal_sentence

    with waiting(settings) as warehouse:
        events = warehouse.query("events")
        corrections = warehouse.query("corrections")
        proposals = warehouse.query("proposals")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("no", "when", "register", "what"):
        table.add_column(name, justify="right" if name == "no" else "left", overflow="fold")
    rows = [
        (str(row["event_id"]), _local(row["happened_at"], row["timezone"]), row["register_id"], describe(row))
        for row in events.iter_rows(named=True)
        if undone or row["undone_at"] is None
    ]
    rows += [
        (
            "",
            f"{row['taken_local']:%Y-%m-%d %H:%M}",
            row["register_id"],
            f"reading {row['value_wh'] / 1000:g} kWh of {row['picture_key']}{_undone(row)}",
        )
        for row in corrections.iter_rows(named=True)
        if undone or row["undone_at"] is None
    ]
    for each in sorted(rows, key=lambda each: each[1]):
        table.add_row(*each)
    out.print(
        table if rows else "Nobody has told anything yet; `smartmeter event add --help` says what can be."
    )
    for row in proposals.iter_rows(named=True):
        out.print()
        out.print(proposal_sentence(row), style="yellow", highlight=False, soft_wrap=True)


def describe(row: dict[str, object]) -> str:
    """An event in a line."""
    parts = [str(row["kind"])]
    for name, words in (("last_wh", "old"), ("first_wh", "new"), ("offset_wh", "by")):
        if row[name] is not None:
            parts.append(f"{words} {float(str(row[name])) / 1000:g} kWh")
    parts += [str(row[name]) for name in ("tariff", "note") if row[name]]
    return ", ".join(parts) + _undone(row)


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


def read_values(path: Path, value: str, zone: ZoneInfo) -> list[tuple[datetime, float]]:
    """The rows `start_at` and `value` of a CSV; times without an offset are local.

    A column `eur_per_mwh` is understood as a price too.

    Raises:
        SettingsError: A column is missing, or a line can't be understood; the message names it.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = set(reader.fieldnames or [])
        per_mwh = value == "price_per_kwh" and value not in columns and "eur_per_mwh" in columns
        source = "eur_per_mwh" if per_mwh else value
        if not {"start_at", source} <= columns:
            raise SettingsError(
                f"{path} needs the columns start_at and {value}; it has {', '.join(columns)}."
            )
        found: dict[datetime, float] = {}
        for line in reader:
            try:
                amount = float(line[source])
                at = parse_time(line["start_at"], zone)
            except (ValueError, TypeError, SettingsError) as error:
                raise SettingsError(f"{path}, line {reader.line_num}: {error}") from error
            found[at] = amount / 1000 if per_mwh else amount
    return sorted(found.items())


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
    return warehouse


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _undone(row: dict[str, object]) -> str:
    return "" if row["undone_at"] is None else " (undone)"


def print_rereading(found: dict[str, dict[str, Any]], *, adopted: bool) -> None:
    """Print what reading again changes: pictures by kind, and the first examples."""
    for register_id, each in found.items():
        out.print(register_id, style="bold", highlight=False)
        for kind, count in each["counts"].items() or {"no pictures": 0}.items():
            out.print(f"  {kind:<16}{count:>8}", highlight=False)
        for row in each["examples"]:
            old, new = (_kwh(row[name]) for name in ("value_wh", "new_wh"))
            out.print(
                f"  {row['read_local']}  {old:>12} -> {new:<12} {Path(row['picture_key']).name}",
                highlight=False,
            )
    if not adopted:
        out.print("Nothing is changed. `smartmeter reread --adopt` with the same options lets it count.")


def _kwh(value_wh: int | None) -> str:
    return "-" if value_wh is None else f"{value_wh / 1000:.3f}"
