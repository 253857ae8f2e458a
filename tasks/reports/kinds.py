"""Kinds of day: a household lives differently on working days, Saturdays, and Sundays with the holidays."""

from collections.abc import Container
from datetime import date

import polars as pl

WORKING_DAY, SATURDAY, SUNDAY = "working day", "Saturday", "Sunday or holiday"
KINDS = (WORKING_DAY, SATURDAY, SUNDAY)
_SATURDAY, _SUNDAY = 5, 6


def kind_of(local_date: date, holidays: Container[date] = ()) -> str:
    """The kind of a day."""
    if local_date.weekday() == _SUNDAY or local_date in holidays:
        return SUNDAY
    return SATURDAY if local_date.weekday() == _SATURDAY else WORKING_DAY


def with_kind(days: pl.DataFrame, holidays: Container[date] = ()) -> pl.DataFrame:
    """The frame with the `kind` of each `local_date`."""
    dates = days["local_date"].unique().to_list()
    kinds = {local_date: kind_of(local_date, holidays) for local_date in dates}
    kind = pl.col("local_date").replace_strict(kinds, return_dtype=pl.String)
    return days.with_columns(kind=kind) if dates else days.with_columns(kind=pl.lit(None, dtype=pl.String))
