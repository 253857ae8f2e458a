import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import QueryFailed, WarehouseBusy, WarehouseError

HOLD = """
import sys
from pathlib import Path
from warehouse.connection import open_warehouse
with open_warehouse(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def plain() -> Iterator[Warehouse]:
    with open_warehouse(Path(":memory:")) as opened:
        opened.script("create table t (k integer, v varchar)")
        yield opened


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the warehouse until it reads a line."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "w.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_busy_warehouse_names_who_holds_it(
    holder: subprocess.Popen[str], tmp_path: Path, read_only: bool
) -> None:
    with pytest.raises(WarehouseBusy, match=rf"held by process {holder.pid} .*python.*Close it"):
        open_warehouse(tmp_path / "w.duckdb", read_only=read_only, wait_s=0.05)


def test_opening_waits_its_turn(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    with open_warehouse(tmp_path / "w.duckdb", wait_s=10) as opened:
        assert opened.sql("select 1 as one")["one"].to_list() == [1]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("missing.duckdb", None, "does not exist"), ("notes.txt", "no database", "not a valid DuckDB")],
)
def test_what_is_no_warehouse_is_refused(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(WarehouseError, match=says):
        open_warehouse(tmp_path / name, read_only=True)


def test_frames_carry_utc_and_strings(plain: Warehouse) -> None:
    answer = plain.sql("select '2026-03-29 01:30:00+01'::timestamptz as seen_at, 'a'::enum('a', 'b') as kind")
    assert answer.schema == {"seen_at": pl.Datetime("us", "UTC"), "kind": pl.String}
    assert answer.rows() == [(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "a")]


@pytest.mark.parametrize(
    ("incoming", "changed", "rows"),
    [
        ({"k": [1, 2], "v": ["a", "b"]}, 0, [(1, "a"), (2, "b")]),
        ({"k": [2, 3], "v": ["c", "d"]}, 2, [(1, "a"), (2, "c"), (3, "d")]),
        ({"k": [1], "v": [None]}, 1, [(1, None), (2, "b")]),
        ({"k": [3]}, 1, [(1, "a"), (2, "b"), (3, None)]),
    ],
)
def test_merging_changes_what_differs(
    plain: Warehouse, incoming: dict[str, list[object]], changed: int, rows: list[tuple[int, str | None]]
) -> None:
    plain.merge("t", pl.DataFrame({"k": [1, 2], "v": ["a", "b"]}), keys=["k"])
    assert plain.merge("t", pl.DataFrame(incoming, strict=False), keys=["k"]) == changed
    assert plain.sql("from t order by k").rows() == rows


def test_a_transaction_is_saved_whole_or_not_at_all(plain: Warehouse) -> None:
    def fail() -> None:
        with plain.transaction():
            plain.script("insert into t values (2, 'b')")
            raise KeyboardInterrupt

    with plain.transaction():
        plain.script("insert into t values (1, 'a')")
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert plain.sql("from t").rows() == [(1, "a")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [("select 1 union select 2 order by 1", [(1,), (2,)]), ("create table u (x int)", []), ("", [])],
)
def test_a_persons_query_is_answered(plain: Warehouse, text: str, rows: list[tuple[int]]) -> None:
    assert plain.sql(text).rows() == rows


@pytest.mark.parametrize("text", ["selec 1", "from nowhere", "select 1/0::int[]", "select 'a'::int"])
def test_a_persons_mistake_is_explained(plain: Warehouse, text: str) -> None:
    with pytest.raises(QueryFailed, match="Error"):
        plain.sql(text)
    assert plain.sql("select 1 as one")["one"].to_list() == [1]
