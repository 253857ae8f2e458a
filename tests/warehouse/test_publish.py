import shutil
import stat
from pathlib import Path
from types import ModuleType

import pytest

from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures
from warehouse.publish import publish_copy


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
            assert not copy.sql(f"from out.{view}").is_empty()
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
    assert sorted(path.name for path in live.parent.iterdir()) == ["copy.duckdb", "smart meter.duckdb"]


def test_leftovers_of_a_killed_publication_go(live: Path) -> None:
    target = live.parent / "copy.duckdb"
    (live.parent / ".copy.duckdb.123-456").write_text("half")
    publish_copy(live, target)
    assert [path.name for path in live.parent.iterdir() if path.name.startswith(".")] == []


def test_the_copy_is_in_a_format_that_older_tools_read(live: Path, tmp_path: Path) -> None:
    def tags(path: Path) -> str:
        with open_warehouse(path, read_only=True) as opened:
            found = opened.sql("select tags from duckdb_databases() where not internal")
            return str(found["tags"].to_list())

    assert "v1.5.0" in tags(publish_copy(live, tmp_path / "copy.duckdb"))
