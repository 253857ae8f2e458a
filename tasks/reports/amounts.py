"""Sums of money: one for each currency, never added up across them."""

from collections.abc import Callable

import polars as pl

from tasks.reports.formatting import money

COST = pl.col("energy_cost") + pl.col("fee")


def amounts(days: pl.DataFrame, amount: pl.Expr, form: Callable[[float, str], str] = money) -> str:
    """What days come to, such as `€12.00`, or `BGN 20.00 + €12.00` where the currency changed.

    Args:
        days: local_date, currency, and what the amount is made of.
        amount: of a day.
        form: how an amount is written.
    """
    sums = days.sort("local_date").group_by("currency", maintain_order=True).agg(amount.sum().alias("amount"))
    return " + ".join(form(row["amount"], row["currency"]) for row in sums.iter_rows(named=True))
