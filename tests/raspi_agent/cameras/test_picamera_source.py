import io
import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from raspi_agent.cameras.picamera import picamera_command
from raspi_agent.cameras.picamera_source import PicameraOptions, PicameraSource
from raspi_agent.cameras.picamera_worker import parse_options
from raspi_agent.hardware_settings import PicameraSettings

NOISE = Image.frombytes("L", (160, 120), random.Random(1).randbytes(160 * 120))
DAY = date(2026, 3, 1)
RIGHT_AMOUNT = 10_000 * 2.0  # microseconds times gain, under a lamp of 1


class Pi:
    """What picamera2 shows of a Module 3: a sensor that adjusts itself, and obeys a few frames late."""

    def __init__(self, *, lamp: float = 1.0, has_lens: bool = True, obeys_after: int = 3) -> None:
        self.lamp = lamp
        self.obeys_after = obeys_after
        self.options: dict[str, Any] = {}
        self.camera_properties = {"Model": "imx708"}
        self.camera_controls: dict[str, Any] = dict.fromkeys(
            ("FrameDurationLimits", "AeEnable", "AwbEnable", "ExposureTime", "AnalogueGain", "ColourGains")
        )
        if has_lens:
            self.camera_controls |= {"AfMode": None, "LensPosition": None}
        self.started = False
        self.configured: list[dict[str, Any]] = []
        self.set: dict[str, Any] = {}
        self.used: dict[str, Any] = {"ExposureTime": 1000, "AnalogueGain": 1.0, "ColourGains": (1.0, 1.0)}
        self.used["LensPosition"] = 0.5
        self.focussed_at: float | None = None
        self.frames = 0
        self.released = 0
        self.old_frames = 0

    def create_still_configuration(self, **asked: object) -> dict[str, object]:
        return asked

    def configure(self, configuration: dict[str, Any]) -> None:
        assert not self.started
        self.configured.append(configuration)

    def set_controls(self, controls: dict[str, Any]) -> None:
        assert set(controls) <= set(self.camera_controls), "Control is not advertised by libcamera"
        self.set = dict(controls)

    def start(self) -> None:
        assert not self.started
        self.started = True
        self.frames = 0

    def stop(self) -> None:
        self.started = False

    def close(self) -> None:
        raise RuntimeError("Could not open any dmaHeap device")

    def autofocus_cycle(self, wait: float) -> bool:
        assert wait > 0
        self.focussed_at = self.used["LensPosition"] = 4.25
        return True

    def capture_metadata(self, wait: float) -> dict[str, Any]:
        if not self.started:
            raise TimeoutError(wait)
        self.frames += 1
        if self.frames > self.obeys_after:
            if self.set["ExposureTime"]:
                self.used |= {name: self.set[name] for name in ("ExposureTime", "AnalogueGain")}
            if "ColourGains" in self.set:
                self.used["ColourGains"] = self.set["ColourGains"]
            if "LensPosition" in self.set:
                self.used["LensPosition"] = self.set["LensPosition"]
        if not self.set["ExposureTime"]:
            lacking = RIGHT_AMOUNT / self.lamp / (self.used["ExposureTime"] * self.used["AnalogueGain"])
            exposure_us = int(min(self.used["ExposureTime"] * lacking**0.5, 200_000))
            self.used |= {"ExposureTime": exposure_us, "ColourGains": (1.8, 1.4)}
        age_ns = 10**10 if self.frames <= self.old_frames else -1000 * self.used["ExposureTime"]
        told = {"SensorTimestamp": time.monotonic_ns() - age_ns, "FocusFoM": 731, "Lux": 12.345678}
        told |= {"SensorTemperature": float("nan"), "FrameDuration": 66_000}
        return told | {name: value for name, value in self.used.items() if name in self.camera_controls}

    def capture_request(self, wait: float) -> "Request":
        return Request(self, self.capture_metadata(wait))


class Request:
    def __init__(self, pi: Pi, metadata: dict[str, Any]) -> None:
        self.pi = pi
        self.metadata = metadata

    def get_metadata(self) -> dict[str, Any]:
        return self.metadata

    def save(self, name: str, file: io.BytesIO, format: str) -> None:  # noqa: A002 - picamera2's word
        assert (name, format) == ("main", "jpeg")
        amount = self.pi.lamp * self.metadata["ExposureTime"] * self.metadata["AnalogueGain"]
        light = min(amount / RIGHT_AMOUNT * 130, 255)
        picture = Image.blend(Image.new("L", (160, 120), int(light)), NOISE, min(light, 8) / 255)
        picture.convert("RGB").save(file, "JPEG", quality=self.pi.options["quality"])

    def release(self) -> None:
        self.pi.released += 1


@pytest.fixture
def options(tmp_path: Path) -> PicameraOptions:
    command = picamera_command(PicameraSettings(), tmp_path)
    return parse_options(command[-1])


def source(pi: Pi, options: PicameraOptions, day: Callable[[], date] = lambda: DAY) -> PicameraSource:
    return PicameraSource(pi, options, today=day)


def test_the_camera_is_configured_once_and_streams_only_while_it_is_asked(options: PicameraOptions) -> None:
    pi = Pi()
    camera = source(pi, options)
    for _ in range(3):
        assert not pi.started
        camera.shoot(10)
    assert not pi.started
    assert len(pi.configured) == 1
    configured = pi.configured[0]
    assert configured["main"] == {"size": (1640, 1232), "format": "YUV420"}
    assert configured["raw"] == {"size": (1640, 1232)}
    assert (configured["buffer_count"], configured["queue"]) == (2, False)
    assert "transform" not in configured
    assert pi.options == {"quality": 85}
    camera.close()


def test_a_mirror_is_turned_back_and_an_old_picamera2_gets_its_format(options: PicameraOptions) -> None:
    pi = Pi()
    PicameraSource(pi, options, pixel_format="RGB888", transform="flip")
    assert pi.configured[0]["transform"] == "flip"
    assert pi.configured[0]["main"]["format"] == "RGB888"


def test_exposure_colours_and_focus_settle_once_a_day(options: PicameraOptions) -> None:
    today = [DAY]
    pi = Pi()
    camera = source(pi, options, lambda: today[0])
    first = camera.shoot(10).details
    assert first["exposure"] == "automatic"
    assert first["exposure_us"] * first["analogue_gain"] == pytest.approx(RIGHT_AMOUNT, rel=0.05)
    assert pi.focussed_at == first["lens_dioptres"] == 4.25
    pi.lamp, pi.focussed_at = 1.3, None
    second = camera.shoot(10).details
    assert second["exposure"] == "locked"
    assert {**second, "exposure": "", "sensor_timestamp_ns": 0} == {
        **first,
        "exposure": "",
        "sensor_timestamp_ns": 0,
    }
    assert pi.focussed_at is None
    assert (pi.set["AeEnable"], pi.set["AwbEnable"], pi.set["AfMode"]) == (False, False, 0)
    today[0] = date(2026, 3, 2)
    third = camera.shoot(10).details
    assert third["exposure"] == "automatic"
    assert third["exposure_us"] < first["exposure_us"]


def test_what_was_settled_survives_a_restart(options: PicameraOptions) -> None:
    settled = source(Pi(), options).shoot(10).details
    again = source(Pi(lamp=1.5), options).shoot(10).details
    assert again["exposure"] == "locked"
    assert again["exposure_us"] == settled["exposure_us"]


@pytest.mark.parametrize(
    "other", [{"width": 1296}, {"lens_dioptres": 8.0}, {"exposure_locked": False}], ids=str
)
def test_other_settings_settle_anew(options: PicameraOptions, other: dict[str, Any]) -> None:
    source(Pi(), options).shoot(10)
    assert source(Pi(), replace(options, **other)).shoot(10).details["exposure"] == "automatic"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"day": "2026-03-01"}', "\xff"])
def test_a_broken_file_settles_anew(options: PicameraOptions, text: str) -> None:
    options.settled_file.write_text(text, encoding="latin-1")
    assert source(Pi(), options).shoot(10).details["exposure"] == "automatic"
    assert json.loads(options.settled_file.read_bytes())["day"] == "2026-03-01"


def test_a_frame_counts_only_when_it_was_taken_as_set(options: PicameraOptions) -> None:
    wanted = source(Pi(), options).shoot(10).details
    late = Pi(lamp=1.5, obeys_after=10)
    assert source(late, options).shoot(10).details["exposure_us"] == wanted["exposure_us"]
    assert late.frames == 11
    never = Pi(obeys_after=1000)
    details = source(never, options).shoot(10).details
    assert (details["exposure"], details["exposure_us"]) == ("not as set", 1000)
    assert never.released == 13


def test_old_frames_are_passed_over(options: PicameraOptions) -> None:
    pi = Pi()
    camera = source(pi, options)
    camera.shoot(10)
    pi.old_frames = 9
    camera.shoot(10)
    assert pi.frames == 10
    pi.old_frames = 1000
    with pytest.raises(TimeoutError, match="only old frames"):
        camera.shoot(10)
    assert not pi.started


@pytest.mark.parametrize(("lamp", "afterwards"), [(0.02, 0.02), (6.0, 6.0)], ids=["dark", "bright"])
def test_when_the_light_has_changed_the_next_picture_settles_anew(
    options: PicameraOptions, lamp: float, afterwards: float
) -> None:
    pi = Pi()
    camera = source(pi, options)
    camera.shoot(10)
    pi.lamp = lamp
    assert camera.shoot(10).details["exposure"] == "locked"
    assert not options.settled_file.exists()
    pi.lamp = afterwards
    assert camera.shoot(10).details["exposure"] == "automatic"


def test_nothing_is_settled_in_the_dark(options: PicameraOptions) -> None:
    pi = Pi(lamp=0.00001)
    camera = source(pi, options)
    camera.shoot(10)
    assert not options.settled_file.exists()
    pi.lamp = 1
    assert camera.shoot(10).details["exposure"] == "automatic"
    assert options.settled_file.exists()


def test_a_lens_that_was_calibrated_stays_where_it_was_put(options: PicameraOptions) -> None:
    pi = Pi()
    camera = source(pi, replace(options, lens_dioptres=8.5))
    assert [camera.shoot(10).details["lens_dioptres"] for _ in range(2)] == [8.5, 8.5]
    assert pi.focussed_at is None
    assert pi.set["AfMode"] == 0


def test_an_exposure_that_is_not_locked_adjusts_itself_and_keeps_its_focus(options: PicameraOptions) -> None:
    pi = Pi()
    camera = source(pi, replace(options, exposure_locked=False))
    first = camera.shoot(10).details
    pi.lamp, pi.focussed_at = 2.0, None
    second = camera.shoot(10).details
    assert second["exposure_us"] < first["exposure_us"]
    assert second["exposure"] == "automatic"
    assert second["lens_dioptres"] == first["lens_dioptres"]
    assert pi.focussed_at is None


def test_a_camera_without_a_lens_motor_is_not_asked_to_focus(options: PicameraOptions) -> None:
    details = source(Pi(has_lens=False), options).shoot(10).details
    assert "lens_dioptres" not in details


def test_details_are_what_json_can_hold(options: PicameraOptions) -> None:
    details = source(Pi(), options).shoot(10).details
    assert json.loads(json.dumps(details, allow_nan=False)) == details
    assert details["model"] == "imx708"
    assert (details["focus_score"], details["lux"], details["colour_gains"]) == (731, 12.3457, [1.8, 1.4])
    assert "sensor_temperature_c" not in details
