"""`raspi_agent.cameras.picamera_worker`, but for libcamera's virtual camera, which lacks a few things."""

import sys
from typing import Any

import libcamera
from picamera2 import Picamera2
from picamera2.allocators import LibcameraAllocator

from raspi_agent.cameras.picamera_source import PicameraSource
from raspi_agent.cameras.picamera_worker import parse_options
from raspi_agent.cameras.worker import serve


class VirtualPicamera2(Picamera2):  # type: ignore[misc] # it ships no types
    """picamera2 for a camera without raw frames, on a machine without a heap for cameras."""

    def __init__(self, index: int) -> None:
        super().__init__(index, allocator=object())
        self.allocator = LibcameraAllocator(self.camera)

    def stop(self) -> None:
        """Stream on: libcamera's virtual camera crashes in about every thirtieth start after a stop."""

    def close(self) -> None:
        super().stop()
        super().close()

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        formats = self.camera.generate_configuration([libcamera.StreamRole.StillCapture]).at(0).formats
        return [
            {"format": str(each), "size": (size.width, size.height)}
            for each in formats.pixel_formats
            for size in formats.sizes(each)
        ]


if __name__ == "__main__":
    options = parse_options(sys.argv[1])
    sys.exit(serve(lambda: PicameraSource(VirtualPicamera2(options.index), options)))
