"""What `smartmeter sql` prints."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
from rich.measure import Measurement
from rich.table import Table

from flows.commands.common import out
from tasks.settings import SettingsError
from warehouse.connection import open_warehouse

YEARS = (datetime.min, datetime.max)  # noqa: DTZ901  (whatever the zone)


def print_query(copy: Path, query: str, form: Literal["table", "csv", "json"]) -> None:
    """Print the rows of a query on the read-only copy.

    Raises:
        SettingsError: Nothing is published yet, or the query is wrong.
    """
    if not copy.is_file():
        raise SettingsError(
            f"{copy} is not there yet. `smartmeter ingest` or `smartmeter report` publishes it."
        )
    with open_warehouse(copy, read_only=True) as warehouse:
        frame = in_words(warehouse.sql(query))
    refuse_unwritable(frame, form)
    if form == "csv":
        sys.stdout.write(frame.write_csv())
    elif form == "json":
        sys.stdout.write(frame.write_json() + "\n")
    else:
        _print_table(frame)


def in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, with columns of dates or times without an end as text: Polars and Python know none."""
    return frame.with_columns(
        _in_words(column)
        for column in frame.get_columns()
        if isinstance(column.dtype, pl.Date | pl.Datetime) and not _is_finite(column).all()
    )


def _is_finite(column: pl.Series) -> pl.Series:
    """Which of these dates or times lie in the years that Python knows."""
    unit = column.dtype.time_unit if isinstance(column.dtype, pl.Datetime) else None
    if unit == "ns":
        return pl.repeat(True, len(column), eager=True)  # its infinity is the year 2262
    first, last = pl.Series(YEARS).cast(pl.Datetime(unit) if unit else pl.Date).to_physical()
    return column.to_physical().is_between(first, last)


def _in_words(column: pl.Series) -> pl.Series:
    known = pl.select(pl.when(_is_finite(column)).then(column)).to_series()
    texts = [
        ("infinity" if number > 0 else "-infinity") if value is None and number is not None else value
        for value, number in zip(known, column.to_physical(), strict=True)
    ]
    return pl.Series(column.name, [None if each is None else str(each) for each in texts], dtype=pl.String)


def refuse_unwritable(frame: pl.DataFrame, form: Literal["table", "csv", "json"]) -> None:
    """Refuse columns that the form has no way to write.

    Raises:
        SettingsError: There are some.
    """
    names = [
        name
        for name, kind in frame.schema.items()
        if (form == "csv" and kind.is_nested()) or (form != "table" and kind == pl.Binary)
    ]
    if names:
        remedy = f"Write it as text in the query, like {names[0]}::varchar."
        raise SettingsError(f"{form.upper()} can't hold {', '.join(names)}. {remedy}")


def _print_table(frame: pl.DataFrame) -> None:
    """A table where it fits the terminal, else each row as lines of name and value."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", no_wrap=True)
    texts = [tuple("" if value is None else str(value) for value in row) for row in frame.iter_rows()]
    for row in texts:
        table.add_row(*row)
    if Measurement.get(out, out.options.update(max_width=10_000), table).maximum <= out.width:
        out.print(table)
        return
    longest = max(len(name) for name in frame.columns)
    for number, row in enumerate(texts, start=1):
        out.print(f"row {number}", style="bold")
        for name, text in zip(frame.columns, row, strict=True):
            out.print(f"  {name:<{longest}}  {text}", highlight=False, soft_wrap=True)
