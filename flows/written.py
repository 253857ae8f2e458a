"""Readings, amounts of energy, times and lists of values as a person writes them."""

import csv
import io
import math
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from tasks.archive import CLOCK_TOLERANCE
from tasks.metering.register import Register, format_reading
from tasks.settings import SettingsError

EARLIEST_AT = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST = 1_000_000.0
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


class AmbiguousTimeError(SettingsError):
    """A local time that the clocks repeat or skip."""


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
    if plain.isdecimal() and len(plain) == register.digits:
        return int(plain) * register.unit_wh
    is_kwh = "." in plain or register.decimals == 0 or len(plain) < whole
    value_wh = kwh * 1000
    if not is_kwh or kwh < 0 or value_wh >= register.span_wh or value_wh % register.unit_wh:
        raise SettingsError(
            f"{text!r} is no reading of {register.register_id}. Write kWh with a point, like {example}, "
            f"or all {register.digits} drums from left to right, like {example.replace('.', '')}."
        )
    return int(value_wh)


def parse_energy(text: str, register: Register) -> int:
    """An amount of energy in kWh, maybe below 0, in Wh.

    Raises:
        SettingsError: It is none, finer than the register shows, or more than it can show.
    """
    try:
        value_wh = Decimal(text.strip().replace(",", ".")) * 1000
    except InvalidOperation:
        value_wh = Decimal("NaN")
    is_one = value_wh.is_finite() and abs(value_wh) < register.span_wh
    if not is_one or value_wh % register.unit_wh:
        raise SettingsError(f"{text!r} is no amount of energy. Write kWh, like 12.5 or -3.")
    return int(value_wh)


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """A local time as a person writes it, as UTC.

    Raises:
        SettingsError: It is no time, or one that the clocks skip or repeat.
    """
    written = _as_written(text.strip())
    # At the edges of what Python knows, another zone's clocks may show a year that it does not.
    if written is None or not MINYEAR < written.year < MAXYEAR:
        raise SettingsError(f"{text!r} is no time. Write it like '2026-03-01 14:30', in local time.")
    if written.tzinfo is not None:
        return written.astimezone(UTC)
    first, second = (written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise AmbiguousTimeError(f"The clocks skip or repeat {text} in {zone.key}; name a time an hour off.")
    return first


def _as_written(text: str) -> datetime | None:
    """A time with its offset, or without one where it is local; None where it is no time."""
    for form in TIMES:
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007  (the household's zone follows)
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else None
    return None


def parse_past(text: str, zone: ZoneInfo) -> datetime:
    """A local time that has been, as UTC; ahead only as far as a camera's clock may be.

    Raises:
        SettingsError: It is no time, lies in the future, or before there were cameras at meters.
    """
    moment = parse_time(text, zone)
    if moment > datetime.now(UTC) + CLOCK_TOLERANCE:
        raise SettingsError(f"{text} lies in the future; this can be told only of what has been. Mend --at.")
    if moment < EARLIEST_AT:
        raise SettingsError(f"{text} lies before {EARLIEST_AT:%Y}. Mend the year of --at.")
    return moment


def read_values(path: Path, value: str, zone: ZoneInfo) -> list[tuple[datetime, float]]:
    """The rows `start_at` and `value` of a CSV; times without an offset are local.

    A column `eur_per_mwh` is understood as a price too.

    Raises:
        SettingsError: A column is missing, or a line can't be understood; the message names it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not written in UTF-8. Save it anew with that encoding.") from error
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or [])
    per_mwh = value == "price_per_kwh" and value not in columns and "eur_per_mwh" in columns
    source = "eur_per_mwh" if per_mwh else value
    if not {"start_at", source} <= columns:
        raise SettingsError(f"{path} needs the columns start_at and {value}; it has {', '.join(columns)}.")
    found: dict[datetime, float] = {}
    for line in reader:
        try:
            amount, at = _amount(line[source]), parse_time(line["start_at"] or "", zone)
        except AmbiguousTimeError as error:
            raise SettingsError(
                f"{path}, line {reader.line_num}: the clocks repeat or skip {line['start_at']}. "
                "Write times with their offset, like 2026-10-25T02:00+02:00."
            ) from error
        except SettingsError as error:
            raise SettingsError(f"{path}, line {reader.line_num}: {error}") from error
        found[at] = amount / 1000 if per_mwh else amount
    return sorted(found.items())


def _amount(text: str | None) -> float:
    """A price or an amount of CO2; what is no number, or larger than any of them, is refused."""
    try:
        amount = float(text or "")
    except ValueError:
        amount = math.nan
    if not abs(amount) < LARGEST:
        raise SettingsError(f"{text!r} is no amount. Write a number with a point, like 0.31.")
    return amount
