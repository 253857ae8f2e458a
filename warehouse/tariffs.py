"""Tariffs, day-ahead prices and CO2 factors; whatever changes them prices the days anew."""

from datetime import datetime

import polars as pl

from warehouse.connection import Warehouse


def load_tariffs(warehouse: Warehouse, tariffs: pl.DataFrame, rates: pl.DataFrame) -> bool:
    """Bring tariffs and rates up to date with the settings; return whether anything changed.

    Args:
        warehouse: open for writing.
        tariffs: columns named as core.tariffs'.
        rates: columns named as core.rates'.
    """
    with warehouse.transaction():
        changed = [
            warehouse.replace(table, frame)
            for table, frame in (("core.tariffs", tariffs), ("core.rates", rates))
        ]
        if any(changed):
            price_days(warehouse, None)
        return any(changed)


def load_prices(warehouse: Warehouse, prices: pl.DataFrame) -> int:
    """Bring in day-ahead prices (area, start_at, price_per_kwh); return how many are new or differ."""
    return _load(warehouse, "core.prices", prices, ["area", "start_at"])


def load_co2_factors(warehouse: Warehouse, factors: pl.DataFrame) -> int:
    """Bring in CO2 factors (start_at, g_per_kwh); return how many are new or differ."""
    return _load(warehouse, "core.co2_factors", factors, ["start_at"])


def price_days(warehouse: Warehouse, since: datetime | None) -> None:
    """Work out anew what the days of every register cost and emitted, from an instant on (None: all)."""
    for register_id in warehouse.query("register_ids")["register_id"]:
        start = warehouse.query("local_midnight", register_id=register_id, since=since).item()
        warehouse.execute("delete_cost_day", register_id=register_id, since=start)
        warehouse.execute("insert_cost_day", register_id=register_id, since=start)


def _load(warehouse: Warehouse, table: str, frame: pl.DataFrame, keys: list[str]) -> int:
    with warehouse.transaction():
        changed = warehouse.merge(table, frame, keys=keys)
        if changed:
            first = frame["start_at"].min()
            price_days(warehouse, first if isinstance(first, datetime) else None)
        return changed
