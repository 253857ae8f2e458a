import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.folder import FolderCamera
from raspi_agent.capture_facts import CaptureFacts, embed_facts

NOBODY = 65534
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of its own
WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


@pytest.fixture
def camera(folder: Path) -> FolderCamera:
    return FolderCamera(folder, folder.parent / "state" / "seen")


def put(path: Path, data: bytes, written_at: datetime = WRITTEN) -> None:
    path.write_bytes(data)
    os.utime(path, (written_at.timestamp(),) * 2)


def all_of(camera: FolderCamera) -> list[bytes]:
    pictures: list[bytes] = []
    while True:
        try:
            shot = camera.capture(1)
        except CameraError:
            return pictures
        pictures.append(shot.data)
        camera.keep(shot.details)


def test_pictures_come_by_name_each_once_across_restarts(
    camera: FolderCamera, folder: Path, tmp_path: Path, jpeg: Callable[..., bytes]
) -> None:
    for name in ("b.jpg", "c.jpg", "a.jpg"):
        put(folder / name, jpeg(name.encode()))
    assert all_of(camera) == [jpeg(b"a.jpg"), jpeg(b"b.jpg"), jpeg(b"c.jpg")]
    put(folder / "0.jpg", jpeg(b"late"))
    put(folder / "a.jpg", jpeg(b"a changed"))
    again = FolderCamera(folder, tmp_path / "state" / "seen")
    assert all_of(again) == [jpeg(b"late"), jpeg(b"a changed")]
    assert len(list(folder.iterdir())) == 4


def test_a_picture_is_given_again_until_it_is_safe(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes]
) -> None:
    put(folder / "a.jpg", jpeg())
    assert camera.capture(1) == camera.capture(1)


def test_unfinished_files_wait_and_files_that_are_no_pictures_are_passed_over(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes]
) -> None:
    put(folder / "0.txt", b"a note")
    put(folder / "1.jpg.part", jpeg())
    put(folder / "2.jpg", jpeg(), datetime.fromtimestamp(time.time(), tz=UTC))
    (folder / "3.jpg").mkdir()
    put(folder / "4.jpg", jpeg(b"finished"))
    assert all_of(camera) == [jpeg(b"finished")]


@pytest.mark.parametrize(
    ("name", "facts", "taken_at"),
    [
        ("a.jpg", None, WRITTEN),
        ("20260102_030405Z_x.jpg", None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("20261302_030405Z.jpg", None, WRITTEN),
        ("20260102_030405.jpg", None, WRITTEN),
        (
            "20260102_030405Z.jpg",
            CaptureFacts(camera="x", taken_at=WRITTEN.replace(hour=1), clock_synchronised=True),
            WRITTEN.replace(hour=1),
        ),
        ("a.jpg", CaptureFacts(camera="x", taken_at=WRITTEN.replace(hour=1)), WRITTEN),
    ],
)
def test_when_a_picture_was_taken(
    camera: FolderCamera,
    jpeg: Callable[..., bytes],
    name: str,
    facts: CaptureFacts | None,
    taken_at: datetime,
) -> None:
    put(camera.folder / name, embed_facts(jpeg(), facts) if facts else jpeg())
    assert camera.capture(1).taken_at == taken_at


def test_what_left_the_folder_is_forgotten(
    camera: FolderCamera, folder: Path, tmp_path: Path, jpeg: Callable[..., bytes]
) -> None:
    for number in range(5):
        put(folder / f"{number}.jpg", jpeg(b"%d" % number))
        all_of(camera)
        (folder / f"{number}.jpg").unlink()
    assert (tmp_path / "state" / "seen").read_bytes().count(b".jpg") == 1


def test_what_earlier_settings_remember_is_taken_over_as_far_as_it_can_be_read(
    camera: FolderCamera, folder: Path, tmp_path: Path, jpeg: Callable[..., bytes]
) -> None:
    for name in ("a.jpg", "b.jpg"):
        put(folder / name, jpeg(name.encode()))
        all_of(camera)
    put(folder / "c.jpg", jpeg(b"new"))
    put(tmp_path / "a file", b"")
    earlier = (tmp_path / "a file" / "seen", tmp_path / "gone" / "seen", tmp_path / "state" / "seen")
    assert all_of(FolderCamera(folder, tmp_path / "here", earlier_seen_files=earlier)) == [jpeg(b"new")]
    assert all_of(FolderCamera(folder, tmp_path / "here")) == []


def test_a_share_that_goes_away_between_picture_and_note_makes_nothing_forgotten(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes]
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(folder / name, jpeg())
    for _ in range(2):
        camera.keep(camera.capture(1).details)
    shot = camera.capture(1)
    away = folder.rename(folder.with_name("away"))
    camera.keep(shot.details)
    away.rename(folder)
    assert all_of(camera) == []


def test_a_file_that_may_not_be_read_holds_up_no_other_and_is_told_once(
    jpeg: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is for one user alone
        folder, is_root = Path(name), os.geteuid() == 0
        for each in ("a.jpg", "b.jpg"):
            put(folder / each, jpeg(each.encode()))
        (folder / "a.jpg").chmod(0)
        for path in (folder, *folder.iterdir()) if is_root else ():
            os.chown(path, NOBODY, NOBODY)
        if is_root:
            os.seteuid(NOBODY)
        try:
            camera = FolderCamera(folder, folder / "state" / "seen")
            assert all_of(camera) == [jpeg(b"b.jpg")]
            with pytest.raises(CameraError, match=r"no new picture in .*, and 1 of its files can't be read"):
                camera.capture(1)
            assert caplog.text.count("a.jpg is passed over") == 1
            (folder / "a.jpg").chmod(0o600)
            assert all_of(camera) == [jpeg(b"a.jpg")]
            put(folder / "c.jpg", jpeg())
            (folder / "c.jpg").chmod(0)
            assert all_of(camera) == []
            (folder / "c.jpg").unlink()
            with pytest.raises(CameraError, match=r"there is no new picture in [^,]*$"):
                camera.capture(1)
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize("start", [b"RIFF....AVI ", b"\xff\xd8\xff\xe0"], ids=["avi", "mjpeg"])
def test_a_film_is_passed_over_unread(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes], start: bytes
) -> None:
    put(folder / "a film", start)
    os.truncate(folder / "a film", 1 << 40)  # a terabyte: more than any memory
    os.utime(folder / "a film", (WRITTEN.timestamp(),) * 2)
    put(folder / "b.jpg", jpeg())
    assert all_of(camera) == [jpeg()]


def test_a_picture_of_64_megabytes_is_taken(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes]
) -> None:
    put(folder / "a.jpg", jpeg())
    for size, taken in ((64_000_000, 1), (64_000_001, 0)):
        os.truncate(folder / "a.jpg", size)
        os.utime(folder / "a.jpg", (WRITTEN.timestamp(),) * 2)
        assert [len(data) for data in all_of(camera)] == [size] * taken


@pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason="needs a disk that takes any date")
@pytest.mark.parametrize("seconds", [1e12, -1e11, 1e17])
def test_a_date_that_cannot_be_holds_up_no_other_picture(
    jpeg: Callable[..., bytes], caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        for each in ("a.jpg", "b.jpg", "20260102_030405Z.jpg"):
            put(folder / each, jpeg(each.encode()))
        for each in ("a.jpg", "20260102_030405Z.jpg"):
            os.utime(folder / each, (seconds, seconds))
        camera = FolderCamera(folder, folder / "state" / "seen")
        assert all_of(camera) == [jpeg(b"20260102_030405Z.jpg"), jpeg(b"b.jpg")]
        assert "a.jpg is passed over: its date can't be" in caplog.text


def test_a_name_that_is_not_utf8_is_taken_once_and_can_be_written_down(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes]
) -> None:
    put(folder / os.fsdecode(b"Z\xe4hler.jpg"), jpeg())
    assert camera.capture(1).details["source"].encode().startswith(rb"Z\xe4hler.jpg/")
    put(folder / "Zähler.jpg", jpeg())
    assert len(all_of(camera)) == 2
    assert all_of(FolderCamera(folder, folder.parent / "state" / "seen")) == []


def test_one_broken_file_holds_up_no_other(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.jpg").symlink_to("a.jpg")
    (folder / "b.jpg").symlink_to("nowhere")
    put(folder / "c.jpg", jpeg())
    assert all_of(camera) == [jpeg()]
    with pytest.raises(CameraError, match="and 1 of its files can't be read"):
        camera.capture(1)
    assert caplog.messages == [f"{folder / 'a.jpg'} is passed over: Too many levels of symbolic links"]


def test_files_beside_the_pictures_are_passed_over_together(
    camera: FolderCamera, folder: Path, jpeg: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1000):
        put(folder / f"{number:04}.xml", b"what moved")
    put(folder / "a.jpg", jpeg())
    assert all_of(camera) == [jpeg()]
    assert caplog.messages == [
        f"{folder / '0000.xml'} is passed over: it is no picture, or over 64 MB, and so are 999 more"
    ]


def test_a_missing_folder_is_a_camera_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="gives no pictures"):
        FolderCamera(tmp_path / "nowhere", tmp_path / "seen").capture(1)
