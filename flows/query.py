"""What `smartmeter sql` prints."""

import sys
from pathlib import Path
from typing import Literal

import polars as pl
from rich.measure import Measurement
from rich.table import Table

from flows.commands.common import out
from tasks.settings import SettingsError
from warehouse.connection import open_warehouse


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
        frame = warehouse.sql(query)
    refuse_unwritable(frame, form)
    if form == "csv":
        sys.stdout.write(frame.write_csv())
    elif form == "json":
        sys.stdout.write(frame.write_json() + "\n")
    else:
        _print_table(frame)


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
