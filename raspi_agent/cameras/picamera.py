"""The camera on a Raspberry Pi's ribbon cable, held by picamera2 in a process of its own."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raspi_agent.cameras.isolated import IsolatedCamera

if TYPE_CHECKING:
    from raspi_agent.hardware_settings import PicameraSettings

FILE_NAME = "camera.json"  # what the worker has settled on, in the home folder

_HELD_BELOW_MINUTES = 5  # for longer pauses, starting anew costs less than holding the camera and its memory
_OPEN_S = 60.0  # a Zero 2 W needs about ten


def picamera_command(settings: "PicameraSettings", home: Path, index: int = 0) -> list[str]:
    """The program that holds the camera: what `IsolatedCamera` runs.

    Args:
        settings: the table `[picamera2]`.
        home: the home folder, where the settled exposure is kept.
        index: which camera, where there are several.
    """
    options: Mapping[str, Any] = {
        "index": index,
        "width": settings.width,
        "height": settings.height,
        "jpeg_quality": settings.jpeg_quality,
        "mirror": settings.mirror,
        "lens_dioptres": settings.lens_dioptres,
        "settle_frames": settings.settle_frames,
        "exposure_locked": settings.exposure_locked,
        "settled_file": str((home / FILE_NAME).absolute()),
    }
    return [sys.executable, "-m", "raspi_agent.cameras.picamera_worker", json.dumps(options)]


def open_picamera(
    settings: "PicameraSettings", home: Path, *, index: int = 0, interval_minutes: int = 0
) -> IsolatedCamera:
    """The camera; nothing is asked of it yet.

    Args:
        settings: the table `[picamera2]`.
        home: the home folder.
        index: which camera, where there are several.
        interval_minutes: between two pictures, 0 when there is no interval.
    """
    keep_open = settings.keep_open == "always" or (
        settings.keep_open == "auto" and 0 < interval_minutes < _HELD_BELOW_MINUTES
    )
    command = picamera_command(settings, home, index)
    return IsolatedCamera(command, open_timeout_s=_OPEN_S, keep_open=keep_open)
