"""A home folder moves to a new machine, and one of the first release grows up."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result

from flows.ingest import ingest
from flows.report import report
from tasks.doctor import examine_warehouse
from tasks.home_archive import archives_in
from tasks.settings import load_settings
from warehouse.connection import open_warehouse
from warehouse.keep import fingerprints
from warehouse.migrate import RELEASED, migrate, pending_migrations

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect
FIRST_RELEASE = Path(__file__).parents[1] / "tasks" / "first_release.toml"


@pytest.fixture
def run(commands: Callable[..., Result]) -> Callable[..., str]:
    """Runs a command that must succeed, and returns what it says."""

    def succeed(*arguments: str | Path) -> str:
        answer = commands(*arguments)
        assert answer.exit_code == 0, f"{answer.stdout} {answer.exception}"
        return answer.stdout

    return succeed


def page_of(home: Path) -> str:
    """The report without the instant at which it was made."""
    page, count = re.subn("Page made [^<]*<", "", (home / "site" / "index.html").read_text())
    assert count == 1
    return page


def published(home: Path) -> dict[str, bytes]:
    folder = home / "site" / "pictures"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


def contents(home: Path) -> dict[str, str]:
    with open_warehouse(home / "site" / "smartmeter.duckdb", read_only=True) as warehouse:
        return fingerprints(warehouse)


def test_the_report_on_the_new_machine_is_the_same(
    drawn_meter: "DrawnMeter",
    commands: Callable[..., Result],
    run: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new, disk = drawn_meter.home, tmp_path / "new", tmp_path / "disk"
    drawn_meter.fill(range(40))
    ingest()
    said = run("backup", "--warehouse", "--to", disk, "--pictures", "copy")
    assert "read back and whole" in said
    (archive,) = archives_in(disk)
    before = page_of(old), published(old), contents(old)
    shutil.rmtree(old)

    run("restore-home", archive, "--home", new)
    monkeypatch.setenv("SMARTMETER_HOME", str(new))
    report()
    assert (page_of(new), published(new), contents(new)) == before
    assert len(before[1]) > 10
    assert examine_warehouse(load_settings()).verdict == "ok"
    again = commands("restore-home", archive, "--home", new)
    assert again.exit_code == 2
    assert "not empty" in again.stdout


@pytest.fixture
def first_release(home: Path, tmp_path: Path) -> Path:
    """A home folder as the first release left it: its settings, its schema, a day of readings."""
    shutil.copyfile(FIRST_RELEASE, home / "smartmeter.toml")
    folder = tmp_path / "first"
    folder.mkdir()
    for file in RELEASED.iterdir():
        if file.name[:4] in {"0001", "0002", "0003"}:
            shutil.copyfile(str(file), folder / file.name)
    with open_warehouse(home / "smartmeter.duckdb") as warehouse:
        migrate(warehouse, folder)
        warehouse.script("""
            insert into core.registers
            values ('home/1-0:1.8.0', 'home', 'cellar', '1-0:1.8.0', 7, 1, 24000, 'Europe/Berlin');
            create temp table slots as
            select i, 36109 + 3 * i as units, 'images/cellar/' || i || '.jpg' as key,
                timestamptz '2026-03-20 00:00+00' + i * interval 15 minute as taken
            from range(96) t(i);
            insert into raw.pictures
            select key, 'cellar', taken, 'name', taken, 'x', 9, 'image/jpeg', 640, 480, null, null,
                'file:store/' || key
            from slots;
            insert into raw.recognitions
            select key, 'home/1-0:1.8.0', 'oracle', '1', taken, null, 1, null, null from slots;
            insert into raw.candidates
            select key, 'home/1-0:1.8.0', 'oracle', '1', 1, printf('%07d', units), false, units, 0.97
            from slots;
            insert into core.register_readings
            select 'home/1-0:1.8.0', key, taken, units * 100, 'measured', null, null, 0.97, 9, true, taken,
                taken
            from slots;
        """)
    return home


def test_a_home_of_the_first_release_moves_and_grows_up(
    first_release: Path, run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("backup", "--warehouse", "--to", tmp_path / "disk")
    run("restore-home", archives_in(tmp_path / "disk")[0], "--home", tmp_path / "new")
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path / "new"))
    settings = load_settings()
    found = examine_warehouse(settings)
    assert (found.verdict, "migrations are due" in found.sentence) == ("warning", True)
    summary = ingest()
    assert summary["pictures"] == 96
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        assert pending_migrations(warehouse) == []
        assert warehouse.sql("select count(*) from out.readings where value_kwh is not null").item() >= 94
        day = warehouse.sql("select sum(energy_kwh)::double from out.consumption_day").item()
    assert day == pytest.approx(0.3 * 95, abs=0.6)
    assert examine_warehouse(settings).verdict == "ok"


def test_the_watch_remembers_on_the_new_machine_what_it_told(
    home: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    book = home / "watch" / "incidents.json"
    book.parent.mkdir()
    fault = {"fault_id": "disk", "title": "t", "sentence": "s", "remedy": "r"}
    at = datetime.now(UTC).isoformat()
    incident = {"fault": fault, "seen_at": at, "told_at": at, "announced": True}
    book.write_text(json.dumps({"incidents": {"disk": incident}}))
    run("backup", "--warehouse", "--to", tmp_path)
    run("restore-home", archives_in(tmp_path)[0], "--home", tmp_path / "new")
    assert "id: disk" in run("watch", "--list", "--home", tmp_path / "new")


def test_a_picture_that_can_not_be_read_is_named_and_holds_up_no_other(
    home: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    (home / "archive").mkdir()
    (home / "archive" / "a.jpg").symlink_to("/proc/self/mem")  # answers as a bad block of a disk does
    (home / "archive" / "b.jpg").write_text("b")
    said = run("backup", "--warehouse", "--to", tmp_path / "disk", "--pictures", "copy")
    assert "1 new files in the mirror" in said
    assert "Not in the mirror: 1 files or folders, like archive/a.jpg" in said
