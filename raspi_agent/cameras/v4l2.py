"""Webcams, through the program v4l2-ctl: no library, and nothing of the driver in our own process."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raspi_agent.cameras.camera import CameraError, CameraStuck, Shot
from raspi_agent.picture_bytes import is_complete_jpeg, jpeg_segments, sniff
from raspi_agent.process_group import ProcessStuck, run_within

_BUFFERS = 3
_TABLES = 0xC4
_SCAN = 0xDA
# Annex K.3 of the JPEG standard, as four DHT segments.
_STANDARD_TABLES = base64.b64decode(
    "/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJx"
    "FDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqD"
    "hIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6"
    "/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMi"
    "MoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6"
    "goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6"
)


class V4l2Camera:
    """A webcam that gives JPEGs; see `Camera`.

    Args:
        device: `/dev/video0`, or better the name under `/dev/v4l/by-id` that survives replugging.
        width: pixels; the camera takes the nearest size it has.
        height: pixels.
        settle_frames: frames to pass before the one kept, for exposure and colours to settle.
        program: what to run.
    """

    is_live = True

    def __init__(
        self, device: Path, *, width: int, height: int, settle_frames: int, program: str = "v4l2-ctl"
    ) -> None:
        self._device = device
        self._command = (
            program,
            f"--device={device}",
            f"--set-fmt-video=width={width},height={height},pixelformat=MJPG",
            f"--stream-mmap={_BUFFERS}",
            f"--stream-skip={settle_frames}",
            "--stream-count=1",
            "--stream-to=-",
        )

    def capture(self, timeout_s: float) -> Shot:
        """The picture the camera sees now; see `Camera.capture`."""
        try:
            ended = run_within(self._command, timeout_s)
        except FileNotFoundError as error:
            raise CameraError("v4l2-ctl is missing: sudo apt install v4l-utils") from error
        except TimeoutError as error:
            message = f"the webcam {self._device} gave no picture in time; plug it in again if this stays"
            raise CameraError(message) from error
        except ProcessStuck as error:
            message = (
                f"the webcam {self._device} cannot be let go: {error}; this machine has to be started anew"
            )
            raise CameraStuck(message) from error
        except OSError as error:
            message = f"v4l2-ctl cannot be started: {error}"
            raise CameraError(message) from error
        data = ended.stdout
        if sniff(data) == "image/jpeg" and is_complete_jpeg(data):
            return Shot(_with_tables(data), details={"device": str(self._device)})
        raise CameraError(self._explain(data, ended.stderr.decode(errors="replace").strip()))

    def keep(self, details: Mapping[str, Any]) -> None:
        """Every picture is a new one; see `Camera.keep`."""

    def close(self) -> None:
        """Nothing is held; see `Camera.close`."""

    def _explain(self, data: bytes, complaints: str) -> str:
        last = complaints.splitlines()[-1][:200] if complaints else ""
        if "cannot open" in complaints.lower():
            remedy = f"is it plugged in, and is this user in the group video? ({last})"
        elif "busy" in complaints.lower():
            remedy = f"another program uses it ({last})"
        elif sniff(data) == "image/jpeg":
            remedy = "its JPEG has no end; a shorter cable or a smaller picture helps"
        elif data:
            remedy = f"it gives no JPEGs; v4l2-ctl --list-formats-ext -d {self._device} shows what it can"
        else:
            remedy = last or "v4l2-ctl does not say why"
        return f"the webcam {self._device} gives no picture: {remedy}"


def _with_tables(data: bytes) -> bytes:
    """The same JPEG with its Huffman tables: webcams leave out those that the standard suggests."""
    segments = list(jpeg_segments(data))
    if any(marker == _TABLES for marker, _, _ in segments):
        return data
    at = next(start for marker, start, _ in segments if marker == _SCAN)
    return data[:at] + _STANDARD_TABLES + data[at:]
