"""Registers and tariffs of the settings as the rows that the warehouse keeps."""

from decimal import Decimal

import polars as pl
from polars._typing import PolarsDataType

from tasks.settings import Settings
from tasks.settings_tables import WEEKDAYS, TariffHours, TariffSettings
from warehouse.connection import Warehouse

QUARTER_HOURS_PER_DAY = 96
PRICE = pl.Decimal(14, 6)
TARIFF_SCHEMA: dict[str, PolarsDataType] = {
    "register_id": pl.String,
    "tariff": pl.String,
    "from_date": pl.Date,
    "currency": pl.String,
    "fee_per_month": pl.Decimal(14, 4),
    "area": pl.String,
    "factor": PRICE,
    "surcharge_per_kwh": PRICE,
}
RATE_SCHEMA: dict[str, PolarsDataType] = {
    "register_id": pl.String,
    "tariff": pl.String,
    "weekday": pl.UInt8,
    "quarter_hour": pl.UInt8,
    "price_per_kwh": PRICE,
}


def register_rows(settings: Settings) -> pl.DataFrame:
    """Every register of every configured meter, as core.registers keeps it."""
    registers = [
        (name, place, settings.register(each))
        for name in settings.meters
        for place, each in enumerate(settings.register_ids(name))
    ]
    return pl.DataFrame(
        [
            {
                "register_id": register.register_id,
                "meter": name,
                "camera": settings.meters[name].camera,
                "obis_code": register.register_id.partition("/")[2],
                "digits": register.digits,
                "decimals": register.decimals,
                "max_power_w": register.max_power_w,
                "timezone": settings.timezone,
                "runs_backwards": register.runs_backwards,
                "place": place,
            }
            for name, place, register in registers
        ],
        schema_overrides={"place": pl.UInt8},
    )


def tariff_rows(settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tariffs of every register, and their price of every quarter hour of the week.

    The fee is charged once for each meter, on its first register. What is fed in earns: its price is below 0.
    """
    tariffs: list[dict[str, object]] = []
    rates: list[dict[str, object]] = []
    for name in settings.meters:
        for place, register_id in enumerate(settings.register_ids(name)):
            code = register_id.partition("/")[2]
            for title, tariff in settings.tariffs.items():
                if tariff.meters is not None and name not in tariff.meters:
                    continue
                key: dict[str, object] = {"register_id": register_id, "tariff": title}
                area = None if is_export(code) or code in tariff.registers else tariff.area
                tariffs.append(
                    key
                    | {
                        "from_date": tariff.start,
                        "currency": tariff.currency,
                        "fee_per_month": tariff.fee_per_month if place == 0 else Decimal(0),
                        "area": area,
                        "factor": tariff.factor,
                        "surcharge_per_kwh": tariff.surcharge_per_kwh,
                    }
                )
                rates.extend(key | row for row in week_of(tariff, code))
    return pl.DataFrame(tariffs, schema=TARIFF_SCHEMA), pl.DataFrame(rates, schema=RATE_SCHEMA)


def lost_tariffs(settings: Settings, warehouse: Warehouse) -> list[tuple[str, str]]:
    """What takes costs out of the report without a word, and its remedy: names that the settings do not know.

    Args:
        settings: Of the installation.
        warehouse: Open, with the tariffs of these settings.
    """
    told = [
        (
            f"[tariffs.{title}] is for {name}, and there is no [meters.{name}]",
            f"Write another meter's name, or take {name} out of its meters.",
        )
        for title, tariff in settings.tariffs.items()
        for name in tariff.meters or ()
        if name not in settings.meters
    ]
    for row in warehouse.query("lost_tariffs").iter_rows(named=True):
        number, title, register_id = row["event_id"], row["tariff"], row["register_id"]
        sentence = (
            f"event {number} begins the tariff {title}, and {register_id} has none of that name: "
            "its days have no cost from then on"
        )
        remedy = (
            f"Call it [tariffs.{title}] again; or take the event back, `smartmeter event undo {number}`, "
            "and tell the tariff's new name with `smartmeter event add tariff`."
        )
        told.append((sentence, remedy))
    return told


def is_export(obis_code: str) -> bool:
    """Whether a register counts energy fed into the grid."""
    return ":2.8." in obis_code


def week_of(tariff: TariffSettings, obis_code: str) -> list[dict[str, object]]:
    """The price of every quarter hour of the week for a register; none where only day-ahead prices tell."""
    if is_export(obis_code):
        usual: Decimal | None = -tariff.feed_in_per_kwh
        hours: tuple[TariffHours, ...] = ()
    elif obis_code in tariff.registers:
        usual, hours = tariff.registers[obis_code], ()
    else:
        usual, hours = tariff.energy_per_kwh, tariff.hours
    if usual is None:
        return []
    rows: list[dict[str, object]] = []
    for weekday in range(1, len(WEEKDAYS) + 1):
        for quarter_hour in range(QUARTER_HOURS_PER_DAY):
            own = [each.energy_per_kwh for each in hours if _covers(each, weekday, quarter_hour)]
            price = own[-1] if own else usual
            rows.append({"weekday": weekday, "quarter_hour": quarter_hour, "price_per_kwh": price})
    return rows


def _covers(hours: TariffHours, weekday: int, quarter_hour: int) -> bool:
    """Whether these hours include a quarter hour; those after midnight belong to the day they began on."""
    start, end = _quarter_hour(hours.start), _quarter_hour(hours.end)
    days = {WEEKDAYS.index(day) + 1 for day in hours.days}
    if start < end:
        return weekday in days and start <= quarter_hour < end
    day_before = (weekday - 2) % len(WEEKDAYS) + 1
    return (weekday in days and quarter_hour >= start) or (day_before in days and quarter_hour < end)


def _quarter_hour(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 4 + int(minute) // 15
