from pathlib import Path

import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import WarehouseError
from warehouse.keep import check_kept, copy_to_keep, fingerprints
from warehouse.migrate import migrate, pending_migrations


def test_a_kept_copy_is_the_whole_warehouse_and_goes_on_living(seeded_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "kept.duckdb"
    expected = copy_to_keep(seeded_file, copy)
    check_kept(copy, expected)
    question = "select comment from duckdb_tables() where table_name = 'pictures' and not internal"
    with open_warehouse(copy) as kept, open_warehouse(seeded_file, read_only=True) as live:
        assert fingerprints(kept) == expected
        assert kept.sql(question).equals(live.sql(question))
        views = kept.sql("select view_name from duckdb_views() where schema_name = 'out'")["view_name"]
        for view in views:
            assert kept.sql(f"from out.{view}").height == live.sql(f"from out.{view}").height
        assert migrate(kept) == []


@pytest.mark.parametrize(
    "harm",
    [
        "delete from raw.pictures where rowid = 3",
        "update core.registers set digits = 6",
        "drop table core.events",
    ],
)
def test_a_copy_that_differs_is_found(seeded_file: Path, tmp_path: Path, harm: str) -> None:
    copy = tmp_path / "kept.duckdb"
    expected = copy_to_keep(seeded_file, copy)
    with open_warehouse(copy) as kept:
        kept.script(harm)
    with pytest.raises(WarehouseError, match="does not hold"):
        check_kept(copy, expected)


def test_what_is_due_and_what_is_newer_is_named(seeded: Warehouse) -> None:
    assert pending_migrations(seeded) == []
    seeded.script("delete from schema_migrations where name = 'views/out.sql'")
    seeded.script("insert into schema_migrations values ('9999_later.sql', 'x', now())")
    assert pending_migrations(seeded) == ["newer: 9999_later.sql", "views/out.sql"]
