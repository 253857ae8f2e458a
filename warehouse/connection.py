"""A guarded connection to the warehouse file: opened late, closed early, everything in UTC."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars as pl

from warehouse.errors import QueryFailed, WarehouseBusy, WarehouseError

FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 0.25
LOCK_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
# DuckDB guesses a filtered left side of an ASOF join tiny and then needs seconds where milliseconds do.
SESSION = {"TimeZone": "UTC", "asof_loop_join_threshold": 0}

Parameter = Any  # whatever DuckDB binds


class Warehouse:
    """The warehouse, open; a context manager that closes it.

    DuckDB allows one writing process or several reading ones, so hold it for moments only.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self._connection = connection
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is saved together, or nothing of it."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Everything inside happens as in a transaction, and nothing of it is saved."""
        self._connection.begin()
        try:
            yield
        finally:
            self._connection.rollback()

    def query(
        self, name: str, /, *, incoming: pl.DataFrame | None = None, **parameters: Parameter
    ) -> pl.DataFrame:
        """The answer to `queries/<name>.sql`, which may read the frame `incoming`.

        Instants are UTC, enums are strings.
        """
        with self._beside(incoming):
            return _frame(self._connection.sql(_query_text(name), params=parameters))

    def execute(self, name: str, /, *, incoming: pl.DataFrame | None = None, **parameters: Parameter) -> int:
        """Run `queries/<name>.sql`, which may read the frame `incoming`; return how many rows it changed."""
        return self._change(_query_text(name), incoming, parameters)

    def merge(self, table: str, frame: pl.DataFrame, *, keys: Sequence[str]) -> int:
        """Bring rows into a table: new keys are inserted, changed rows updated; return how many were either.

        Args:
            table: with its schema.
            frame: columns named as the table's; one row per key.
            keys: the columns that identify a row.
        """
        rest = [column for column in frame.columns if column not in keys]
        same = " and ".join(f"kept.{key} = incoming.{key}" for key in keys)
        differs = (
            " or ".join(f"kept.{column} is distinct from incoming.{column}" for column in rest) or "false"
        )
        update = ", ".join(f"{column} = incoming.{column}" for column in rest)
        matched = f"when matched and ({differs}) then update set {update}" if rest else ""
        text = (
            f"merge into {table} kept using incoming on {same} {matched} when not matched then insert by name"
        )
        return self._change(text, frame, {})

    def replace(self, table: str, frame: pl.DataFrame) -> bool:
        """Let a small table hold exactly these rows; return whether it held others."""
        kept = self._connection.table(table).pl().select(frame.columns)
        if kept.sort(pl.all()).equals(frame.sort(pl.all())):
            return False
        self._change(f"delete from {table}", None, {})  # noqa: S608 - our own table's name
        self._change(f"insert into {table} by name from incoming", frame, {})
        return True

    def script(self, text: str) -> None:
        """Run statements that nobody waits an answer of, such as a migration."""
        self._connection.execute(text).fetchall()

    def sql(self, text: str) -> pl.DataFrame:
        """The answer to a person's query; empty for a statement without one.

        Raises:
            QueryFailed: with DuckDB's explanation.
        """
        try:
            relation = self._connection.sql(text)
            return pl.DataFrame() if relation is None else _frame(relation)
        except duckdb.Error as error:
            raise QueryFailed(str(error)) from error
        except pl.exceptions.PolarsError as error:
            raise QueryFailed(
                f"The answer can't be shown: {str(error).partition(' Hint:')[0]} "
                "Write such values as text in the query, like value::varchar."
            ) from error

    def copy_to(self, path: Path, storage_version: str) -> None:
        """Write everything into a new DuckDB file of that storage version."""
        live = _quoted(str(self.query("current_database").item()), '"')
        with self.attached(path, "copy_of_it", storage_version):
            self.script(f"copy from database {live} to copy_of_it")
            self.script("checkpoint copy_of_it")

    @contextmanager
    def attached(self, path: Path, name: str, storage_version: str | None = None) -> Iterator[None]:
        """Another DuckDB file beside this one, to be written to under that name; whole after a checkpoint.

        It has no log of its own: whoever is killed before the checkpoint leaves a file to be thrown away.

        Raises:
            WarehouseBusy: somebody else has it open.
            WarehouseError: it can't be written.
        """
        version = f", storage_version '{storage_version}'" if storage_version else ""
        file = _quoted(str(path), "'")
        try:
            self.script(f"attach {file} as {name} (read_write, recovery_mode no_wal_writes{version})")
            try:
                yield
            finally:
                self.script(f"detach {name}")
        except (duckdb.IOException, duckdb.FatalException) as error:
            if is_lock_error(error):
                raise WarehouseBusy(busy_sentence(path, error)) from error
            raise WarehouseError(
                f"{path} can't be written: {_explanation(error)}. "
                "Make room there, or allow what was refused, and do the same once more."
            ) from error

    def copy_rows(self, table: str, catalog: str, condition: str) -> None:
        """Let a table of an attached file hold this one's rows where the condition holds."""
        self.script(f"delete from {catalog}.{table} where {condition}")  # noqa: S608 - our own tables
        self.script(f"insert into {catalog}.{table} from {table} where {condition}")

    def _change(self, text: str, incoming: pl.DataFrame | None, parameters: dict[str, Parameter]) -> int:
        """Run a changing statement beside a registered frame; return the number of rows it reports."""
        with self._beside(incoming):
            rows = self._connection.execute(text, parameters).fetchall()
        return int(rows[0][0]) if rows and rows[0] and isinstance(rows[0][0], int) else 0

    @contextmanager
    def _beside(self, incoming: pl.DataFrame | None) -> Iterator[None]:
        """Statements inside may read the frame as `incoming`."""
        if incoming is None:
            yield
            return
        self._connection.register("incoming", incoming)
        try:
            yield
        except BaseException:
            # A broken transaction refuses this too, and would hide why it broke.
            with suppress(duckdb.TransactionException):
                self._connection.unregister("incoming")
            raise
        self._connection.unregister("incoming")


def open_warehouse(path: Path, *, read_only: bool = False, wait_s: float = 60) -> Warehouse:
    """The warehouse at `path`, waiting its turn; a missing file is made unless `read_only`.

    Raises:
        WarehouseBusy: when another program has held the file for `wait_s`; says which one.
        WarehouseError: when the file is missing or no warehouse.
    """
    give_up_at = time.monotonic() + wait_s
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            connection = duckdb.connect(path, read_only=read_only)
        except duckdb.IOException as error:
            if not is_lock_error(error):
                raise WarehouseError(f"{path} cannot be opened: {_explanation(error)}") from error
            if time.monotonic() >= give_up_at:
                raise WarehouseBusy(busy_sentence(path, error)) from error
            time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads waiting programs, no secret
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            return guard(connection, path)


def guard(connection: duckdb.DuckDBPyConnection, path: Path | None = None) -> Warehouse:
    """A raw connection, set up for the warehouse."""
    for setting, value in SESSION.items():
        connection.execute(f"set {setting} = '{value}'").fetchall()
    return Warehouse(connection, path)


def is_lock_error(error: duckdb.Error) -> bool:
    """Whether DuckDB failed only because another process holds the file."""
    return "Could not set lock" in str(error)


def busy_sentence(path: Path, error: duckdb.Error) -> str:
    """Who holds the file, and what to do about it."""
    holder = LOCK_HOLDER.search(str(error))
    who = f"process {holder['pid']} ({holder['program']})" if holder else "another program"
    return f"{path} is held by {who}. Close it; to look at data, open the published copy instead."


def _quoted(text: str, mark: str) -> str:
    """A name or string as SQL writes it."""
    return mark + text.replace(mark, 2 * mark) + mark


def _explanation(error: duckdb.Error) -> str:
    """DuckDB's words without its label."""
    return str(error).partition(": ")[2] or str(error)


@cache
def _query_text(name: str) -> str:
    """The statement in `queries/<name>.sql`."""
    return (files("warehouse") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def _frame(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """A relation's rows; relations run again on every read, so they are read here, once."""
    frame: pl.DataFrame = relation.pl()
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
