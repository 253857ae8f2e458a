import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures, load_registers, save_readings
from warehouse.publish import publish_copy

HOLD_READING = """
import sys
from pathlib import Path
from warehouse.connection import open_warehouse
with open_warehouse(Path(sys.argv[1]), read_only=True) as warehouse:
    for _ in range(2):
        print(warehouse.sql("select count(*) from raw.pictures").item(), flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def live(tmp_path: Path, seeded_file: Path) -> Path:
    path = tmp_path / "o'hara" / "smart meter.duckdb"
    path.parent.mkdir()
    shutil.copyfile(seeded_file, path)
    return path


def test_the_copy_is_readable_while_the_live_file_is_written(live: Path, seeds: ModuleType) -> None:
    target = publish_copy(live, live.parent / "site" / "smartmeter.duckdb")
    with open_warehouse(live) as writing, open_warehouse(target, read_only=True) as copy:
        load_pictures(writing, seeds.pictures([48]))
        assert copy.sql("from out.consumption_day").equals(writing.sql("from out.consumption_day"))
        assert copy.sql("from out.pictures").height == 48
        for view in copy.sql("select view_name from duckdb_views() where schema_name = 'out'")["view_name"]:
            assert copy.sql(f"from out.{view}").width >= 6
        comments = copy.sql("from duckdb_columns() where comment is not null and schema_name = 'core'")
        assert comments.height > 20


def test_the_copy_is_swapped_in_whole(live: Path, seeds: ModuleType) -> None:
    target = live.parent / "copy.duckdb"
    publish_copy(live, target)
    with open_warehouse(target, read_only=True) as former:
        with open_warehouse(live) as writing:
            load_pictures(writing, seeds.pictures([48, 49]))
        publish_copy(live, target)
        assert former.sql("from raw.pictures").height == 48
    with open_warehouse(target, read_only=True) as current:
        assert current.sql("from raw.pictures").height == 50
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    names = sorted(path.name for path in live.parent.iterdir())
    assert names == [".copy.duckdb.spare", "copy.duckdb", "smart meter.duckdb"]


def test_leftovers_of_a_killed_publication_go(live: Path) -> None:
    target = live.parent / "copy.duckdb"
    (live.parent / ".copy.duckdb.123-456").write_text("half")
    publish_copy(live, target)
    assert [path.name for path in live.parent.iterdir() if path.name.startswith(".")] == []


def contents(path: Path) -> dict[str, pl.DataFrame]:
    with open_warehouse(path, read_only=True) as opened:
        tables = opened.query("table_names")["name"]
        return {name: opened.sql(f"from {name} order by all") for name in tables}


def assert_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    assert [name for name in one if not one[name].equals(other[name])] == []


def test_a_spare_brought_up_to_date_is_the_same_as_a_new_copy(live: Path, seeds: ModuleType) -> None:
    target = live.parent / "copy.duckdb"
    for hour in range(48, 54):
        with open_warehouse(live) as writing:
            load_pictures(writing, seeds.pictures([hour, 5]))
            save_readings(writing, seeds.readings(seeds.pictures([hour - 30, hour])))
            load_registers(writing, seeds.registers().with_columns(max_power_w=pl.lit(20_000 + hour)))
        inode = spare.stat().st_ino if (spare := live.parent / ".copy.duckdb.spare").exists() else None
        publish_copy(live, target)
        assert_same(contents(target), contents(live))
        if hour >= 50:
            assert target.stat().st_ino == inode, "the spare was not used"


def test_a_spare_that_somebody_reads_is_left_alone(live: Path, seeds: ModuleType) -> None:
    target = live.parent / "copy.duckdb"
    publish_copy(live, target)
    command = [sys.executable, "-c", HOLD_READING, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert reader.stdout.readline() == "48\n"
        for hour in (48, 49, 50):
            with open_warehouse(live) as writing:
                load_pictures(writing, seeds.pictures([hour]))
            publish_copy(live, target)
            assert_same(contents(target), contents(live))
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "48\n"


def test_another_schema_is_copied_anew(live: Path) -> None:
    target = live.parent / "copy.duckdb"
    publish_copy(live, target)
    publish_copy(live, target)
    with open_warehouse(live) as writing:
        writing.script("create table core.more (x int); insert into core.more values (1)")
        writing.script("insert into schema_migrations values ('0099_more.sql', 'x', now())")
    publish_copy(live, target)
    assert_same(contents(target), contents(live))


def test_rows_that_changed_without_a_word_are_copied_anew(live: Path) -> None:
    target = live.parent / "copy.duckdb"
    publish_copy(live, target)
    publish_copy(live, target)
    with open_warehouse(live) as writing:
        writing.script("delete from raw.pictures where picture_key like '%000005.jpg'")
    publish_copy(live, target)
    assert_same(contents(target), contents(live))


def test_the_copy_is_in_a_format_that_older_tools_read(live: Path, tmp_path: Path) -> None:
    def tags(path: Path) -> str:
        with open_warehouse(path, read_only=True) as opened:
            found = opened.sql("select tags from duckdb_databases() where not internal")
            return str(found["tags"].to_list())

    assert "v1.5.0" in tags(publish_copy(live, tmp_path / "copy.duckdb"))
