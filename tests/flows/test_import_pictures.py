"""A folder of existing pictures enters the path."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from typer.testing import Result

from flows.import_pictures import import_pictures
from models.rendering.meter import draw_frame, encode_jpeg
from tasks.fetch import keep_cursor, prepare_warehouse
from tasks.publish import LATEST
from tasks.server_clock import CLOCK_UNSET, LONGEST_WAIT_S, UNKNOWN, kernel_clock_state
from tasks.settings import load_settings
from tests.flows.conftest import FACE, START_UNITS
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

pytestmark = pytest.mark.prefect


def answer(query: str) -> pl.DataFrame:
    with open_warehouse(load_settings().warehouse, read_only=True) as warehouse:
        return warehouse.sql(query)


def test_a_folder_is_imported_once_and_foreign_files_are_kept_with_a_reason(
    drawn_meter: "DrawnMeter", prefect_server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    labels = ["file,timestamp"]
    for number in range(10):
        # Half of them tell their time by name, half by label.
        taken_at = drawn_meter.slot_at(number)
        name = f"{taken_at:%Y%m%d_%H%M%S}Z.jpg" if number % 2 else f"deep/meter_{number}.jpg"
        (folder / name).write_bytes(drawn_meter.picture(number))
        if number % 2 == 0:
            labels.append(f"{name},{taken_at.isoformat()}")
    (folder / "labels.csv").write_text("\n".join(labels))
    (folder / "empty.jpg").touch()
    (folder / "20261119_120000.jpg").write_text("<html>gone</html>")
    (folder / "notes.txt").write_text("the meter was cleaned")
    (folder / "undated.jpg").write_bytes(drawn_meter.picture(11))

    summary = import_pictures(str(folder), "home", str(folder / "labels.csv"))
    assert summary["pictures"] == 14
    assert summary["unusable"] == 4
    pictures = answer("select source, reason, time_source from raw.pictures")
    reasons = {Path(row["source"]).name: row["reason"] for row in pictures.iter_rows(named=True)}
    assert {name: reason for name, reason in reasons.items() if reason} == {
        "empty.jpg": "empty",
        "20261119_120000.jpg": "not_a_picture",
        "notes.txt": "not_a_picture",
        "undated.jpg": "no_time",
    }
    assert set(pictures["time_source"]) == {"name", "labels", "unknown"}
    readings = answer("select read_at, value_wh from core.register_readings where value_wh is not null")
    expected = {drawn_meter.slot_at(number): drawn_meter.value_wh(number) for number in range(10)}
    assert all(abs(value - expected[at]) <= 100 for at, value in readings.iter_rows())

    assert import_pictures(str(folder), "home", str(folder / "labels.csv")) == summary
    kept = [path for path in (drawn_meter.home / "archive").rglob("*") if path.is_file()]
    assert len(kept) == 14


def test_only_matching_names_are_imported(
    drawn_meter: "DrawnMeter", prefect_server: str, tmp_path: Path
) -> None:
    for number in range(4):
        name = f"{'good' if number < 3 else 'other'}_{drawn_meter.slot_at(number):%Y%m%d_%H%M%S}Z.jpg"
        (tmp_path / name).write_bytes(drawn_meter.picture(number))
    assert import_pictures(str(tmp_path), "home", pattern="good_*")["pictures"] == 3


def test_many_pictures_without_a_time_are_one_line_with_a_remedy_that_works(
    drawn_meter: "DrawnMeter",
    commands: Callable[..., Result],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sequence" / "images"
    folder.mkdir(parents=True)
    labels = ["file,timestamp"]
    for number in range(5):
        # The meter stands still; its picture is another one each minute.
        picture = encode_jpeg(draw_frame(FACE, float(START_UNITS), seed=number))
        (folder / f"meter_{number}.jpg").write_bytes(picture)
        labels.append(f"meter_{number}.jpg,2026-11-20T12:0{number}:00Z")
    (folder / "notes.txt").write_text("the meter was cleaned")
    times = folder.parent / "labels.csv"
    times.write_text("\n".join(labels))

    without = commands("import", folder, "--meter", "home")
    assert without.exit_code == 0, without.output
    told = [each.getMessage() for each in caplog.records if "can't be read" in each.getMessage()]
    assert [each.levelname for each in caplog.records if each.getMessage() in told] == ["WARNING"] * 2
    assert told[0].startswith(
        f"5 files are kept but can't be read (no_time), like {folder / 'meter_0.jpg'}: "
    )
    assert f"columns file and timestamp: smartmeter import FOLDER --meter NAME --labels {times}" in told[0]
    assert told[1].startswith(f"{folder / 'notes.txt'} is kept but can't be read: the file is no picture")
    assert counts(without) == {"pictures": 6, "unusable": 6}

    again = commands("import", folder, "--meter", "home", "--labels", times)
    assert again.exit_code == 0, again.output
    assert counts(again) == {"pictures": 6, "measured": 5, "unusable": 1}
    assert (drawn_meter.home / "site" / LATEST).read_bytes().startswith(b"\x89PNG")


def counts(answer: Result) -> dict[str, int]:
    """The table that a command ends with."""
    lines = [line.split() for line in answer.output.splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}


def test_an_import_into_a_new_warehouse_does_not_hide_what_only_the_archive_has(
    drawn_meter: "DrawnMeter", prefect_server: str, tmp_path: Path
) -> None:
    settings = load_settings()
    archived = settings.archive / drawn_meter.key(0)
    archived.parent.mkdir(parents=True)
    archived.write_bytes(drawn_meter.picture(0))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / f"{drawn_meter.slot_at(1):%Y%m%d_%H%M%S}Z.jpg").write_bytes(drawn_meter.picture(1))
    assert import_pictures(str(tmp_path / "old"), "home")["pictures"] == 2
    assert answer("select source from raw.pictures where source like 'archive/%'").height == 1


@pytest.mark.skipif(
    kernel_clock_state() not in {CLOCK_UNSET, UNKNOWN} or time.monotonic() > LONGEST_WAIT_S,
    reason="a time server sets this clock, or it was never set: it is believed",
)
def test_an_import_waits_for_a_clock_that_is_behind(
    drawn_meter: "DrawnMeter", prefect_server: str, tmp_path: Path
) -> None:
    settings, now_at = load_settings(), datetime.now(UTC)
    prepare_warehouse.fn(settings)
    keep_cursor.fn(settings, "cursor")
    archived = settings.archive / drawn_meter.key(0)
    archived.parent.mkdir(parents=True)
    archived.write_bytes(drawn_meter.picture(0))
    picture = tmp_path / "old" / f"{now_at + timedelta(days=1):%Y%m%d_%H%M%S}Z.jpg"
    picture.parent.mkdir()
    picture.write_bytes(drawn_meter.picture(1))
    with open_warehouse(settings.warehouse) as warehouse:
        warehouse.script("update raw.store_cursors set listed_at = now() + interval 2 day")
    with pytest.raises(OSError, match=r"Nothing is imported .* import again"):
        import_pictures(str(picture.parent), "home")
    assert answer("from raw.pictures").is_empty()

    with open_warehouse(settings.warehouse) as warehouse:
        warehouse.script("update raw.store_cursors set listed_at = now()")
    picture.rename(picture.with_name(f"{drawn_meter.slot_at(1):%Y%m%d_%H%M%S}Z.jpg"))
    assert import_pictures(str(picture.parent), "home")["pictures"] == 2
    assert answer("from raw.pictures where source like 'archive/%'").height == 1
