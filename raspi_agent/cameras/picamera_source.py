"""Taking pictures with picamera2: exposure and focus settle once a day, every frame's record is checked."""

import io
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from raspi_agent.cameras.camera import Shot
from raspi_agent.cameras.settled_controls import SettledControls, load_settled, save_settled, settled_from
from raspi_agent.picture_bytes import is_complete_jpeg
from raspi_agent.picture_quality import judge_picture

_LONGEST_EXPOSURE_US = 200_000  # in a dark cupboard the camera would stretch it until its stream dies
_SHORTEST_FRAME_US = 33_333
_BUFFERS = 2  # of a few: memory that cameras can use is scarce on a Pi
_MOST_SETTLING_FRAMES = 90
_STEADY_FRAMES = 3
_STEADY_WITHIN = 0.02
_FRAMES_TO_OBEY = 12  # controls take effect a few frames late
_AF_MANUAL, _AF_AUTO = 0, 1

_DETAILS = {
    "ExposureTime": "exposure_us",
    "AnalogueGain": "analogue_gain",
    "DigitalGain": "digital_gain",
    "ColourGains": "colour_gains",
    "ColourTemperature": "colour_temperature_k",
    "LensPosition": "lens_dioptres",
    "FocusFoM": "focus_score",
    "Lux": "lux",
    "SensorTemperature": "sensor_temperature_c",
    "SensorTimestamp": "sensor_timestamp_ns",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PicameraOptions:
    """The table `[picamera2]` of the agent's settings, and what goes with it.

    Attributes:
        index: which camera, where there are several.
        width: pixels.
        height: pixels.
        jpeg_quality: 50 to 100.
        mirror: turn the picture back that a mirror has turned.
        lens_dioptres: where the lens is to stand; None lets the camera focus.
        settle_frames: frames to pass before the one kept.
        exposure_locked: settle exposure and colours once a day and keep them in between.
        settled_file: where they are kept.
    """

    index: int
    width: int
    height: int
    jpeg_quality: int
    mirror: bool
    lens_dioptres: float | None
    settle_frames: int
    exposure_locked: bool
    settled_file: Path


class PicameraSource:
    """A camera that streams only while a picture is taken; see `Source`.

    Args:
        camera: a `picamera2.Picamera2`, open and not yet configured.
        options: what is asked of it.
        pixel_format: one that this picamera2 can make a JPEG of.
        transform: a `libcamera.Transform`, None for none.
        today: the day for which it settles.
    """

    def __init__(
        self,
        camera: Any,  # noqa: ANN401 - picamera2 ships no types, and is on no other machine
        options: PicameraOptions,
        *,
        pixel_format: str = "YUV420",
        transform: object = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._camera = camera
        self._options = options
        self._today = today
        self._settled: tuple[date, SettledControls] | None = None
        size = (options.width, options.height)
        configuration = camera.create_still_configuration(
            main={"size": size, "format": pixel_format},
            raw={"size": size},  # picks the sensor's mode that sees the whole field
            buffer_count=_BUFFERS,
            queue=False,  # no frame from before it was asked for
            **({} if transform is None else {"transform": transform}),
        )
        camera.configure(configuration)
        camera.options["quality"] = options.jpeg_quality
        properties = camera.camera_properties
        self._model = str(properties.get("Model", ""))
        self._configuration = {
            "model": self._model,
            "size": list(size),
            "lens_dioptres": options.lens_dioptres,
            "exposure_locked": options.exposure_locked,
        }

    def shoot(self, within_s: float) -> Shot:
        """A picture of now; see `Source.shoot`."""
        started_ns = time.monotonic_ns()
        ends_at_s = time.monotonic() + within_s
        settled = self._load_settled()
        self._set(self._controls(settled))
        self._camera.start()
        try:
            if settled is None:
                self._settle(ends_at_s)
            else:
                for _ in range(self._options.settle_frames):
                    self._metadata(ends_at_s)
            wanted = settled or SettledControls(lens_dioptres=self._options.lens_dioptres)
            request, metadata = self._take(wanted, started_ns, ends_at_s)
        finally:
            self._camera.stop()
        data = _encode(request)  # after the stop, so that the frame's buffer is not asked for another
        quality = judge_picture(data)
        if settled is None and quality is None:
            self._keep_settled(settled_from(metadata))
        elif quality is not None:  # the light has changed: settle anew for the next one
            self._forget_settled()
        return Shot(data, details=self._details(metadata, settled))

    def close(self) -> None:
        """Let go of the camera; see `Source.close`."""
        try:
            self._camera.close()
        except Exception:  # noqa: BLE001 - it is the last thing this process does
            _log.exception("the camera was not closed as it should")

    def _settle(self, ends_at_s: float) -> None:
        """Let exposure, colours and focus come to rest, for at most half the time there is."""
        gives_up_at_s = time.monotonic() + (ends_at_s - time.monotonic()) / 2
        if self._focuses():
            found = self._camera.autofocus_cycle(wait=_left_s(ends_at_s))
            _log.info("autofocus: %s", "found" if found else "not found")
        before: Mapping[str, Any] = {}
        steady = 0
        for count in range(1, _MOST_SETTLING_FRAMES + 1):
            metadata = self._metadata(ends_at_s)
            steady = steady + 1 if _is_steady(before, metadata) else 0
            before = metadata
            if count >= self._options.settle_frames and steady >= _STEADY_FRAMES:
                return
            if time.monotonic() > gives_up_at_s:
                break
        _log.info("the exposure has not come to rest")

    def _take(
        self, wanted: SettledControls, started_ns: int, ends_at_s: float
    ) -> tuple[Any, Mapping[str, Any]]:
        """The first frame that began after the start and obeys the controls, else the last one tried."""
        for left in range(_FRAMES_TO_OBEY, -1, -1):
            request = self._camera.capture_request(wait=_left_s(ends_at_s))
            metadata = request.get_metadata()
            obeys = wanted.agree_with(metadata)
            if _began_after(metadata, started_ns) and (obeys or left == 0):
                return request, {**metadata, "obeys": obeys}
            request.release()
        raise TimeoutError("the camera gives only old frames")

    def _metadata(self, ends_at_s: float) -> Mapping[str, Any]:
        metadata: Mapping[str, Any] = self._camera.capture_metadata(wait=_left_s(ends_at_s))
        return metadata

    def _set(self, controls: Mapping[str, Any]) -> None:
        """Set those that this camera has; they hold from the next start on."""
        self._camera.set_controls(
            {name: value for name, value in controls.items() if name in self._camera.camera_controls}
        )

    def _controls(self, settled: SettledControls | None) -> dict[str, Any]:
        controls: dict[str, Any] = {
            "FrameDurationLimits": (_SHORTEST_FRAME_US, _LONGEST_EXPOSURE_US),
            "AeEnable": True,
            "AwbEnable": True,
            "ExposureTime": 0,  # as "by yourself" is spelt
            "AnalogueGain": 0.0,
        }
        if settled and settled.exposure_us and settled.analogue_gain:
            controls |= {
                "AeEnable": False,
                "ExposureTime": settled.exposure_us,
                "AnalogueGain": settled.analogue_gain,
            }
        if settled and settled.colour_gains:
            controls |= {"AwbEnable": False, "ColourGains": settled.colour_gains}
        lens = self._options.lens_dioptres
        if lens is None and settled:
            lens = settled.lens_dioptres
        if lens is not None:
            controls |= {"AfMode": _AF_MANUAL, "LensPosition": lens}
        elif self._focuses():
            controls["AfMode"] = _AF_AUTO
        return controls

    def _focuses(self) -> bool:
        return self._options.lens_dioptres is None and "AfMode" in self._camera.camera_controls

    def _load_settled(self) -> SettledControls | None:
        today = self._today()
        if self._settled and self._settled[0] == today:
            return self._settled[1]
        settled = load_settled(self._options.settled_file, today, self._configuration)
        self._settled = (today, settled) if settled else None
        return settled

    def _keep_settled(self, settled: SettledControls) -> None:
        if not self._options.exposure_locked:
            if not self._focuses():
                return
            settled = SettledControls(lens_dioptres=settled.lens_dioptres)
        if self._options.lens_dioptres is not None:
            settled = replace(settled, lens_dioptres=self._options.lens_dioptres)
        self._settled = (self._today(), settled)
        try:
            save_settled(self._options.settled_file, self._today(), self._configuration, settled)
        except OSError as error:
            _log.warning("what the camera has settled on is not kept: %s", error)

    def _forget_settled(self) -> None:
        self._settled = None
        try:
            self._options.settled_file.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("what the camera had settled on is not forgotten: %s", error)

    def _details(self, metadata: Mapping[str, Any], settled: SettledControls | None) -> dict[str, Any]:
        locked = settled is not None and settled.exposure_us is not None
        exposure = "not as set" if not metadata["obeys"] else "locked" if locked else "automatic"
        details: dict[str, Any] = {"model": self._model, "exposure": exposure}
        for name, ours in _DETAILS.items():
            value = metadata.get(name)
            numbers = value if isinstance(value, (tuple, list)) else (value,)
            if all(isinstance(each, (int, float)) and math.isfinite(each) for each in numbers):
                rounded = [each if isinstance(each, int) else round(each, 4) for each in numbers]
                details[ours] = rounded if isinstance(value, (tuple, list)) else rounded[0]
        return details


def _encode(request: Any) -> bytes:  # noqa: ANN401 - a picamera2.request.CompletedRequest
    """A frame as a JPEG, in memory: writing a file itself, picamera2 would hide a full disk's error."""
    file = io.BytesIO()
    try:
        request.save("main", file, format="jpeg")
    finally:
        request.release()
    data = file.getvalue()
    if not is_complete_jpeg(data):
        raise ValueError("picamera2 made a JPEG without its end")
    return data


def _is_steady(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether brightness and colours have hardly changed; what a camera does not tell is taken as steady."""
    if not before:
        return False
    pairs = [(_amount(before), _amount(now))]
    pairs += zip(before.get("ColourGains", ()), now.get("ColourGains", ()), strict=False)
    return all(math.isclose(was, is_, rel_tol=_STEADY_WITHIN) for was, is_ in pairs)


def _amount(metadata: Mapping[str, Any]) -> float:
    return float(metadata.get("ExposureTime", 1)) * float(metadata.get("AnalogueGain", 1))


def _began_after(metadata: Mapping[str, Any], started_ns: int) -> bool:
    timestamp_ns = metadata.get("SensorTimestamp")
    if timestamp_ns is None:
        return True
    return int(timestamp_ns) - 1000 * int(metadata.get("ExposureTime", 0)) >= started_ns


def _left_s(ends_at_s: float) -> float:
    return max(ends_at_s - time.monotonic(), 0.1)
