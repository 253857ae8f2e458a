"""The program that holds a Raspberry Pi's camera, and dies in the agent's stead."""

import json
import sys
from pathlib import Path

from raspi_agent.cameras.picamera_source import PicameraOptions, PicameraSource
from raspi_agent.cameras.worker import serve


def main(arguments: list[str]) -> int:
    """Hold the camera until the agent hangs up.

    Args:
        arguments: the options, as `picamera_command` writes them.
    """
    options = parse_options(arguments[0])
    return serve(lambda: _open(options))


def parse_options(text: str) -> PicameraOptions:
    """The options of one argument."""
    fields = json.loads(text)
    return PicameraOptions(**{**fields, "settled_file": Path(fields["settled_file"])})


def _open(options: PicameraOptions) -> PicameraSource:
    """Open the camera.

    Raises:
        RuntimeError: picamera2 is missing, or there is no camera.
    """
    try:
        import libcamera  # noqa: PLC0415 - only here, and only on a Raspberry Pi
        from picamera2 import Picamera2  # noqa: PLC0415
        from picamera2.request import CompletedRequest  # noqa: PLC0415
    except ImportError as error:
        message = (
            f"picamera2 is missing ({error}): sudo apt install python3-picamera2 --no-install-recommends,"
            " and a virtual environment made with --system-site-packages"
        )
        raise RuntimeError(message) from error
    if len(Picamera2.global_camera_info()) <= options.index:
        message = (
            f"there is no camera {options.index}: is the ribbon cable in, its contacts facing the right way?"
            " `rpicam-hello --list-cameras` shows what there is"
        )
        raise RuntimeError(message)
    # until 2024, picamera2 could make JPEGs of RGB alone, which takes twice the memory
    pixel_format = "YUV420" if hasattr(CompletedRequest, "FASTER_JPEG") else "RGB888"
    transform = libcamera.Transform(hflip=True) if options.mirror else None
    return PicameraSource(Picamera2(options.index), options, pixel_format=pixel_format, transform=transform)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
