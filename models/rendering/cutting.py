"""How loosely a register window is cut out of what stands around it, and where its drums then are."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.degrade import Floats, chance
from models.rendering.legibility import DrumBox

_SHARP_SHRINK, _RIM_SHARE = 1.2, 0.08
# The finder's windows often leave a tenth of the row's width and more beside both ends, most of all about
# displays, and are read with another 0.08 at either end.
_AS_FOUND, _FOUND_BESIDE = 0.25, 0.34


@dataclass(frozen=True, slots=True)
class Box:
    """Where the drums stand on the canvas, in pixels, and how far a unit printed beside them reaches.

    `lefts` are the left edges of the single drums, all `drum_width` wide.
    """

    left: int
    top: int
    right: int
    bottom: int
    unit_right: int
    lefts: tuple[int, ...]
    drum_width: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A strip cut out of a canvas, RGB floats, and the upright boxes of its drums in it."""

    picture: Floats
    drums: tuple[DrumBox, ...]


def crop(rng: np.random.Generator, canvas: Floats, box: Box, size: tuple[int, int]) -> Cut:
    """Cuts the counter out as people and detectors do, loose, tilted, skewed; `size` is (width, height)."""
    height, width = box.bottom - box.top, box.right - box.left
    loose = chance(rng, 0.5)
    left, right = _room_beside(rng, box)
    above, below = rng.uniform(-0.06, 0.6 if loose else 0.2, 2) * height
    corners = np.array(
        [
            (box.left - left, box.top - above),
            (box.right + right, box.top - above),
            (box.right + right, box.bottom + below),
            (box.left - left, box.bottom + below),
        ]
    )
    corners += rng.normal(0, (0.06 if loose else 0.03) * height, (4, 2))
    angle = rng.normal(0, 0.055 if chance(rng, 0.5) else 0.012)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = corners.mean(0)
    corners = (corners - centre) @ turn.T + centre
    wide, high = size
    target = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    shrink = max((height + above + below) / high, (width + left + right) / wide)
    if shrink > _SHARP_SHRINK:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.35 * shrink), np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), target), np.float64)
    warped = cv2.warpPerspective(
        canvas, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return Cut(np.asarray(warped, np.float32), _drums_in(matrix, box))


def _room_beside(rng: np.random.Generator, box: Box) -> tuple[float, float]:
    """How far a cut reaches beyond both ends of a row, in pixels: as people cut, or as the finder does."""
    width = box.right - box.left
    if chance(rng, _AS_FOUND):
        left, right = rng.uniform(0.02, _FOUND_BESIDE, 2) * width
        return left, right
    left = rng.uniform(0.0, 0.45 if chance(rng, 0.3) else 0.08) * width
    right = rng.uniform(0.0, 0.3 if chance(rng, 0.1) else 0.08) * width
    if box.unit_right > box.right and chance(rng, 0.75):
        right = (box.unit_right - box.right) * rng.uniform(0.3, 1.05)
    return left, right


def _drums_in(matrix: NDArray[np.float64], box: Box) -> tuple[DrumBox, ...]:
    """The upright boxes of the drums after a change of perspective, a little within their windows."""
    width, height = box.drum_width, box.bottom - box.top
    boxes = []
    for left in box.lefts:
        sides = left + _RIM_SHARE * width, left + (1 - _RIM_SHARE) * width
        lids = box.top + _RIM_SHARE * height, box.bottom - _RIM_SHARE * height
        corners = np.array([[(x, y) for x in sides for y in lids]], np.float64)
        x, y = cv2.perspectiveTransform(corners, matrix)[0].T
        boxes.append((round(x.min()), round(y.min()), round(x.max()), round(y.max())))
    return tuple(boxes)
