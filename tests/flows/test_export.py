"""The exported dataset: what is in it, what is not, and that others can open it."""

import hashlib
import io
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from tasks.export import (
    BATCH,
    MANIFEST,
    SPLITS,
    begin_dataset,
    export_batch,
    finish_dataset,
    list_labels,
    split_by_time,
)
from tasks.fetch import prepare_warehouse
from tasks.kept_windows import window_path
from tasks.settings import SettingsError, load_settings
from tests.flows.conftest import START_UNITS, STEP_UNITS, read_by_an_oracle

if TYPE_CHECKING:
    from tests.flows.conftest import DrawnMeter

COUNT = 24
DARK = 7


def with_gps(data: bytes) -> bytes:
    exif = Image.Exif()
    exif[Base.Artist] = "Muster"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (47.0, 22.0, 36.8)
    stream = io.BytesIO()
    Image.open(io.BytesIO(data)).save(stream, "JPEG", exif=exif, quality=95)
    return stream.getvalue()


def export_to(target: Path) -> dict[str, int]:
    settings = load_settings()
    labels = list_labels.fn(settings, None, None)
    draft = begin_dataset.fn(target)
    for split in SPLITS:
        part = labels.filter(split=split)
        for start in range(0, part.height, BATCH):
            export_batch.fn(settings, part.slice(start, BATCH), draft, start // BATCH)
    return finish_dataset.fn(settings, labels, draft, target)


@pytest.fixture
def exported(drawn_meter: "DrawnMeter", tmp_path: Path) -> Path:
    read_by_an_oracle(drawn_meter, COUNT, dark={DARK}, altered=with_gps)
    export_to(tmp_path / "dataset")
    return tmp_path / "dataset"


def test_a_dataset_is_whole_hashed_split_by_time_and_tells_nothing_private(exported: Path) -> None:
    rows = pl.concat([pl.read_parquet(exported / "data" / f"{split}-*.parquet") for split in SPLITS])
    assert rows.height == COUNT
    assert rows["taken_at"].is_sorted()
    expected = [f"{START_UNITS + STEP_UNITS * number:07d}" for number in range(COUNT)]
    expected[DARK] = None  # type: ignore[call-overload]
    assert rows["text"].to_list() == expected
    assert rows["label_source"].to_list() == [None if text is None else "decoded" for text in expected]
    assert rows["reason"][DARK] == "dark"
    for row in rows.iter_rows(named=True):
        window, picture = exported / row["window_file"], exported / row["picture_file"]
        assert window.read_bytes() == row["window"]["bytes"]
        assert hashlib.sha256(picture.read_bytes()).hexdigest() == row["picture_sha256"]
        with Image.open(picture) as opened:
            assert not opened.getexif()
            assert not opened.getexif().get_ifd(IFD.GPSInfo)
        with Image.open(window) as cut:
            assert cut.width > 2 * cut.height
    everything = b"".join(path.read_bytes() for path in exported.rglob("*") if path.is_file())
    assert b"Muster" not in everything
    assert b"Exif" not in everything
    assert str(exported.parent).encode() not in everything
    subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST], cwd=exported, check=True)
    listed = (exported / MANIFEST).read_text().splitlines()
    assert len(listed) == sum(path.is_file() for path in exported.rglob("*")) - 1
    sheet = (exported / "README.md").read_text()
    assert f"{COUNT} pictures" in sheet
    assert "{" not in sheet


@pytest.mark.skipif(find_spec("datasets") is None, reason="needs: pip install datasets")
def test_hugging_faces_datasets_opens_it(exported: Path) -> None:
    datasets = import_module("datasets")
    loaded = datasets.load_dataset(str(exported))
    assert set(loaded) == set(SPLITS)
    first = loaded["train"][0]
    assert first["window"].size[0] > 0
    assert first["text"] == f"{START_UNITS:07d}"


@pytest.mark.parametrize(
    ("days", "pictures_a_day", "expected"),
    [
        (20, 4, [64, 8, 8]),
        (10, 1, [8, 1, 1]),
        (2, 96, [153, 20, 19]),
        (1, 3, [1, 1, 1]),
        (1, 2, [2]),
        (1, 1, [1]),
    ],
)
def test_no_block_of_time_is_in_two_splits(days: int, pictures_a_day: int, expected: list[int]) -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    step = timedelta(days=1) / pictures_a_day
    taken = [start + step * number for number in range(days * pictures_a_day)]
    labels = pl.DataFrame({"taken_at": taken, "local_date": [at.date() for at in taken]})
    split = labels.with_columns(split=split_by_time(labels))
    sizes = split.group_by("split", maintain_order=True).len()["len"].to_list()
    assert len(sizes) == len(expected)
    assert all(abs(size - wanted) <= 4 for size, wanted in zip(sizes, expected, strict=True))
    block = "local_date" if days >= 10 else pl.col("taken_at").dt.truncate("1h")
    assert split.group_by(block).agg(pl.col("split").n_unique())["split"].max() == 1


def test_a_folder_with_brackets_in_its_name_is_made(drawn_meter: "DrawnMeter", tmp_path: Path) -> None:
    read_by_an_oracle(drawn_meter, 3)
    assert export_to(tmp_path / "meter [2026]")["train"] == 3


def test_without_the_archive_nothing_is_left(drawn_meter: "DrawnMeter", tmp_path: Path) -> None:
    read_by_an_oracle(drawn_meter, 3)
    shutil.rmtree(load_settings().archive)
    with pytest.raises(SettingsError, match="None of the pictures"):
        export_to(tmp_path / "dataset")
    assert not list(tmp_path.glob("*dataset*"))


def test_each_register_of_a_thinned_picture_keeps_its_own(drawn_meter: "DrawnMeter", tmp_path: Path) -> None:
    settings = load_settings()
    read_by_an_oracle(drawn_meter, 1)
    labels = list_labels.fn(settings, None, None)
    both = pl.concat([labels, labels.with_columns(register_id=pl.lit("home/1-0:2.8.0"))])
    for shade, register_id in enumerate(both["register_id"]):
        window = window_path(settings.archive, register_id, drawn_meter.key(0))
        window.parent.mkdir(parents=True)
        Image.new("RGB", (80, 20), (90 * shade, 0, 0)).save(window)
    (settings.archive / drawn_meter.key(0)).unlink()
    draft = begin_dataset.fn(tmp_path / "dataset")
    export_batch.fn(settings, both, draft, 0)
    rows = pl.read_parquet(draft / "data" / "*.parquet")
    assert rows["picture_file"].n_unique() == rows["picture_sha256"].n_unique() == 2
    for name, sha256 in rows.select("picture_file", "picture_sha256").iter_rows():
        assert hashlib.sha256((draft / name).read_bytes()).hexdigest() == sha256


def test_what_is_not_there_is_not_exported(drawn_meter: "DrawnMeter") -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)
    with pytest.raises(SettingsError, match="nothing to export"):
        list_labels.fn(settings, date(2026, 1, 1), None)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("full", [], "is not empty"),
        ("nowhere/dataset", [], "is no folder"),
        ("new", ["--from", "2026-02-01", "--to", "2026-01-01"], "earlier day first"),
    ],
)
def test_wrong_use_is_refused(home: Path, tmp_path: Path, name: str, options: list[str], says: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    command = [sys.executable, "-m", "flows.cli", "export", "--dataset", str(tmp_path / name), *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert says in answer.stderr


MOUNTED = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs disk "$0" && exec "$@"']


def test_an_empty_disks_own_folder_is_refused_before_the_work(home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = [*MOUNTED, str(disk)]
    if shutil.which("unshare") is None or subprocess.run([*mounted, "true"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    command = [sys.executable, "-m", "flows.cli", "export", "--dataset", str(disk)]
    answer = subprocess.run([*mounted, *command], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    said = " ".join(answer.stderr.split())
    assert f"is a disk's own folder. Name a new one in it: {disk / 'dataset'}." in said
