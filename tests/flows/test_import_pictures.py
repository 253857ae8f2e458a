"""A folder of existing pictures enters the path."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from flows.import_pictures import import_pictures
from tasks.settings import load_settings
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
    (folder / "undated.jpg").write_bytes(drawn_meter.picture(3))

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
