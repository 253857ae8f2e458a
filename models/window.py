"""Where the counter stands in a picture, and the counter cut out upright and unmirrored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Mirror = Literal["none", "horizontal", "vertical"]
Rotation = Literal[0, 90, 180, 270]
Corner = tuple[float, float]

_LONGEST_SIDE = 2000


@dataclass(frozen=True, slots=True)
class Window:
    """The counter's four corners in picture pixels (x right, y down).

    They are named by the counter as it would be read, upright and unmirrored: top left, top right, bottom
    right, bottom left. Where the counter appears turned or mirrored, so does their order, and one perspective
    warp undoes tilt, rotation and mirror together.
    """

    corners: tuple[Corner, Corner, Corner, Corner]

    @property
    def orientation(self) -> str:
        """How the counter appears: `upright` or `mirrored` (top for bottom), and its clockwise turn."""
        (left, top), (right, turn), _, (_, _) = self.corners
        degrees = round(np.degrees(np.arctan2(turn - top, right - left)) / 90) * 90 % 360
        return f"{'mirrored' if _doubled_area(self.corners) < 0 else 'upright'}-{degrees}"


def window_from_box(box: Sequence[float], mirror: Mirror = "none", rotation: Rotation = 0) -> Window:
    """The window of a counter that fills an upright box of the picture.

    Args:
        box: `x0, y0, x1, y1` in pixels, as the counter appears in the picture.
        mirror: `horizontal` when the picture swaps left and right, `vertical` when it swaps top and bottom.
        rotation: By how many degrees the picture (after the mirror) is turned clockwise.

    Raises:
        ValueError: When the box has no area, or a word or number is unknown.
    """
    if mirror not in {"none", "horizontal", "vertical"} or rotation not in {0, 90, 180, 270}:
        raise ValueError(
            f"Unknown mirror {mirror!r} or rotation {rotation!r}: mirror is none, horizontal or "
            "vertical, rotation 0, 90, 180 or 270."
        )
    x0, y0, x1, y1 = (float(value) for value in box)
    if x1 <= x0 or y1 <= y0:
        raise ValueError(
            f"The window {x0:g} {y0:g} {x1:g} {y1:g} has no area: give x0 y0 x1 y1 with x1 > x0, y1 > y0."
        )
    corners: list[Corner] = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    steps = rotation // 90
    corners = corners[steps:] + corners[:steps]
    if mirror == "none":
        return Window((corners[0], corners[1], corners[2], corners[3]))
    # The mirror acts before the turn: swap the counter's own corners, whose places the turn has settled.
    if mirror == "horizontal":
        return Window((corners[1], corners[0], corners[3], corners[2]))
    return Window((corners[3], corners[2], corners[1], corners[0]))


def cut_window(picture: NDArray[np.uint8], window: Window | None) -> NDArray[np.uint8]:
    """The counter alone, upright and unmirrored, RGB.

    Args:
        picture: RGB `(height, width, 3)`.
        window: Its corners; none when the picture already is the counter.

    Raises:
        ValueError: When the corners lie outside of the picture or span no convex area.
    """
    if window is None:
        return picture
    height, width = picture.shape[:2]
    xs, ys = [x for x, _ in window.corners], [y for _, y in window.corners]
    if min(xs) < 0 or min(ys) < 0 or max(xs) > width or max(ys) > height:
        raise ValueError(
            f"The window reaches from ({min(xs):g}, {min(ys):g}) to ({max(xs):g}, {max(ys):g}), outside of "
            f"the picture of {width} x {height} pixels: correct the meter's window in the settings."
        )
    if not cv2.isContourConvex(np.array(window.corners, np.float32)):
        raise ValueError(
            "The window's corners cross or span no area: give them as top left, top right, bottom right, "
            "bottom left of the counter."
        )
    size = _size_of(window.corners)
    target = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    # Corners are edges of pixels while OpenCV counts from their centres: half a pixel on both sides.
    matrix = cv2.getPerspectiveTransform(np.array(window.corners, np.float32) - 0.5, target - 0.5)
    cut = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _size_of(corners: tuple[Corner, Corner, Corner, Corner]) -> tuple[int, int]:
    """Width and height of the cut: as many pixels as the longer of each pair of sides has."""
    points = np.array(corners)
    sides = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    longest = (max(sides[0], sides[2]), max(sides[1], sides[3]))
    scale = min(1.0, _LONGEST_SIDE / max(longest))
    return max(1, round(longest[0] * scale)), max(1, round(longest[1] * scale))


def _doubled_area(corners: tuple[Corner, Corner, Corner, Corner]) -> float:
    """Positive when the corners run clockwise as seen on the screen."""
    following = (*corners[1:], corners[0])
    return float(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, following, strict=True)))
