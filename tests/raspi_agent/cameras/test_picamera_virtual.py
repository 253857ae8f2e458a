"""The production adapter on the unmodified picamera2 and libcamera's virtual camera."""

import io
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.rendering.meter import MeterFace, draw_frame
from raspi_agent.cameras.camera import CameraError
from raspi_agent.cameras.isolated import IsolatedCamera
from raspi_agent.cameras.picamera import picamera_command
from raspi_agent.hardware_settings import PicameraSettings
from raspi_agent.picture_quality import judge_picture

ROOT = Path(os.environ.get("SMARTMETER_VIRTUAL_CAMERA", "/opt/smartmeter-virtual-camera"))
OURS = "opt/smartmeter"
VIRTUAL = Path(__file__).with_name("virtual")
ENOUGH_S = 60.0

pytestmark = [
    pytest.mark.virtual_camera,
    pytest.mark.skipif(
        not (ROOT / "opt/no_dma.so").exists() or os.geteuid() != 0,
        reason="the virtual camera is not set up, or this is not root: see docs/virtual_camera.md",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def frame() -> NDArray[np.uint8]:
    """What the camera sees: a drawn meter; and our own code, for the camera's process to find."""
    seen = draw_frame(MeterFace(width=1280, height=960, mirror="none"), 361_097.4, seed=1)
    Image.fromarray(seen).save(ROOT / "opt/frames/0.jpg", quality=95)
    shutil.rmtree(ROOT / OURS, ignore_errors=True)
    shutil.copytree(Path(__file__).parents[3] / "raspi_agent", ROOT / OURS / "raspi_agent")
    shutil.copy(VIRTUAL / "virtual_worker.py", ROOT / OURS)
    return seen


@pytest.fixture
def camera() -> Iterator[IsolatedCamera]:
    yield (opened := open_virtual())
    opened.close()


def open_virtual(*, keep_open: bool = True) -> IsolatedCamera:
    settings = PicameraSettings(width=1280, height=960, jpeg_quality=90)
    options = picamera_command(settings, Path("/tmp/home"))[-1]  # noqa: S108 - in the other root
    environment = ["LD_PRELOAD=/opt/no_dma.so", f"PYTHONPATH=/{OURS}:/opt/stubs"]
    worker = ["/opt/v/bin/python", f"/{OURS}/virtual_worker.py", options]
    command = ["chroot", str(ROOT), "/usr/bin/env", *environment, *worker]
    return IsolatedCamera(command, keep_open=keep_open, open_timeout_s=ENOUGH_S)


def pid_of(camera: IsolatedCamera) -> int:
    assert camera._worker
    return camera._worker._process.pid


def test_pictures_are_whole_and_show_what_is_before_the_camera(
    camera: IsolatedCamera, frame: NDArray[np.uint8]
) -> None:
    shots = [camera.capture(ENOUGH_S) for _ in range(3)]
    for shot in shots:
        assert judge_picture(shot.data) is None
        picture = np.asarray(Image.open(io.BytesIO(shot.data)).convert("RGB"), np.int16)
        assert np.abs(picture - frame).mean() < 4
        assert shot.taken_at is None
        assert shot.details["model"] == "virtual-meter"
        assert shot.details["sensor_timestamp_ns"] <= time.monotonic_ns()
    timestamps = [shot.details["sensor_timestamp_ns"] for shot in shots]
    assert timestamps == sorted(set(timestamps))


@pytest.mark.parametrize(
    "number", [signal.SIGSTOP, signal.SIGABRT, signal.SIGKILL], ids=lambda each: each.name
)
def test_a_camera_that_hangs_or_dies_gives_its_next_picture(
    camera: IsolatedCamera, number: signal.Signals
) -> None:
    camera.capture(ENOUGH_S)
    os.kill(pid_of(camera), number)
    with pytest.raises(CameraError, match=r"was stopped|process ended"):
        camera.capture(1)
    assert judge_picture(camera.capture(ENOUGH_S).data) is None


def test_a_camera_is_let_go_and_opened_again() -> None:
    camera = open_virtual(keep_open=False)
    for _ in range(2):
        assert judge_picture(camera.capture(ENOUGH_S).data) is None
    camera.close()
    camera.capture(ENOUGH_S)
    camera.close()
