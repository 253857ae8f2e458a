"""Whether a photograph still tells what was drawn: as a whole, and drum by drum."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.degrade import Floats, photographed

# Left, top, right, bottom in pixels.
DrumBox = tuple[int, int, int, int]

_LEAST_CONTRAST = 12
_LEAST_LIKENESS, _TRIES = 0.4, 6
# By eye, on sheets of drums sorted by either number: below these, people begin to guess.
_LEAST_DRUM_LIKENESS, _LEAST_DRUM_DETAIL = 0.65, 4.0
# Of a drum that is partly cut off.
_LEAST_AREA = 0.8


def is_legible(picture: NDArray[np.uint8]) -> bool:
    """Whether the middle of a strip shows any contrast above its noise."""
    grey = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3))[8:-8, 16:-16]
    low, high = np.percentile(grey, (3, 97))
    return bool(high - low >= _LEAST_CONTRAST)


def tells_drums(drawn: Floats, seen: NDArray[np.uint8], drums: Sequence[DrumBox]) -> bool:
    """Whether each drum of a drawing can be made out in its photograph.

    Args:
        drawn: The drawing, RGB `(height, width, 3)` from 0 to 255.
        seen: Its photograph, of the same size.
        drums: Where the drums stand on both.
    """
    for left, top, right, bottom in drums:
        rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        drum = drawn[rows, columns]
        if drum.shape[0] * drum.shape[1] < _LEAST_AREA * (right - left) * (bottom - top):
            return False
        likeness, detail = drum_marks(drum, seen[rows, columns].astype(np.float32))
        if likeness < _LEAST_DRUM_LIKENESS or detail < _LEAST_DRUM_DETAIL:
            return False
    return True


def drum_marks(drawn: Floats, seen: Floats) -> tuple[float, float]:
    """How much a drum's photograph is like its drawing, up to 1, and the drawing's share in it, in levels."""
    before, after = (each - each.mean((0, 1)) for each in (drawn, seen))
    shared, own = float((before * after).mean()), float((before**2).mean()) ** 0.5 + 1e-6
    return shared / (own * float(after.std()) + 1e-6), shared / own


def legibly_photographed(
    picture: Floats,
    rng: np.random.Generator,
    drums: Sequence[DrumBox] = (),
    *,
    worst_blur: float = 1.4,
) -> NDArray[np.uint8] | None:
    """A random photograph in which the drawing can still be made out, None where a few tries gave none.

    Args:
        picture: A clean drawing, RGB `(height, width, 3)` from 0 to 255.
        rng: Source of light, blur and noise.
        drums: Drums each of which must be told; by default only the picture as a whole.
        worst_blur: Deviation of the strongest blur, in pixels.
    """
    for _ in range(_TRIES):
        seen = photographed(picture, rng, worst_blur=worst_blur)
        if (
            is_legible(seen)
            and _likeness(picture, seen) >= _LEAST_LIKENESS
            and tells_drums(picture, seen, drums)
        ):
            return seen
    return None


def _likeness(drawn: Floats, seen: NDArray[np.uint8]) -> float:
    """The correlation of fine detail between a drawing and its photograph."""
    before, after = (
        grey - cv2.blur(grey, (21, 21))
        for grey in (
            cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY),
            cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY).astype(np.float32),
        )
    )
    return float((before * after).mean() / (before.std() * after.std() + 1e-6))
