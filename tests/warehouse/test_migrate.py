import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from warehouse.connection import Warehouse, open_warehouse
from warehouse.errors import MigrationChanged, WrittenByNewer
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


def test_an_older_version_leaves_a_newer_ones_warehouse_alone(empty: Warehouse, folder: Path) -> None:
    (folder / "0002_more.sql").write_text("alter table t add column y int;")
    migrate(empty, folder)
    (folder / "0002_more.sql").unlink()
    (folder / "views" / "v.sql").write_text("create or replace view v as select 2 as x;")
    with pytest.raises(WrittenByNewer, match="Install that version"):
        migrate(empty, folder)
    assert empty.sql("from v").rows() == [(1,)]


def test_views_may_move_to_other_files(empty: Warehouse, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "views" / "v.sql").rename(folder / "views" / "w.sql")
    assert migrate(empty, folder) == ["views/w.sql"]


def test_a_failing_migration_leaves_nothing(empty: Warehouse, folder: Path) -> None:
    (folder / "0002_broken.sql").write_text("create table u (x int); insert into u values ('one');")
    with pytest.raises(Exception, match="Could not convert"):
        migrate(empty, folder)
    assert empty.query("schema_migrations")["name"].to_list() == ["0001_t.sql"]
    assert "u" not in empty.sql("show tables")["name"].to_list()


@pytest.fixture
def first_release(empty: Warehouse, tmp_path: Path, seeds: ModuleType) -> dict[str, int]:
    """The schema of the first release, and how many rows each of its tables got."""
    folder = tmp_path / "first"
    folder.mkdir()
    for file in RELEASED.iterdir():
        if file.name[:4] in {"0001", "0002", "0003"}:
            shutil.copyfile(str(file), folder / file.name)
    migrate(empty, folder)
    pictures = seeds.pictures(range(48))
    readings = seeds.readings(pictures).with_columns(decided_at=seeds.START_AT)
    accepted = readings.filter(pl.col("value_wh").is_not_null()).select("read_at")
    quarter_hours, days = (
        frame.with_columns(register_id=pl.lit("home/1-0:1.8.0")) for frame in seeds.intervals(accepted)
    )
    counts = {name: pl.lit(24) for name in ("n_readings", "n_accepted", "n_repaired")}
    frames = {
        "core.registers": seeds.registers().drop("runs_backwards", "place"),
        "raw.pictures": pictures,
        "raw.recognitions": seeds.recognitions(pictures).drop("taken_at"),
        "raw.candidates": seeds.candidates(pictures),
        "raw.store_cursors": pl.DataFrame(
            {"store": ["file:store"], "cursor": ["7"], "listed_at": [seeds.START_AT]}
        ),
        "core.register_readings": readings,
        "core.reading_revisions": readings.head(3).with_columns(replaced_at=seeds.START_AT),
        "core.derivations": pl.DataFrame(
            {"register_id": ["home/1-0:1.8.0"], "decided_until": [seeds.START_AT]}
        ),
        "core.interval_15min": quarter_hours,
        "core.interval_day": days.drop("covered_s").with_columns(**counts),
    }
    return {name: empty.merge(name, frame, keys=frame.columns) for name, frame in frames.items()}


def test_a_warehouse_of_the_first_release_keeps_its_rows_and_answers_every_view(
    empty: Warehouse, first_release: dict[str, int]
) -> None:
    assert all(first_release.values())
    assert migrate(empty)[0] == "0004_read_again.sql"
    assert first_release.pop("core.derivations") == 1  # marks in core.pending took its place
    for name, count in first_release.items():
        assert empty.sql(f"select count(*) from {name}").item() == count
    assert empty.sql("select count(*) from raw.candidates where taken_at is null").item() == 0
    views = empty.sql("select view_name from duckdb_views() where schema_name = 'out'")["view_name"]
    assert views.len() > 10
    rows = {name: empty.sql(f"from out.{name}").height for name in views}
    assert (rows["pictures"], rows["readings"], rows["consumption_15min"]) == (48, 48, 188)
    assert float(empty.sql("select sum(energy_kwh) from out.consumption_day").item()) == pytest.approx(4.7)
    assert migrate(empty) == []
