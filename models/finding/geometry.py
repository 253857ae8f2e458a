"""Quadrilaterals in pictures: as oriented boxes, cut out and put back."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Quad: TypeAlias = NDArray[np.float64]

_SHARP_SHRINK = 1.4


@dataclass(frozen=True, slots=True)
class OrientedBox:
    """A turned rectangle: middle, length along the reading direction, height, angle of that direction.

    The angle is in radians and known only up to half a turn.
    """

    x: float
    y: float
    length: float
    height: float
    angle: float

    def corners(self, across: float = 1.0, down: float = 1.0) -> Quad:
        """Its corners, grown by the two factors, from one end of the reading direction to the other."""
        along = np.array([np.cos(self.angle), np.sin(self.angle)]) * self.length * across / 2
        downwards = np.array([-np.sin(self.angle), np.cos(self.angle)]) * self.height * down / 2
        middle = np.array([self.x, self.y])
        return np.stack(
            [
                middle - along - downwards,
                middle + along - downwards,
                middle + along + downwards,
                middle - along + downwards,
            ]
        )


def oriented_box(quad: Quad) -> OrientedBox:
    """The turned rectangle that is most like a quadrilateral whose first side runs along its text."""
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    downwards = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    x, y = quad.mean(0)
    angle = float(np.arctan2(along[1], along[0]))
    return OrientedBox(float(x), float(y), float(np.hypot(*along)), float(np.hypot(*downwards)), angle)


def placed(points: Quad, source: Quad, target: Quad) -> Quad:
    """Points carried along by the perspective that carries `source` onto `target`."""
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0], np.float64)


def whole(width: float, height: float) -> Quad:
    """The corners of a picture."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def cut(picture: NDArray[np.uint8], quad: Quad, size: tuple[int, int]) -> NDArray[np.uint8]:
    """What stands within a quadrilateral, as a picture of `size` (width, height), free of moiré.

    What lies outside of the picture is black.
    """
    sides = np.hypot(*(np.roll(quad, -1, 0) - quad).T)
    shrink = min(max(sides[0], sides[2]) / size[0], max(sides[1], sides[3]) / size[1])
    if shrink > _SHARP_SHRINK:
        x0, y0 = np.floor(np.maximum(quad.min(0), 0)).astype(int)
        x1, y1 = np.ceil(np.minimum(quad.max(0), picture.shape[1::-1])).astype(int)
        if x1 <= x0 or y1 <= y0:
            return np.zeros((size[1], size[0], 3), np.uint8)
        part = picture[y0:y1, x0:x1]
        less = max(1, round(part.shape[1] / shrink)), max(1, round(part.shape[0] / shrink))
        quad = (quad - (x0, y0)) * (less[0] / part.shape[1], less[1] / part.shape[0])
        picture = np.asarray(cv2.resize(part, less, interpolation=cv2.INTER_AREA), np.uint8)
    matrix = cv2.getPerspectiveTransform(
        (quad - 0.5).astype(np.float32), (whole(*size) - 0.5).astype(np.float32)
    )
    return np.asarray(cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def grown(quad: Quad, left: float, above: float, right: float, below: float) -> Quad:
    """A quadrilateral grown on each side by shares of its own width and height, in its own perspective."""
    unit = whole(1, 1)
    larger = np.array([(-left, -above), (1 + right, -above), (1 + right, 1 + below), (-left, 1 + below)])
    return placed(larger, unit, quad)


def is_convex(quad: Quad) -> bool:
    """Whether four corners run around an area without crossing."""
    return bool(cv2.isContourConvex(quad.astype(np.float32)))


def overlap(a: Quad, b: Quad) -> float:
    """Intersection over union of two convex quadrilaterals."""
    shared, _ = cv2.intersectConvexConvex(_convex(a), _convex(b))
    union = cv2.contourArea(_convex(a)) + cv2.contourArea(_convex(b)) - shared
    return float(shared / union) if union > 0 else 0.0


def _convex(quad: Quad) -> NDArray[np.float32]:
    return np.asarray(cv2.convexHull(quad.astype(np.float32)), np.float32)
