from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import MigrationChanged
from warehouse.migrate import RELEASED, migrate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "views").mkdir()
    (tmp_path / "0001_t.sql").write_text("create table t (x int); insert into t values (1);")
    (tmp_path / "views" / "v.sql").write_text("create or replace view v as select x from t;")
    return tmp_path


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "w.duckdb") as opened:
        yield opened


def test_released_migrations_apply_once(empty: Warehouse) -> None:
    first = migrate(empty)
    assert first[:2] == ["0001_raw.sql", "0002_core.sql"]
    assert first[-1] == "views/out.sql"
    assert migrate(empty) == []
    assert empty.query("schema_migrations")["name"].to_list() == sorted(first)


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(int(file.name[:4]) for file in RELEASED.iterdir() if file.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_new_migration_follows_the_old_ones(empty: Warehouse, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0002_more.sql").write_text("alter table t add column y int;")
    (folder / "views" / "v.sql").write_text("create or replace view v as select x, y from t;")
    assert migrate(empty, folder) == ["0002_more.sql", "views/v.sql"]
    assert empty.sql("from v").rows() == [(1, None)]


def test_a_changed_migration_is_refused_before_anything_runs(empty: Warehouse, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0001_t.sql").write_text("create table t (x bigint);")
    (folder / "0002_more.sql").write_text("create table u (x int);")
    with pytest.raises(MigrationChanged, match=r"0001_t\.sql"):
        migrate(empty, folder)
    assert empty.sql("show tables")["name"].to_list() == ["schema_migrations", "t", "v"]


def test_a_failing_migration_leaves_nothing(empty: Warehouse, folder: Path) -> None:
    (folder / "0002_broken.sql").write_text("create table u (x int); insert into u values ('one');")
    with pytest.raises(Exception, match="Could not convert"):
        migrate(empty, folder)
    assert empty.query("schema_migrations")["name"].to_list() == ["0001_t.sql"]
    assert "u" not in empty.sql("show tables")["name"].to_list()
