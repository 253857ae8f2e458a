"""Several looks at one window, and whether there is anything to look at."""

from collections.abc import Sequence
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vocabulary import INPUT_HEIGHT, INPUT_WIDTH

# Shares of the height that each look leaves out above and below the drums: windows are cut loosely as often
# as closely, and lettering above or below is what misleads the reader most.
WHOLE, INNER, LOWER, UPPER = TRIMS = ((0.0, 0.0), (0.15, 0.15), (0.15, 0.0), (0.0, 0.15))
_LEAST_DRUMS, _WIDEST_NARROWING = 3, 0.88
_DARK_LEVEL, _DARK_SPREAD = 24.0, 4.0
# Most windows are nowhere near: half of a few pixels are above this level, and to look at these is quicker.
_LIT_LEVEL = 48
_BLURRED_BELOW = 0.06
# Of ten blocks side by side, three in a row that have hardly any of the others' edges are covered.
_BLOCKS, _COVERED_RUN, _COVERED_BELOW = 10, 3, 0.15


def narrowed(window: NDArray[np.uint8], places: Sequence[float]) -> NDArray[np.uint8]:
    """The window without what lies beside the drums, such as the unit, so that drums are seen larger.

    Args:
        window: RGB `(height, width, 3)`.
        places: Where the drums stand, left to right, as shares of the width. One drum's distance is kept
            beside the first and the last; windows that hold hardly more than the drums stay as they are.
    """
    if len(places) < _LEAST_DRUMS:
        return window
    distance = (places[-1] - places[0]) / (len(places) - 1)
    left, right = max(0.0, places[0] - distance), min(1.0, places[-1] + distance)
    if distance <= 0 or right - left > _WIDEST_NARROWING:
        return window
    width = window.shape[1]
    return window[:, int(left * width) : max(ceil(right * width), int(left * width) + 1)]


def trimmed(
    window: NDArray[np.uint8], trims: Sequence[tuple[float, float]] = TRIMS
) -> list[NDArray[np.uint8]]:
    """The window at the reader's size without its rims, by shares of its height above and below."""
    height = window.shape[0]
    rows = [(int(height * above), height - int(height * below)) for above, below in trims]
    return [resized(window[top : max(bottom, top + 1)]) for top, bottom in rows]


def resized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture at the reader's size, its proportions given up."""
    shrinks = picture.shape[0] > INPUT_HEIGHT and picture.shape[1] > INPUT_WIDTH
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (INPUT_WIDTH, INPUT_HEIGHT), interpolation=method), np.uint8)


def as_input(views: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Views as the small TrOCR takes them: `(n, 3, 32, 160)` from 0 to 1."""
    return np.ascontiguousarray(np.stack(views).transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def is_dark(window: NDArray[np.uint8]) -> bool:
    """Whether the window is so nearly black that nothing can stand in it."""
    down, across = max(1, window.shape[0] // INPUT_HEIGHT), max(1, window.shape[1] // INPUT_WIDTH)
    few = window[::down, ::across, 1]
    if 2 * np.count_nonzero(few >= _LIT_LEVEL) > few.size:
        return False
    grey = cv2.blur(cv2.cvtColor(resized(window), cv2.COLOR_RGB2GRAY), (3, 3))
    low, high = np.percentile(grey, (2, 98))
    return bool(high < _DARK_LEVEL and high - low < _DARK_SPREAD)


def is_sharp(window: NDArray[np.uint8]) -> bool:
    """Whether the window shows edges as a focused picture does, by fine detail within all contrast."""
    grey = cv2.cvtColor(resized(window), cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 0.8), cv2.CV_32F)
    return bool(detail.std() >= _BLURRED_BELOW * (grey.std() + 1))


def is_covered(window: NDArray[np.uint8]) -> bool:
    """Whether something featureless hides a third of the window or more, side by side."""
    grey = cv2.GaussianBlur(cv2.cvtColor(resized(window), cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.8)
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    blocks = edges[6:-6].reshape(INPUT_HEIGHT - 12, _BLOCKS, -1).mean((0, 2))
    flat = blocks < _COVERED_BELOW * np.sort(blocks)[-3:].mean()
    return bool(np.lib.stride_tricks.sliding_window_view(flat, _COVERED_RUN).all(1).any())
