"""Numbers, days and times as people read them, independent of the server's locale."""

import math
from datetime import date, datetime

NBSP = "\u00a0"
DASH = "\u2013"
MINUS = "\u2212"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
ONE_KILOWATT_W = 1000

REASONS = {
    "empty": "the file is empty",
    "not_a_picture": "the file is no picture",
    "truncated": "the picture is cut off",
    "too_large": "the picture is too large",
    "too_small": "the picture is too small",
    "no_time": "nobody knows when it was taken",
    "from_the_future": "its time lies in the future",
    "unknown_camera": "its camera belongs to no meter",
    "dark": "the picture is too dark",
    "blurred": "the picture is blurred",
    "no_counter": "no counter found in the picture",
    "covered": "the counter is covered",
    "moved": "the meter no longer stands where the camera saw it",
    "unreadable_picture": "the picture could not be opened",
    "no_candidate_fits": "nothing that was read fits the readings around it",
    "doubtful": "too uncertain to accept",
    "same_instant": "another picture was taken at the same instant",
    "wrong_number_of_digits": "the number of digits is not the register's",
}


def energy(energy_kwh: float) -> str:
    """Return an energy with about three significant digits, such as `9.2 kWh`."""
    decimals = 0 if energy_kwh >= 99.95 else 1 if energy_kwh >= 0.995 else 2  # noqa: PLR2004 - rounding edges
    return f"{energy_kwh:,.{decimals}f}{NBSP}kWh"


def power(mean_w: float) -> str:
    """Return a power in W below one kilowatt, in kW above."""
    if round(mean_w) < ONE_KILOWATT_W:
        return f"{mean_w:.0f}{NBSP}W"
    return f"{mean_w / ONE_KILOWATT_W:,.1f}{NBSP}kW"


def share(part: float) -> str:
    """Return a share in per cent, rounded down: only a whole is called 100 %."""
    tenths = math.floor(part * 1000 + 1e-9)
    return f"{tenths / 10:.1f}{NBSP}%" if tenths % 1000 else f"{tenths // 10}{NBSP}%"


def change(ratio: float) -> str:
    """Return how far a ratio lies from 1, signed, in whole per cent."""
    percent = round(100 * (ratio - 1))
    sign = "+" if percent > 0 else MINUS if percent < 0 else "±"
    return f"{sign}{abs(percent)}{NBSP}%"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 picture`, `2 pictures`."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,}{NBSP}{noun}"


def register_value(value_kwh: float, decimals: int) -> str:
    """Return a register reading with as many decimals as the register has."""
    return f"{value_kwh:,.{decimals}f}{NBSP}kWh"


def day(local_date: date) -> str:
    """Return `Thursday 20 November`."""
    return f"{WEEKDAYS[local_date.weekday()]} {local_date.day}{NBSP}{MONTHS[local_date.month - 1]}"


def short_day(local_date: date) -> str:
    """Return `Thu 20 Nov`."""
    weekday, month = WEEKDAYS[local_date.weekday()][:3], MONTHS[local_date.month - 1][:3]
    return f"{weekday}{NBSP}{local_date.day}{NBSP}{month}"


def clock(local: datetime) -> str:
    """Return `18:05`, with seconds only where there are some."""
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def reason(code: str | None) -> str:
    """Return a reason in words; a reason unknown here is shown as it is written."""
    if not code:
        return ""
    return REASONS.get(code, code.replace("_", " "))
