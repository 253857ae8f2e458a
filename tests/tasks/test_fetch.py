from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.fetch import list_importable, read_label_times
from tasks.settings import SettingsError, load_settings


def test_labels_tell_times_local_where_no_zone_is_written(home: Path) -> None:
    labels = home / "labels.csv"
    labels.write_text(
        "file,timestamp\nimages/a.jpg,2026-11-22T10:15:00Z\nb.jpg,2026-11-22 11:15\nc.jpg,\n",
        encoding="utf-8",
    )
    at = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    assert read_label_times(labels, load_settings()) == {"a.jpg": at, "b.jpg": at}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("file,when\na.jpg,now\n", "columns file and timestamp"),
        ("file,timestamp\na.jpg,noon\n", "line 2: 'noon'"),
    ],
)
def test_wrong_labels_are_refused_by_naming_the_fault(home: Path, text: str, named: str) -> None:
    labels = home / "labels.csv"
    labels.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        read_label_times(labels, load_settings())
    assert named in str(refusal.value)


def test_every_file_but_the_labels_is_imported(tmp_path: Path) -> None:
    for name in ("a.jpg", "deep/b.png", "notes.txt", "labels.csv", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in list_importable.fn(tmp_path, "*")] == ["a.jpg", "b.png", "notes.txt"]
    assert [path.name for path in list_importable.fn(tmp_path, "*.png")] == ["b.png"]
