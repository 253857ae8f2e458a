"""Commands that ask the warehouse: sql."""

from typing import Annotated

import typer

from flows.commands.common import Home, Json, load_checked_settings, use_home

app = typer.Typer()


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="A query on the read-only copy, e.g. 'from out.consumption_day'.")
    ],
    *,
    csv: Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Answer a SQL query from the read-only copy of the warehouse."""
    from flows.query import print_query

    use_home(home)
    print_query(load_checked_settings().sql_copy, query, "csv" if csv else "json" if json else "table")
