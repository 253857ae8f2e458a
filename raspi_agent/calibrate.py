"""Set up a camera: a picture to look at, how sharp and how light it is, and the best position of its lens."""

import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from raspi_agent import durable
from raspi_agent.cameras.camera import Camera, CameraError, CameraStuck
from raspi_agent.cameras.open_camera import open_camera
from raspi_agent.lamp import lit
from raspi_agent.light import Light, open_light
from raspi_agent.outbox import Outbox
from raspi_agent.picture_quality import judge_picture

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

PICTURE_NAME = "calibration.jpg"
SWEEP_DIOPTRES = (2.0, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0)
_LOOK_AGAIN_S = 1.0
_MIDDLE = (0.2, 0.2, 0.8, 0.8)  # the counter stands there, and a cupboard's edge is always sharp
_LARGEST_SIDE = 1600
_LAPLACE = (0, 1, 0, 1, -4, 1, 0, 1, 0)
_BAR = 30


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How a picture looks.

    Attributes:
        width: pixels.
        height: pixels.
        lightness: mean, 0 to 255.
        focus: variance of the Laplacian in the middle (Pech-Pacheco et al. 2000): higher is sharper, between
            pictures of one scene.
    """

    width: int
    height: int
    lightness: float
    focus: float


def measure_sharpness(data: bytes) -> Sharpness | None:
    """How sharp and light a picture is; None where Pillow is missing.

    Raises:
        CameraError: the bytes cannot be decoded.
    """
    try:
        from PIL import Image, ImageFilter, ImageStat  # noqa: PLC0415 - only setting up a camera needs it
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            picture.draft("L", (_LARGEST_SIDE, _LARGEST_SIDE))
            grey = picture.convert("L")
    except OSError as error:
        raise CameraError(f"the picture cannot be decoded: {error}") from error
    left, top, right, bottom = _MIDDLE
    middle = grey.crop(
        (int(left * grey.width), int(top * grey.height), int(right * grey.width), int(bottom * grey.height))
    )
    # the offset keeps the negative half, which an image of bytes would cut off
    edges = middle.filter(ImageFilter.Kernel((3, 3), _LAPLACE, scale=2, offset=128))
    return Sharpness(width, height, ImageStat.Stat(grey).mean[0], ImageStat.Stat(edges).var[0])


def calibrate(
    home: Path,
    settings: "AgentSettings",
    *,
    watch: bool,
    sweep: bool,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Take pictures and tell how they look until told to stop; the last one lies in the home folder.

    Args:
        home: gets the picture.
        settings: of the agent.
        watch: go on, for a lens that is turned by hand, until Ctrl-C; a shot that fails is told.
        sweep: try the lens positions of a camera with a motor and name the best.
        pause: waits so many seconds between shots.

    Raises:
        CameraError: the camera gives no picture, and there is no later one to wait for.
        ValueError: there is no lens to be moved.
    """
    outbox, light = Outbox(home / settings.outbox), open_light(settings)
    with outbox.shutter(settings.camera_timeout_s):
        if sweep:
            _sweep(home, settings, light)
            return
        camera = open_camera(settings, home)
        try:
            if watch:
                _watch(home, settings, camera, light, pause)
            else:
                _look(_shoot(home, settings, camera, light), 0.0)
        finally:
            camera.close()
    _say(
        f"Look at {home / PICTURE_NAME}. To find the register in it, on the server: "
        f"smartmeter find-window {PICTURE_NAME} --meter NAME"
    )


def _watch(
    home: Path,
    settings: "AgentSettings",
    camera: Camera,
    light: Light | None,
    pause: Callable[[float], object],
) -> NoReturn:
    best = 0.0
    while True:
        try:
            best = _look(_shoot(home, settings, camera, light), best)
        except CameraStuck:
            raise
        except CameraError as error:
            _say(f"no picture: {error}")
        pause(_LOOK_AGAIN_S)


def _look(data: bytes, best: float) -> float:
    """Tell how a picture looks beside the best focus so far; return the best with it."""
    seen = measure_sharpness(data)
    if seen is None:
        _say(f"{len(data)} bytes; for sharpness and light: apt install python3-pil")
    else:
        best = max(best, seen.focus)
        bar = "#" * round(_BAR * seen.focus / best) if best else ""
        _say(
            f"{seen.width} x {seen.height}  light {seen.lightness:3.0f}  focus {seen.focus:7.1f} "
            f"|{bar:<{_BAR}}| best {best:.1f}"
        )
    if trouble := judge_picture(data):
        _say(f"this picture is {trouble}: see to lamp, lens and mounting")
    return best


def _sweep(home: Path, settings: "AgentSettings", light: Light | None) -> None:
    if not settings.camera_url.startswith("picamera2:"):
        raise ValueError("only a picamera2: camera has a lens that the agent can move; turn this one by hand")

    def shoot(dioptres: float) -> bytes:
        changed = settings.picamera2.model_copy(update={"lens_dioptres": dioptres, "keep_open": "never"})
        camera = open_camera(settings.model_copy(update={"picamera2": changed}), home)
        try:
            return _shoot(home, settings, camera, light)
        finally:
            camera.close()

    best = find_best_focus(SWEEP_DIOPTRES, shoot)
    shoot(best)
    _say(f"Sharpest at {best:g} dioptres: write lens_dioptres = {best:g} into the table [picamera2]")


def find_best_focus(dioptres: Sequence[float], shoot: Callable[[float], bytes]) -> float:
    """The lens position whose picture is sharpest.

    Args:
        dioptres: positions to try.
        shoot: gives the picture at a position.

    Raises:
        CameraError: there is no picture, or nothing to measure it with.
    """
    found: dict[float, float] = {}
    for position in dioptres:
        seen = measure_sharpness(shoot(position))
        if seen is None:
            raise CameraError("sharpness cannot be measured: apt install python3-pil")
        found[position] = seen.focus
        _say(f"{position:5.1f} dioptres  focus {seen.focus:7.1f}")
    return max(found, key=lambda position: found[position])


def _shoot(home: Path, settings: "AgentSettings", camera: Camera, light: Light | None) -> bytes:
    with lit(light, settle_s=settings.light.settle_s, longest_on_s=settings.light.longest_on_s):
        data = camera.capture(settings.camera_timeout_s).data
    durable.make_folder(home)
    durable.replace(home / PICTURE_NAME, data)
    return data


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
