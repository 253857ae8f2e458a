"""The tables of the agent's settings that concern one piece of hardware each."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DAY_MINUTES = 1440
_NOWHERE = Path("/dev/null")


class Table(BaseModel):
    """A table of agent.toml: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PicameraSettings(Table):
    """A camera on the Pi's ribbon cable, `camera_url = "picamera2:"`."""

    width: Annotated[int, Field(ge=160, le=9152, description="pixels; a binned full-field mode is best")] = (
        1640
    )
    height: Annotated[int, Field(ge=120, le=6944, description="pixels")] = 1232
    jpeg_quality: Annotated[int, Field(ge=50, le=100, description="of the JPEG")] = 85
    mirror: Annotated[bool, Field(description="the camera looks through a mirror: turn its picture back")] = (
        False
    )
    lens_dioptres: Annotated[
        float | None,
        Field(
            ge=0, le=20, description="focus of a Module 3: 1 / metres; `calibrate` finds it, else automatic"
        ),
    ] = None
    settle_frames: Annotated[int, Field(ge=1, le=60, description="frames to pass before the one kept")] = 4
    exposure_locked: Annotated[
        bool, Field(description="settle exposure and colours once a day and keep them in between")
    ] = True
    keep_open: Annotated[
        Literal["auto", "always", "never"],
        Field(description="hold the camera between pictures; auto: when they are under five minutes apart"),
    ] = "auto"


class HttpCameraSettings(Table):
    """A camera in the network, `camera_url = "http://…"`."""

    discard: Annotated[
        int,
        Field(ge=0, le=5, description="pictures to throw away first: an ESP32-CAM gives the previous one"),
    ] = 1
    user: Annotated[
        str, Field(description="for basic authentication; the password: secrets/camera-password")
    ] = ""
    largest_mb: Annotated[int, Field(ge=1, le=64, description="what is larger is no picture")] = 16
    frozen_after: Annotated[
        int, Field(ge=0, description="repeats of a picture that make a camera frozen; 0: any number")
    ] = 1


class V4l2Settings(Table):
    """A webcam, `camera_url = "v4l2:/dev/video0"`."""

    width: Annotated[int, Field(ge=160, le=8192, description="pixels")] = 1280
    height: Annotated[int, Field(ge=120, le=8192, description="pixels")] = 720
    settle_frames: Annotated[int, Field(ge=0, le=120, description="frames to pass before the one kept")] = 10


class LightSettings(Table):
    """A lamp for the picture."""

    url: Annotated[
        str, Field(description="gpio:17, usb:1-1:2 (hub and port of uhubctl), or http://lamp/on; empty: none")
    ] = ""
    off_url: Annotated[str, Field(description="what turns an http lamp off again")] = ""
    active_low: Annotated[bool, Field(description="a GPIO lamp that is on when its pin is low")] = False
    settle_s: Annotated[float, Field(ge=0, le=30, description="seconds from lamp on to picture")] = 1.0
    longest_on_s: Annotated[
        float, Field(ge=5, le=600, description="turn it off after so long, whatever happens")
    ] = 90


class PowerSettings(Table):
    """A timer switch that cuts the power, and what to do when only a new start helps."""

    cycle: Annotated[
        bool, Field(description="true: take pictures for a while after each boot, then power off")
    ] = False
    on_minutes: Annotated[
        int, Field(ge=1, le=_DAY_MINUTES, description="how long after a boot, with cycle")
    ] = 40
    upload_minutes: Annotated[
        int, Field(ge=1, le=120, description="longest wait for the uploads at its end")
    ] = 8
    maintenance: Annotated[
        tuple[str, ...],
        Field(description="a file that exists there keeps the power on: only looked for, never opened"),
    ] = ("/media/*/maintenance", "/media/*/*/maintenance")
    reboots_a_day: Annotated[
        int, Field(ge=0, le=24, description="most reboots a day that a stuck camera may ask for")
    ] = 2
    request_folder: Annotated[
        Path, Field(description="where files named poweroff and reboot ask systemd for it")
    ] = Path("/run/smartmeter-power")

    @field_validator("maintenance")
    @classmethod
    def _name_files(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        written = tuple(pattern for pattern in patterns if pattern.strip())
        for pattern in written:
            if not pattern.strip("/ "):
                message = f"{pattern!r} names no file; maintenance = [] looks for none"
                raise ValueError(message)
            any(_NOWHERE.glob(pattern.lstrip("/")))  # refuses what is no pattern, and looks at nothing
        return written
