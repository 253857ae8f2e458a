"""Where the drums of a counter stand for a register position, and what one looks like."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.glyphs import Typeface

_LAST = 9
_BETWEEN_FROM = 0.25


def drum_positions(position: float, digits: int) -> NDArray[np.float64]:
    """The standing of each drum, left to right, in [0, 10), for a register at `position` last-drum units.

    The last drum turns steadily. Each other drum turns only while the one to its right goes from 9 to 0.
    """
    positions = np.empty(digits)
    fraction = position - math.floor(position)
    whole = math.floor(position)
    for index in range(digits - 1, -1, -1):
        whole, digit = divmod(whole, 10)
        positions[index] = digit + fraction
        fraction = fraction if digit == _LAST else 0.0
    return positions


def label_of(position: float, digits: int) -> tuple[str, bool]:
    """What a reader should say: the nearest number, and whether the last drum stands between two digits.

    Between two digits is from a quarter to three quarters of a step.
    """
    nearest = math.floor(position + 0.5)
    return str(nearest % 10**digits).zfill(digits), abs(position - nearest) >= _BETWEEN_FROM


def tenth_of(position: float) -> int:
    """By how many whole tenths of a step, 0 to 9, the last drum has left its digit."""
    return int(position * 10 + 1e-6) % 10


@dataclass(frozen=True, slots=True)
class DrumShape:
    """Sizes of a drum in pixels: step between digits, width, digit height, digit width over its own."""

    pitch: int
    width: int
    digit_height: int
    stretch: float = 1.0
    curvature: float = 0.0
    shift: float = 0.0
    upwards: bool = True


def drum_texture(typeface: Typeface, shape: DrumShape) -> NDArray[np.uint8]:
    """The drum's printed surface unrolled: alpha, `10 * pitch` rows by `width`."""
    surface = np.zeros((10 * shape.pitch, shape.width), np.uint8)
    height = min(shape.digit_height, shape.pitch)
    for digit, glyph in enumerate(typeface.digits):
        natural = glyph.shape[1] / glyph.shape[0] * height * shape.stretch
        width = min(max(round(natural), 2), shape.width - 1)
        small = cv2.resize(glyph, (width, height), interpolation=cv2.INTER_AREA)
        slot = digit if shape.upwards else (10 - digit) % 10
        top = slot * shape.pitch + (shape.pitch - height) // 2
        left = round((shape.width - width) / 2 + shape.shift * shape.width)
        left = min(max(left, 0), shape.width - width)
        surface[top : top + height, left : left + width] = small
    return surface


def drum_view(
    texture: NDArray[np.uint8], shape: DrumShape, position: float, height: int
) -> NDArray[np.float32]:
    """The part of a drum that shows in a window of `height` rows, as alpha from 0 to 1."""
    rows = np.arange(height, dtype=np.float64) - (height - 1) / 2
    if shape.curvature > 0:
        radius = height / 2 / math.sin(shape.curvature)
        rows = radius * np.arcsin(rows / radius)
    turned = position if shape.upwards else -position
    source = ((turned + 0.5) * shape.pitch - 0.5 + rows) % len(texture)
    columns = np.arange(shape.width, dtype=np.float32)
    map_x = np.broadcast_to(columns, (height, shape.width)).astype(np.float32)
    map_y = np.broadcast_to(source[:, None], (height, shape.width)).astype(np.float32)
    seen = cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(seen, np.float32) / np.float32(255)
