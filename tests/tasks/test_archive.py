import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from tasks.archive import Arrival, arrival_from_file, arrival_from_store, keep, time_of_name

BERLIN = ZoneInfo("Europe/Berlin")
TAKEN_AT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
NAIVE = datetime(2026, 11, 22, 11, 15)  # noqa: DTZ001
KEY = "images/cellar/20261122/20261122_101500Z_000001.jpg"


def a_jpeg(shade: int = 90) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, shade, shade)).save(stream, "JPEG")
    return stream.getvalue()


def arrival(key: str = KEY, data: bytes | None = None, taken_at: datetime | None = TAKEN_AT) -> Arrival:
    return Arrival(key, a_jpeg() if data is None else data, "cellar", taken_at, "name", "test")


@pytest.mark.parametrize(
    ("data", "taken_at", "reason"),
    [
        (a_jpeg(), TAKEN_AT, None),
        (b"", TAKEN_AT, "empty"),
        (b"no picture at all", TAKEN_AT, "not_a_picture"),
        (a_jpeg()[:-40], TAKEN_AT, "truncated"),
        (a_jpeg(), None, "no_time"),
        (a_jpeg(), TAKEN_AT + timedelta(days=1), "from_the_future"),
    ],
)
def test_every_file_is_kept_with_its_reason(
    tmp_path: Path, data: bytes, taken_at: datetime | None, reason: str | None
) -> None:
    row = keep(arrival(data=data, taken_at=taken_at), tmp_path, TAKEN_AT)
    assert row["reason"] == reason
    assert (tmp_path / str(row["picture_key"])).read_bytes() == data


def test_the_same_picture_twice_is_one_file(tmp_path: Path) -> None:
    keys = {keep(arrival(), tmp_path, TAKEN_AT)["picture_key"] for _ in range(3)}
    assert keys == {KEY}
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_other_bytes_under_a_taken_name_are_kept_beside(tmp_path: Path) -> None:
    first = keep(arrival(), tmp_path, TAKEN_AT)["picture_key"]
    second = keep(arrival(data=a_jpeg(120)), tmp_path, TAKEN_AT)["picture_key"]
    assert first == KEY
    assert str(second).startswith(KEY.removesuffix(".jpg") + "~")
    assert (tmp_path / str(first)).read_bytes() != (tmp_path / str(second)).read_bytes()


@pytest.mark.parametrize(
    ("key", "camera", "taken_at"),
    [
        (KEY, "cellar", TAKEN_AT),
        ("images/20261122_111500.png", "cellar", TAKEN_AT),
        ("images/20260722_121500.png", "cellar", datetime(2026, 7, 22, 10, 15, tzinfo=UTC)),
        ("images/attic/holiday.jpg", "attic", None),
        ("holiday.jpg", "cellar", None),
    ],
)
def test_a_key_tells_camera_and_time(key: str, camera: str, taken_at: datetime | None) -> None:
    found = arrival_from_store(key, a_jpeg(), "test", ["cellar"], BERLIN)
    assert (found.camera, found.taken_at) == (camera, taken_at)


@pytest.mark.parametrize(
    ("name", "taken_at"),
    [
        ("20261122_101500Z_000007", TAKEN_AT),
        ("IMG_20261122_111500", NAIVE),
        ("meter 2026-11-22T11.15.00", NAIVE),
        ("2026-11-22T11-15-00.123", NAIVE),
        ("2026-11-22T10-15-00.123Z", TAKEN_AT),
        ("2026-11-22T10-15-00-123Z", TAKEN_AT),  # JavaScript's, each mark made a dash
        ("20261122_101500_123456Z", TAKEN_AT),
        ("2026-11-22T10:15:00+00:00", TAKEN_AT),
        ("2026-11-22T11-15-00.123456+0100", TAKEN_AT),
        ("2026-11-22T11-15-00+01-00 meter", TAKEN_AT),
        ("2026-11-22 05:15:00-05:00", TAKEN_AT),
        ("20261122_111500-0500", NAIVE),  # counters, as motion and bursts have them
        ("20261122_111500-0001", NAIVE),
        ("20261122_111500+0001", NAIVE),
        ("20261122_111500_000123", NAIVE),
        ("20261122_111500_2Zaehler", NAIVE),
        ("0001-01-01T00-00-00+01-00", None),
        ("20261322_101500", None),
        ("20261322_101500.5+0100", None),
        ("meter", None),
    ],
)
def test_a_file_name_tells_the_time(name: str, taken_at: datetime | None) -> None:
    assert time_of_name(name) == taken_at


def test_an_import_gives_the_same_picture_the_same_key() -> None:
    keys = {
        arrival_from_file(Path(name), a_jpeg(), "cellar", (TAKEN_AT, "labels"), BERLIN).key
        for name in ("a.jpg", "b.jpg")
    }
    assert len(keys) == 1
