"""A picture with its register window drawn in, for people to check."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.window import Window

_LONGEST_SIDE = 1280
_GREEN, _RED = (0, 220, 0), (230, 0, 0)


def draw_window(picture: NDArray[np.uint8], window: Window) -> bytes:
    """PNG of the picture, at most 1280 pixels long, the window green, the register's top left corner red.

    Args:
        picture: RGB `(height, width, 3)`.
        window: The register window's corners in its pixels.
    """
    scale = min(1.0, _LONGEST_SIDE / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    thickness = max(1, max(size) // 320)
    corners = (np.array(window.corners) * scale).round().astype(np.int32)
    cv2.polylines(shown, [corners], isClosed=True, color=_GREEN, thickness=thickness, lineType=cv2.LINE_AA)
    cv2.circle(shown, corners[0].tolist(), 3 * thickness, _RED, -1, cv2.LINE_AA)
    _, data = cv2.imencode(".png", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    return data.tobytes()
