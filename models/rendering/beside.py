"""What stands at the ends of a row of drums, in its band or behind its glass, and is none of them."""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import ImageFont

from models.rendering.cutting import Box
from models.rendering.degrade import Floats, chance
from models.rendering.lettering import contrasting, lettering, stamp

# Nothing here looks like a figure as large as the counter's.
_BESIDE_DRUMS = ("m³", "m3", "kWh", "x", "N", "A", "V", "R", "T", "No.", "kW", "+", "-", "GT", "HT", "NT")
_BESIDE_DISPLAYS = (
    "T1",
    "T2",
    "kWh",
    "1.8.0",
    "15.8.0",
    "L1 L2 L3",
    "P+",
    "M",
    "R",
    "T",
    "CODE",
    "kW",
    "0.0",
)
_ENDS, _NARROWEST_PX = 0.35, 4

_Mark = Callable[[np.random.Generator, Floats, Box, int, Floats], None]


def stand_beside(
    rng: np.random.Generator,
    canvas: Floats,
    box: Box,
    ink: Floats,
    font: ImageFont.FreeTypeFont | None,
    *,
    is_display: bool,
) -> None:
    """Puts something at some ends of a row, in place, unless a unit is printed there.

    Args:
        rng: Where chance comes from.
        canvas: RGB from 0 to 255, with what is around the drums.
        box: Where the drums will be.
        ink: What a display shows its marks with.
        font: For lettering.
        is_display: Whether the row is one of a display.
    """
    for side in (-1, 1):
        has_unit = side > 0 and box.unit_right > box.right
        if has_unit or not chance(rng, _ENDS):
            continue
        if is_display:
            for _ in range(int(rng.integers(1, 3))):
                _small_print(rng, canvas, box, side, ink=ink, font=font, words=_BESIDE_DISPLAYS)
        elif chance(rng, 0.25):
            _small_print(rng, canvas, box, side, ink=None, font=font, words=_BESIDE_DRUMS)
        else:
            mark: _Mark = (_cover, _cover, _rim, _screw)[int(rng.integers(4))]
            mark(rng, canvas, box, side, _ground_beside(canvas, box, side))


def _ground_beside(canvas: Floats, box: Box, side: int) -> Floats:
    x = box.left - 2 if side < 0 else box.right + 2
    return np.asarray(canvas[(box.top + box.bottom) // 2, x], np.float32).copy()


def _place(rng: np.random.Generator, box: Box, side: int, width: int, farthest: float) -> int:
    """The left edge of something `width` wide beside the row, up to so many widths of a drum away."""
    away = int(rng.uniform(0.05, farthest) * box.drum_width)
    return box.left - away - width if side < 0 else box.right + away


def _small_print(
    rng: np.random.Generator,
    canvas: Floats,
    box: Box,
    side: int,
    *,
    ink: Floats | None,
    font: ImageFont.FreeTypeFont | None,
    words: tuple[str, ...],
) -> None:
    height = box.bottom - box.top
    size = rng.uniform(0.18, 0.5) * height
    text = lettering(font, words[int(rng.integers(len(words)))], size)
    corner = (
        _place(rng, box, side, text.shape[1], 0.8),
        int(box.top + rng.uniform(-0.15, 1.15) * (height - size)),
    )
    stamp(canvas, text, corner, contrasting(rng, _ground_beside(canvas, box, side)) if ink is None else ink)


def _cover(rng: np.random.Generator, canvas: Floats, box: Box, side: int, ground: Floats) -> None:
    """A place like a drum's that holds none: blank, or with a pictogram of what is metered."""
    height = box.bottom - box.top
    wide, high = int(rng.uniform(0.6, 1.15) * box.drum_width), int(rng.uniform(0.65, 1.05) * height)
    x, y = _place(rng, box, side, wide, 0.5), box.top + (height - high) // 2
    paint = contrasting(rng, ground) if chance(rng, 0.7) else ground * np.float32(rng.uniform(0.6, 1.2))
    canvas[y : y + high, max(x, 0) : max(x + wide, 0)] = np.clip(paint, 0, 255)
    if chance(rng, 0.65):
        _pictogram(rng, canvas, (x, y, x + wide, y + high), contrasting(rng, paint))


def _pictogram(
    rng: np.random.Generator, canvas: Floats, around: tuple[int, int, int, int], ink: Floats
) -> None:
    x0, y0, x1, y1 = around
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    reach = rng.uniform(0.25, 0.45) * min(x1 - x0, y1 - y0)
    thickness = -1 if chance(rng, 0.5) else int(rng.integers(1, 4))
    corners = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    points = (middle + reach * np.stack([np.cos(angles), np.sin(angles)], 1)).astype(np.int32)
    if thickness < 0:
        cv2.fillPoly(canvas, [points], ink.tolist(), cv2.LINE_AA)
    else:
        cv2.polylines(
            canvas, [points.astype(np.int32)], isClosed=True, color=ink.tolist(), thickness=thickness
        )
    if chance(rng, 0.5):
        x, y = (middle + rng.uniform(-0.4, 0.4, 2) * reach).astype(int).tolist()
        cv2.circle(canvas, (x, y), max(2, int(0.5 * reach)), ink.tolist(), thickness, cv2.LINE_AA)


def _rim(rng: np.random.Generator, canvas: Floats, box: Box, side: int, ground: Floats) -> None:
    """Where the band or its window ends: an edge, perhaps with another ground beyond."""
    thickness = int(rng.integers(1, 7))
    x = max(_place(rng, box, side, thickness, 1.5), 0)
    above, below = (int(rng.uniform(0, 24)) for _ in range(2))
    rows = slice(box.top - above, box.bottom + below)
    if chance(rng, 0.4):
        canvas[rows, slice(0, x) if side < 0 else slice(x, None)] = contrasting(rng, ground)
    canvas[rows, x : x + thickness] = contrasting(rng, ground)


def _screw(rng: np.random.Generator, canvas: Floats, box: Box, side: int, ground: Floats) -> None:
    height = box.bottom - box.top
    radius = max(_NARROWEST_PX, int(rng.uniform(0.15, 0.4) * height))
    x = _place(rng, box, side, 2 * radius, 0.8) + radius
    y = int(box.top + rng.uniform(0.25, 0.75) * height)
    metal = contrasting(rng, ground)
    cv2.circle(canvas, (x, y), radius, metal.tolist(), -1, cv2.LINE_AA)
    angle = rng.uniform(0, np.pi)
    along = 0.8 * radius * np.array([np.cos(angle), np.sin(angle)])
    a, b = ((np.array([x, y]) + along * sign).astype(int).tolist() for sign in (-1, 1))
    cv2.line(canvas, a, b, contrasting(rng, metal).tolist(), max(1, radius // 4), cv2.LINE_AA)
