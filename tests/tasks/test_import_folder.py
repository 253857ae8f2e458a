import os
import shutil
import tempfile
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tasks.archive import LARGEST_BYTES
from tasks.fetch import prepare_warehouse
from tasks.import_folder import (
    dated,
    import_batch,
    import_logs,
    labelled_files,
    list_importable,
    read_label_times,
)
from tasks.settings import Settings, SettingsError, load_settings
from warehouse.connection import open_warehouse

BERLIN = ZoneInfo("Europe/Berlin")
NOBODY = 65534


def test_labels_tell_times_local_where_no_zone_is_written(home: Path) -> None:
    labels = home / "labels.csv"
    labels.write_text(
        "file,timestamp\nimages/a.jpg,2026-11-22T10:15:00Z\nb.jpg,2026-11-22 11:15\nc.jpg,\n",
        encoding="utf-8-sig",  # as Excel writes it
    )
    at = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    assert read_label_times(labels, load_settings()) == {"images/a.jpg": at, "b.jpg": at}


@pytest.mark.parametrize(
    ("files", "labels", "found"),
    [
        ("1/a 2/a", {"1/a": 1, "2/a": 2}, {"1/a": 1, "2/a": 2}),  # a camera counts anew in each folder
        ("1/a 2/a", {"1/a": 1}, {"1/a": 1}),
        ("a 1/a", {"a": 1, "1/a": 2}, {"a": 1, "1/a": 2}),
        ("1/a", {"1/a": 1, "2/a": 2}, {"1/a": 1}),  # the labels of more than what is imported
        ("1/a 2/b", {"a": 1, "/elsewhere/b": 2, "c": 3}, {"1/a": 1, "2/b": 2}),
        ("1/a 2/a", {"a": 1}, None),
        ("1/a", {"3/a": 1, "2/a": 2}, None),
    ],
)
def test_a_label_tells_the_time_of_one_file(
    tmp_path: Path, files: str, labels: dict[str, int], found: dict[str, int] | None
) -> None:
    paths = [tmp_path / each for each in files.split()]
    told = {label: datetime(2026, 11, day, tzinfo=UTC) for label, day in labels.items()}
    if found is None:
        with pytest.raises(SettingsError, match=r"named a, .* like folder/a"):
            labelled_files(paths, told, [tmp_path])
    else:
        days = {path: at.day for path, at in labelled_files(paths, told, [tmp_path]).items()}
        assert days == {tmp_path / path: day for path, day in found.items()}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("file,when\na.jpg,now\n", "columns file and timestamp"),
        ("file;timestamp\na.jpg;2026-11-22\n", "a comma between them"),
        ("file,timestamp\na.jpg,noon\n", "line 2: 'noon'"),
        ("file,timestamp\na.jpg,0001-01-01T00:00+01:00\n", "line 2: '0001-01-01T00:00+01:00'"),
        ("file,timestamp\nZähler.jpg,2026-11-22\n", "not written in UTF-8"),
    ],
)
def test_wrong_labels_are_refused_by_naming_the_fault(home: Path, text: str, named: str) -> None:
    labels = home / "labels.csv"
    labels.write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError) as refusal:
        read_label_times(labels, load_settings())
    assert named in str(refusal.value)


def test_every_file_but_labels_and_logs_is_imported(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    for name in ("a.jpg", "deep/b.png", "notes.txt", "labels.csv", ".hidden", "a.log", "log/20190301.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()

    def names(pattern: str) -> list[str]:
        listed = list_importable.fn(load_settings(), folder, pattern, None, BERLIN)
        return [each.path.name for each in listed]

    assert names("*") == ["a.jpg", "b.png", "notes.txt"]
    assert names("*.png") == ["b.png"]


@pytest.mark.parametrize(
    ("name", "zone", "taken_at", "source"),
    [
        ("20261122_101500Z_000007.jpg", "Europe/Berlin", datetime(2026, 11, 22, 10, 15, tzinfo=UTC), "name"),
        ("IMG_20261122_111500.jpg", "Europe/Berlin", datetime(2026, 11, 22, 10, 15, tzinfo=UTC), "name"),
        ("20261122_111500.png", "UTC", datetime(2026, 11, 22, 11, 15, tzinfo=UTC), "name"),
        ("20261322_101500.jpg", "Europe/Berlin", None, "unknown"),
        ("labelled_20200101_000000.jpg", "UTC", datetime(2021, 1, 1, tzinfo=UTC), "labels"),
    ],
)
def test_label_before_name_before_nothing(
    tmp_path: Path, name: str, zone: str, taken_at: datetime | None, source: str
) -> None:
    (tmp_path / name).touch()
    labelled = {tmp_path / "labelled_20200101_000000.jpg": datetime(2021, 1, 1, tzinfo=UTC)}
    (found,) = dated([tmp_path / name], labelled, ZoneInfo(zone))
    assert (found.taken_at, found.time_source) == (taken_at, source)


def test_the_repeated_hour_is_imported_once_though_a_copy_lost_its_file_times(
    home: Path, tmp_path: Path
) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    folder = tmp_path / "images"
    folder.mkdir()
    second_pass = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    path = folder / "20261025_021500.png"
    path.write_bytes(b"a picture")
    os.utime(path, (second_pass.timestamp() + 41,) * 2)
    assert import_all(settings, folder) == [second_pass]
    copied = tmp_path / "copied"
    shutil.copytree(folder, copied, copy_function=shutil.copyfile)
    assert import_all(settings, copied) == [second_pass]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / path.name).write_bytes(b"another picture, of unknown pass")
    assert import_all(settings, tmp_path / "other") == [second_pass - timedelta(hours=1), second_pass]


def test_an_old_name_that_is_not_utf_8_is_imported(home: Path, tmp_path: Path) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / os.fsdecode(b"Z\xe4hler 20201001_120000.jpg")).write_bytes(b"a picture")
    assert import_all(settings, folder) == [datetime(2020, 10, 1, 10, tzinfo=UTC)]
    with open_warehouse(settings.warehouse) as warehouse:
        assert (
            warehouse.sql("select source from raw.pictures")
            .item()
            .endswith(r"/Z\xe4hler 20201001_120000.jpg")
        )


def test_what_is_far_too_large_for_a_picture_stays_where_it_is(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "20201001_120000.jpg").write_bytes(b"a picture")
    film = folder / "20201001_121500.mp4"
    film.touch()
    os.truncate(film, LARGEST_BYTES + 1)
    assert import_all(settings, folder) == [datetime(2020, 10, 1, 10, tzinfo=UTC)]
    assert f"{film} has 64 MB: no picture" in caplog.text


def test_what_can_not_be_read_is_told_and_holds_up_no_other(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    folder = tmp_path / "old"
    folder.mkdir()
    for name in ("20201001_120000.jpg", "20201001_121500.jpg", "20201001_123000.jpg", "1.log", "2.log"):
        (folder / name).write_bytes(name.encode())
    for name in ("20201001_121500.jpg", "1.log"):
        (folder / name).unlink()
        (folder / name).symlink_to("/proc/self/mem")  # answers as a bad block of a disk does
    noon = datetime(2020, 10, 1, 10, tzinfo=UTC)
    assert import_all(settings, folder) == [noon, noon + timedelta(minutes=30)]
    assert import_logs.fn(settings, folder, "cellar") == {"other": 1}
    for path in ("20201001_121500.jpg", "1.log"):
        assert f"1 files or folders are passed over, like {folder / path}: Input/output error." in caplog.text


def test_a_folder_that_may_not_be_looked_into_is_told(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings, is_root = load_settings(), os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is for one user alone
        folder = Path(name)
        for part, mode in (("closed", 0o000), ("listed", 0o444), ("open", 0o755)):
            (folder / part).mkdir()
            (folder / part / "20201001_120000.jpg").touch()
            (folder / part).chmod(mode)
        for path in (folder, *folder.iterdir()) if is_root else ():
            os.chown(path, NOBODY, NOBODY)
        if is_root:
            os.seteuid(NOBODY)
        try:
            found = list_importable.fn(settings, folder, "*", None, BERLIN)
        finally:
            for path in folder.iterdir():
                path.chmod(0o755)
            if is_root:
                os.seteuid(0)
    assert [each.path for each in found] == [folder / "open" / "20201001_120000.jpg"]
    assert "2 files or folders are passed over, like" in caplog.text
    assert "Permission denied. Let this user read them" in caplog.text


def test_a_batch_of_large_pictures_fits_the_memory(home: Path, tmp_path: Path) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    folder = tmp_path / "old"
    folder.mkdir()
    for minute in range(30):
        (folder / f"20201001_12{minute:02d}00.jpg").write_bytes(os.urandom(1_000_000))
    tracemalloc.start()
    try:
        assert len(import_all(settings, folder)) == 30
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 15_000_000


def import_all(settings: Settings, folder: Path) -> list[datetime]:
    import_batch.fn(settings, list_importable.fn(settings, folder, "*", None, BERLIN), "cellar", BERLIN)
    with open_warehouse(settings.warehouse) as warehouse:
        return list(warehouse.sql("select taken_at from raw.pictures order by 1")["taken_at"])
