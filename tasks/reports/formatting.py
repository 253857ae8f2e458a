"""Numbers, days and times as people read them in the language spoken, independent of the server's locale."""

import math
from datetime import date, datetime

from tasks.reports.language import say, spoken

NBSP = "\u00a0"
DASH = "\u2013"
MINUS = "\u2212"
ONE_KILOWATT_W = 1000
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
ROUND_MONEY_FROM = 100

REASONS = {
    "empty": "the file is empty",
    "not_a_picture": "the file is no picture",
    "truncated": "the picture file is incomplete",
    "too_large": "the picture is too large",
    "too_small": "the picture is too small",
    "no_time": "nobody knows when it was taken",
    "from_the_future": "its time lies in the future",
    "unknown_camera": "its camera belongs to no meter",
    "dark": "the picture is too dark",
    "blurred": "the picture is blurred",
    "no_counter": "no counter found in the picture",
    "covered": "the counter is covered",
    "cut_off": "the counter is partly out of the picture",
    "moved": "the meter no longer stands where the camera saw it",
    "unreadable_picture": "the picture could not be opened",
    "no_candidate_fits": "nothing that was read fits the readings around it",
    "doubtful": "too uncertain to accept",
    "same_instant": "another picture was taken at the same instant",
    "wrong_number_of_digits": "the number of digits is not the register's",
}


def number(value: float, decimals: int = 0) -> str:
    """Return a number with the decimal mark and the groups of the language."""
    plain = f"{value:z,.{decimals}f}".replace("-", MINUS)
    now = spoken()
    return plain.replace(",", "\0").replace(".", now.decimal).replace("\0", now.group)


def energy(energy_kwh: float) -> str:
    """Return an energy with about three significant digits, such as `9.2 kWh`; nothing at all is `0 kWh`."""
    size = abs(energy_kwh)
    if size == 0:
        return f"0{NBSP}kWh"
    decimals = 0 if size >= 99.95 else 1 if size >= 0.995 else 2  # noqa: PLR2004 - rounding edges
    return f"{number(energy_kwh, decimals)}{NBSP}kWh"


def power(mean_w: float) -> str:
    """Return a power in W below one kilowatt, in kW above."""
    if abs(round(mean_w)) < ONE_KILOWATT_W:
        return f"{number(mean_w)}{NBSP}W"
    return f"{number(mean_w / ONE_KILOWATT_W, 1)}{NBSP}kW"


def span(hours: float) -> str:
    """Return a length of time in minutes below an hour, in hours above."""
    if hours < 1:
        return f"{number(max(1, hours * 60))}{NBSP}min"
    return f"{number(hours, 0 if round(hours, 1) == round(hours) else 1)}{NBSP}h"


def money(amount: float, currency: str) -> str:
    """Return an amount with its currency; from a hundred on without the cents."""
    size = number(abs(amount), 0 if abs(amount) >= ROUND_MONEY_FROM else 2)
    return _with_currency(size, currency, negative=round(amount, 2) < 0)


def cents(amount: float, currency: str) -> str:
    """Return an amount to the cent, for tables and bills."""
    return _with_currency(number(abs(amount), 2), currency, negative=round(amount, 2) < 0)


def _with_currency(size: str, currency: str, *, negative: bool) -> str:
    sign = MINUS if negative else ""
    symbol = SYMBOLS.get(currency, currency)
    if spoken().code == "en":
        return f"{sign}{symbol}{size}" if currency in SYMBOLS else f"{sign}{symbol}{NBSP}{size}"
    return f"{sign}{size}{NBSP}{symbol}"


def share(part: float) -> str:
    """Return a share in per cent, rounded down: only a whole is called 100 %."""
    tenths = math.floor(part * 1000 + 1e-9)
    return f"{number(tenths / 10, 1 if tenths % 1000 else 0)}{NBSP}%"


def change(ratio: float) -> str:
    """Return how far a ratio lies from 1, signed, in whole per cent."""
    percent = round(100 * (ratio - 1))
    sign = "+" if percent > 0 else MINUS if percent < 0 else "±"
    return f"{sign}{abs(percent)}{NBSP}%"


def signed(value: float, decimals: int = 0) -> str:
    """Return a number with its sign, zero without."""
    text = number(abs(value), decimals)
    return text if round(value, decimals) == 0 else f"{'+' if value > 0 else MINUS}{text}"


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 picture`, `2 pictures`."""
    noun = singular if amount == 1 else plural or f"{singular}s"
    return f"{number(amount)}{NBSP}{say(noun)}"


def register_value(value_kwh: float, decimals: int) -> str:
    """Return a register reading with as many decimals as the register has."""
    return f"{number(value_kwh, decimals)}{NBSP}kWh"


def day(local_date: date) -> str:
    """Return `Thursday 20 November`."""
    now = spoken()
    weekday, month = now.weekdays[local_date.weekday()], now.months[local_date.month - 1]
    return now.day.format(weekday=weekday, number=local_date.day, month=month)


def short_day(local_date: date) -> str:
    """Return `Thu 20 Nov`."""
    now = spoken()
    weekday, month = now.short_weekdays[local_date.weekday()], now.short_months[local_date.month - 1]
    return now.short_day.format(weekday=weekday, number=local_date.day, month=month)


def date_of(local_date: date) -> str:
    """Return `20 November 2026`."""
    now = spoken()
    dot = "" if now.code == "en" else "."
    return f"{local_date.day}{dot}{NBSP}{now.months[local_date.month - 1]}{NBSP}{local_date.year}"


def month(month_start: date) -> str:
    """Return `November 2026`."""
    return f"{spoken().months[month_start.month - 1]}{NBSP}{month_start.year}"


def short_month(month_start: date) -> str:
    """Return `Nov 2026`."""
    return f"{spoken().short_months[month_start.month - 1]}{NBSP}{month_start.year}"


def clock(local: datetime) -> str:
    """Return `18:05`, with seconds only where there are some."""
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def moment(local: datetime) -> str:
    """Return day, year and time."""
    return f"{short_day(local.date())} {local.year}, {clock(local)}"


def reason(code: str | None) -> str:
    """Return a reason in words; a reason unknown here is shown as it is written."""
    if not code:
        return ""
    return say(REASONS[code]) if code in REASONS else code.replace("_", " ")
