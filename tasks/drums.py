"""Drums: what is said where the settings give a register others than its readings were read with."""

from zoneinfo import ZoneInfo

import polars as pl

from warehouse.connection import Warehouse

GUIDE = 'docs/faq.md, "The meter was exchanged"'


def changed_drums(warehouse: Warehouse, registers: pl.DataFrame) -> list[str]:
    """A sentence for every register whose settled readings do not stand what its settings change.

    Args:
        warehouse: Open, with the registers as they were.
        registers: As the settings have them now.
    """
    rows = warehouse.query("changed_drums", incoming=registers).iter_rows(named=True)
    return [
        f"{row['register_id']} has {_drums(row['new_digits'], row['new_decimals'])} now, no longer "
        f"{_drums(row['digits'], row['decimals'])}: {_consequence(row)} Right where the settings were wrong. "
        f"If another meter hangs there: {back(row['digits'], row['decimals'])}"
        for row in rows
        if 2 * row["n_unfit"] > row["n_settled"] or row["decimals"] != row["new_decimals"]
    ]


def unfit_readings(warehouse: Warehouse) -> list[tuple[str, str]]:
    """What is lost of registers that were given other drums, and how to get it back."""
    why = "count no more, because the settings name another number of digits"
    rows = warehouse.query("unfit_readings").iter_rows(named=True)
    return [
        (
            f"{row['register_id']}: {row['n_unfit']} readings of {row['digits']} drums {why}",
            f"If another meter hangs there: {back(row['digits'], row['decimals'])}",
        )
        for row in rows
    ]


def moved_decimals(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Registers that were given other decimals lately, and how they are taken back."""
    told = []
    for row in warehouse.query("moved_decimals").iter_rows(named=True):
        since = f"{row['moved_at'].astimezone(ZoneInfo(row['timezone'])):%Y-%m-%d}"
        sentence = (
            f"{row['register_id']}: since {since}, {row['n_moved']} readings are taken with "
            f"{row['new_decimals']} decimals, no longer {row['decimals']}"
        )
        remedy = (
            "Right where the settings were wrong. If another meter hangs there: "
            f"{back(row['digits'], row['decimals'])}"
        )
        told.append((sentence, remedy))
    return told


def back(digits: int, decimals: int) -> str:
    """How the readings of the drums that were are kept."""
    return (
        f"set digits = {digits} and decimals = {decimals} again, and give the new meter a table of its own "
        f"({GUIDE})."
    )


def _drums(digits: int, decimals: int) -> str:
    return f"{digits} drums, {decimals} of them decimals"


def _consequence(row: dict[str, int]) -> str:
    if 2 * row["n_unfit"] > row["n_settled"]:
        return f"{row['n_unfit']} of its {row['n_settled']} settled readings no longer fit and do not count."
    return f"its {row['n_settled']} settled readings and all energy are taken by the new decimals."
