"""Whole camera frames of a meter, as a small computer's camera sees it through a mirror in a dim cupboard."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.degrade import Floats, glow
from models.rendering.drums import drum_positions, drum_texture, drum_view
from models.rendering.scene import DRUM_HEIGHT, HEIGHT, WIDTH, Register, register_of, still_scene

Mirror = Literal["none", "horizontal", "vertical"]
Corner = tuple[float, float]

_MARGIN = 6
_DISC_TURNS_PER_KWH = 375
_NOISE_TILES = 4


@dataclass(frozen=True, slots=True)
class MeterFace:
    """A meter before a fixed camera: what its register shows, how it looks, and how the mirror turns it."""

    digits: int = 7
    decimals: int = 1
    seed: int = 0
    mirror: Mirror = "vertical"
    width: int = WIDTH
    height: int = HEIGHT


def draw_frame(face: MeterFace, position_units: float, *, light: float = 1.0, seed: int) -> NDArray[np.uint8]:
    """One photograph of the meter, RGB `(height, width, 3)`.

    Args:
        face: The meter and its camera; both stay the same from frame to frame.
        position_units: Where the register stands, in units of its last drum; fractions show it rolling.
        light: The lamp's brightness: 1 as usual, 0 none.
        seed: What differs from frame to frame: noise, a little shake, a flickering lamp.
    """
    rng = np.random.default_rng([face.seed, seed])
    scene = still_scene(face.digits, face.decimals, face.seed).copy()
    _set_drums(scene, face, position_units)
    _set_disc(scene, position_units / 10**face.decimals)
    shake = rng.normal(0, 0.25, 2)
    matrix = np.array([[1, 0, shake[0]], [0, 1, shake[1]], [0, 0, 1]]) @ _view(face)
    seen = cv2.warpPerspective(
        scene, matrix, (face.width, face.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7 * face.width / WIDTH + rng.uniform(0, 0.15))
    return _exposed(np.asarray(seen, np.uint8), face, light * rng.uniform(0.96, 1.04), rng)


def register_corners(face: MeterFace) -> tuple[Corner, Corner, Corner, Corner]:
    """The register window's corners in a frame's pixels.

    Their order is that of the counter as it is read, upright and unmirrored: top left, top right, bottom
    right, bottom left.
    """
    register = register_of(face.digits, face.decimals, face.seed)
    left, right = register.lefts[0] - _MARGIN, register.right + _MARGIN
    top, bottom = register.top - _MARGIN + 2, register.top + DRUM_HEIGHT + _MARGIN - 2
    corners = np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]], np.float64)
    placed = cv2.perspectiveTransform(corners, _view(face))[0].tolist()
    return (
        (placed[0][0], placed[0][1]),
        (placed[1][0], placed[1][1]),
        (placed[2][0], placed[2][1]),
        (placed[3][0], placed[3][1]),
    )


def encode_jpeg(frame: NDArray[np.uint8], quality: int = 85) -> bytes:
    """The frame as a JPEG file's bytes."""
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return data.tobytes()


@lru_cache(maxsize=8)
def _view(face: MeterFace) -> NDArray[np.float64]:
    """From the upright scene to the frame: the camera's slant, the frame's size, then the mirror."""
    rng = np.random.default_rng([face.seed, 3])
    square = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    slanted = square + rng.normal(0, 9, (4, 2)).astype(np.float32)
    scaled = slanted * np.array([face.width / WIDTH, face.height / HEIGHT], np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(square, scaled.astype(np.float32)), np.float64)
    flips = {
        "none": np.eye(3),
        "horizontal": np.array([[-1, 0, face.width - 1], [0, 1, 0], [0, 0, 1.0]]),
        "vertical": np.array([[1, 0, 0], [0, -1, face.height - 1], [0, 0, 1.0]]),
    }
    return np.asarray(flips[face.mirror] @ matrix, np.float64)


@lru_cache(maxsize=8)
def _texture(face: MeterFace) -> tuple[Register, NDArray[np.uint8], Floats]:
    register = register_of(face.digits, face.decimals, face.seed)
    rows = np.linspace(-1, 1, DRUM_HEIGHT, dtype=np.float32)
    # A cylinder lit from the front, in the shadow of its window's upper edge.
    shade = np.cos(rows * 1.15) * np.clip(1.15 - 0.9 * np.exp(-(rows + 1) / 0.12), 0.25, 1)
    return register, drum_texture(register.typeface, register.shape), shade.astype(np.float32)


def _set_drums(scene: NDArray[np.uint8], face: MeterFace, position_units: float) -> None:
    """Turns the drums to a position, in place."""
    register, texture, shade = _texture(face)
    standing = drum_positions(position_units, face.digits) + np.array(register.offsets)
    for index, left in enumerate(register.lefts):
        large = drum_view(texture, register.shape, float(standing[index]), 2 * DRUM_HEIGHT)
        if index == face.digits - 1:
            _set_tenths(large, float(standing[index]), register.shape.pitch)
        alpha = cv2.resize(large, (register.width, DRUM_HEIGHT), interpolation=cv2.INTER_AREA)[..., None]
        ground = register.decimal_ground if index >= face.digits - face.decimals else register.ground
        drum = (ground + (register.ink - ground) * alpha) * shade[:, None, None]
        scene[register.top : register.top + DRUM_HEIGHT, left : left + register.width] = drum.astype(np.uint8)


def _set_tenths(drum: Floats, position: float, pitch: int) -> None:
    """The last drum's graduation at its right edge, in place."""
    height, width = drum.shape
    for tenth in range(-10, 21):
        row = round(height / 2 + (tenth / 10 - position % 1) * pitch)
        if 1 <= row < height - 1:
            drum[row - 1 : row + 1, width - (14 if tenth % 5 == 0 else 9) : width - 3] = 0.85


def _set_disc(scene: NDArray[np.uint8], energy_kwh: float) -> None:
    """The rotor disc's rim in its slot, with the red mark where the register says it is, in place."""
    cv2.rectangle(scene, (196, 284), (456, 292), (158, 160, 158), -1)
    cv2.line(scene, (196, 284), (456, 284), (205, 206, 204), 1)
    angle = 2 * math.pi * (energy_kwh * _DISC_TURNS_PER_KWH % 1)
    if math.cos(angle) > 0:
        x = 326 + 128 * math.sin(angle)
        half = max(1, round(9 * math.cos(angle)))
        cv2.rectangle(
            scene, (max(197, round(x) - half), 284), (min(455, round(x) + half), 292), (170, 40, 38), -1
        )


@lru_cache(maxsize=8)
def _lighting(face: MeterFace) -> tuple[Floats, Floats]:
    """How much of the lamp's light each pixel returns, and the reflections on glass and mirror."""
    rng = np.random.default_rng([face.seed, 4])
    xs = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    ys = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    lamp = np.exp(-((xs - rng.uniform(0.1, 0.45)) ** 2 + (ys + rng.uniform(0.1, 0.5)) ** 2) / 1.3)
    vignette = 1 - 0.28 * (xs**2 + ys**2) / 2
    tint = np.array([0.80, 1.0, 0.90], np.float32) * np.float32(rng.uniform(0.62, 0.74))
    returned = ((0.35 + 0.75 * lamp) * vignette)[..., None] * tint
    glints = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    x = rng.uniform(0.62, 0.8) * WIDTH
    glow(glints, (x, 0.27 * HEIGHT), (7, 5), 190)
    glow(glints, (x, 0.27 * HEIGHT), (46, 34), 26)
    glow(glints, (0.28 * WIDTH, 0.56 * HEIGHT), (4, 4), 40)
    # A tube lamp's long reflection, slanting over the lower half of the glass.
    slope = (xs - 0.35 * ys - rng.uniform(-0.7, -0.4)) / 0.07
    glints += (15 * np.exp(-(slope**2)) / (1 + np.exp(-(ys - 0.15) / 0.12)))[..., None]
    matrix = _view(face)
    size = (face.width, face.height)
    lit, shine = (
        np.asarray(
            cv2.warpPerspective(part.astype(np.float32), matrix, size, borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )
        for part in (returned, glints)
    )
    return lit, shine


@lru_cache(maxsize=_NOISE_TILES * 2)
def _noise(width: int, height: int, tile: int) -> Floats:
    """Sensor noise, a little smoothed by the camera's own processing; kept, for it is costly to draw."""
    rng = np.random.default_rng(tile)
    fine = rng.normal(0, 1, (height, width, 3)).astype(np.float32)
    coarse = cv2.resize(rng.normal(0, 1, (height // 2, width // 2, 3)).astype(np.float32), (width, height))
    return np.asarray(1.6 * fine + 1.2 * coarse, np.float32)


def _exposed(
    scene: NDArray[np.uint8], face: MeterFace, light: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    returned, glints = _lighting(face)
    frame = scene.astype(np.float32)
    frame *= returned
    frame += glints
    frame *= np.float32(light)
    noise = _noise(face.width, face.height, int(rng.integers(_NOISE_TILES)))
    row = int(rng.integers(face.height))
    frame[: face.height - row] += noise[row:]
    frame[face.height - row :] += noise[:row]
    frame += 3.0
    np.clip(frame, 0, 255, out=frame)
    return frame.astype(np.uint8)
