import io
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.v4l2 import V4l2Camera
from raspi_agent.picture_bytes import jpeg_segments

Play = Callable[[str], V4l2Camera]
DEVICE = Path("/dev/video7")


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A function that makes a webcam whose v4l2-ctl is the Python program given."""

    def camera(program: str) -> V4l2Camera:
        path = tmp_path / "v4l2-ctl"
        path.write_text(f"#!{sys.executable} -S\nimport os, sys, time\n{program}\n")
        path.chmod(0o755)
        return V4l2Camera(DEVICE, width=1280, height=720, settle_frames=10, program=str(path))

    return camera


def photograph(*, without_tables: bool = False) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(file, "JPEG")
    data = file.getvalue()
    for marker, start, end in reversed(list(jpeg_segments(data)) if without_tables else []):
        if marker == 0xC4:
            data = data[:start] + data[end:]
    return data


def giving(data: bytes) -> str:
    return f"os.write(1, {data!r})"


def test_a_picture_comes_after_the_settling_frames(play: Play, tmp_path: Path) -> None:
    data = photograph()
    camera = play(f"open({str(tmp_path / 'asked')!r}, 'w').write(' '.join(sys.argv[1:])); {giving(data)}")
    shot = camera.capture(20)
    assert shot.data == data
    assert shot.details == {"device": "/dev/video7"}
    assert (tmp_path / "asked").read_text() == (
        "--device=/dev/video7 --set-fmt-video=width=1280,height=720,pixelformat=MJPG"
        " --stream-mmap=3 --stream-skip=10 --stream-count=1 --stream-to=-"
    )
    camera.close()


def test_a_webcam_s_jpeg_gets_the_tables_that_it_leaves_out(play: Play) -> None:
    whole = photograph()
    given = photograph(without_tables=True)
    assert len(given) < len(whole) - 400
    shot = play(giving(given + bytes(100))).capture(20)
    assert Image.open(io.BytesIO(shot.data)).tobytes() == Image.open(io.BytesIO(whole)).tobytes()
    assert shot.data == whole + bytes(100)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (giving(bytes(1000)), "gives no JPEGs; v4l2-ctl --list-formats-ext -d /dev/video7 shows"),
        (giving(photograph()[:-20]), "its JPEG has no end; a shorter cable"),
        ("", "v4l2-ctl does not say why"),
        (
            "sys.exit('Cannot open device /dev/video7, exiting.')",
            "is it plugged in, and is this user in the group video. .Cannot open device",
        ),
        (
            "sys.exit('VIDIOC_REQBUFS returned -1 (Device or resource busy)')",
            "another program uses it .VIDIOC_REQBUFS returned -1 .Device or resource busy",
        ),
        ("sys.exit('VIDIOC_STREAMON: failed: Input/output error')", "STREAMON: failed: Input/output error"),
    ],
)
def test_trouble_is_told_with_a_remedy(play: Play, program: str, message: str) -> None:
    with pytest.raises(CameraError, match=f"the webcam /dev/video7 gives no picture: .*{message}"):
        play(program).capture(20)


def test_a_webcam_that_hangs_ends_at_the_deadline(play: Play) -> None:
    started_s = time.monotonic()
    with pytest.raises(CameraError, match="gave no picture in time; plug it in again"):
        play("time.sleep(600)").capture(0.3)
    assert time.monotonic() - started_s < 1.3


def test_the_program_is_missing() -> None:
    camera = V4l2Camera(DEVICE, width=640, height=480, settle_frames=0, program="/nowhere/v4l2-ctl")
    with pytest.raises(CameraError, match="v4l2-ctl is missing: sudo apt install v4l-utils"):
        camera.capture(1)


@pytest.mark.skipif(not shutil.which("v4l2-ctl"), reason="v4l2-ctl is not installed (apt install v4l-utils)")
def test_the_real_program_understands_what_it_is_asked(tmp_path: Path) -> None:
    missing = tmp_path / "video"
    assert not os.path.lexists(missing)
    with pytest.raises(CameraError, match=r"is it plugged in.*Cannot open device"):
        V4l2Camera(missing, width=640, height=480, settle_frames=2).capture(10)
