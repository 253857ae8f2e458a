import json
from pathlib import Path

import pytest
from PIL import Image

from models.picture import decode_picture
from tasks.kept_windows import window_path
from tasks.proof_pictures import Source, full_picture, make_small, small_name, window_picture

KEY = "images/cellar/20261122/20261122_101500Z_000001.jpg"
REGISTER = "home/1-0:1.8.0"
CORNERS = json.dumps([[100, 100], [500, 100], [500, 180], [100, 180]])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One picture, with the place where it was taken in its EXIF."""
    path = tmp_path / "archive" / KEY
    path.parent.mkdir(parents=True)
    image = Image.new("RGB", (1296, 972), "grey")
    exif = image.getexif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"
    image.save(path, "JPEG", exif=exif, comment=b"mine")
    return tmp_path / "archive"


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        assert not image.getexif()
        assert "comment" not in image.info
        return image.size


def test_small_pictures_are_bounded_and_tell_nothing_but_themselves(archive: Path, tmp_path: Path) -> None:
    source = Source(archive, REGISTER, KEY, CORNERS)
    assert make_small(source, tmp_path, "frame")
    assert make_small(source, tmp_path, "evidence")
    assert size_of(tmp_path / small_name(KEY, "frame")) == (320, 240)
    assert size_of(tmp_path / small_name(KEY, "evidence")) == (640, 480)
    assert size_of(tmp_path / small_name(KEY, "window")) == (320, 64)


@pytest.mark.parametrize("corners", [None, "", "[]", "[[0, 0], [1, 1]]", "[[-9, 0], [9, 0], [9, 9], [0, 9]]"])
def test_without_a_usable_window_the_frame_alone_is_shown(
    archive: Path, tmp_path: Path, corners: str | None
) -> None:
    source = Source(archive, REGISTER, KEY, corners)
    assert make_small(source, tmp_path, "frame")
    assert not (tmp_path / small_name(KEY, "window")).exists()
    assert window_picture(source) is None
    assert full_picture(source) is not None


@pytest.mark.parametrize("data", [None, b"", b"no picture", b"\xff\xd8\xff\xe0half"])
def test_a_picture_that_is_gone_or_damaged_is_left_out(
    archive: Path, tmp_path: Path, data: bytes | None
) -> None:
    (archive / KEY).unlink()
    if data is not None:
        (archive / KEY).write_bytes(data)
    source = Source(archive, REGISTER, KEY, CORNERS)
    assert not make_small(source, tmp_path / "small", "frame")
    assert full_picture(source) is None
    assert not (tmp_path / "small").exists()


def test_a_thinned_picture_is_shown_by_its_window(archive: Path, tmp_path: Path) -> None:
    (archive / KEY).unlink()
    kept = archive / "windows" / "home_1-0.1.8.0" / "cellar/20261122/20261122_101500Z_000001.jpg.png"
    kept.parent.mkdir(parents=True)
    Image.new("RGB", (400, 80), "grey").save(kept)
    assert make_small(Source(archive, REGISTER, KEY, CORNERS), tmp_path, "frame")
    assert size_of(tmp_path / small_name(KEY, "frame")) == (320, 64)
    assert not (tmp_path / small_name(KEY, "window")).exists()


def test_a_thinned_picture_shows_the_register_that_it_proves_and_no_other(
    archive: Path, tmp_path: Path
) -> None:
    (archive / KEY).unlink()
    for register, colour in {"home/1-0:1.8.0": "red", "home/1-0:2.8.0": "blue"}.items():
        kept = window_path(archive, register, KEY)
        kept.parent.mkdir(parents=True)
        Image.new("RGB", (400, 80), colour).save(kept)
    shown = full_picture(Source(archive, "home/1-0:2.8.0", KEY, CORNERS))
    assert shown is not None
    red, _, blue = decode_picture(shown).mean((0, 1))
    assert (red < 9, blue > 240) == (True, True)
    other = Source(archive, "garden/1-0:1.8.0", KEY, CORNERS)
    assert full_picture(other) is None
    assert not make_small(other, tmp_path, "frame")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (KEY, "cellar-20261122-20261122_101500Z_000001-frame.jpg"),
        ("images/cellar/20261122/u1a2b3c4_55_000002.png", "cellar-20261122-u1a2b3c4_55_000002-frame.jpg"),
    ],
)
def test_the_file_of_a_small_picture_tells_its_picture(key: str, name: str) -> None:
    assert small_name(key, "frame") == name
