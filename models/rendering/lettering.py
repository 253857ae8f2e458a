"""Words printed on a canvas, in an ink that stands out."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from models.rendering.degrade import Floats
from models.rendering.glyphs import word

_MIDDLE_GREY = 125


def stamp(canvas: Floats, alpha: NDArray[np.uint8], corner: tuple[int, int], ink: Floats) -> None:
    """Prints an alpha picture in place, its top left at `corner` (x, y), cut at the canvas's edges."""
    x, y = corner
    height, width = canvas.shape[:2]
    left, top, right, bottom = (
        max(x, 0),
        max(y, 0),
        min(x + alpha.shape[1], width),
        min(y + alpha.shape[0], height),
    )
    if right <= left or bottom <= top:
        return
    part = alpha[top - y : bottom - y, left - x : right - x, None].astype(np.float32) / 255
    canvas[top:bottom, left:right] += (ink - canvas[top:bottom, left:right]) * part


def lettering(font: ImageFont.FreeTypeFont | None, text: str, height: float) -> NDArray[np.uint8]:
    """A word of about `height` pixels as alpha."""
    alpha = word(font, text)
    size = (max(2, round(alpha.shape[1] * height / alpha.shape[0])), max(2, round(height)))
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)


def contrasting(rng: np.random.Generator, ground: Floats) -> Floats:
    """An ink that stands out from `ground`."""
    level = rng.uniform(130, 250) if ground.mean() < _MIDDLE_GREY else rng.uniform(5, 110)
    return np.clip(level + rng.normal(0, 10, 3), 0, 255).astype(np.float32)
