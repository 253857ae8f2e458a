"""Whether a fixed camera still sees its meter where it was: a cheap comparison that fails closed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.window import Corner, Window

_PATCH_LONG, _ROOM = 128, 14
_AROUND_ACROSS, _AROUND_DOWN = 0.6, 1.6
_LEAST_LIKENESS, _LEAST_TEXTURE = 0.72, 1.5


@dataclass(frozen=True, slots=True)
class Reference:
    """What surrounded the register window when it was found.

    Attributes:
        window: The register window's corners then.
        picture_size: Width and height of the camera's pictures.
        box: `x0, y0, x1, y1` of the surroundings that are compared, in pixels.
        patch: Them, grey, shrunk to at most 128 pixels.
    """

    window: Window
    picture_size: tuple[int, int]
    box: tuple[int, int, int, int]
    patch: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the window is in another picture of the camera: moved by `shift` pixels, or lost (`window` None).

    `likeness` is the correlation of the surroundings with those of the reference, from -1 to 1.
    """

    window: Window | None
    shift: tuple[float, float]
    likeness: float


def reference_of(picture: NDArray[np.uint8], window: Window) -> Reference:
    """The surroundings of a window, to find it again by."""
    height, width = picture.shape[:2]
    points = np.array(window.corners)
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    across, down = (x1 - x0) * _AROUND_ACROSS, (y1 - y0) * _AROUND_DOWN
    if y1 - y0 > x1 - x0:
        across, down = (x1 - x0) * _AROUND_DOWN, (y1 - y0) * _AROUND_ACROSS
    box = (
        max(0, int(x0 - across)),
        max(0, int(y0 - down)),
        min(width, int(x1 + across) + 1),
        min(height, int(y1 + down) + 1),
    )
    patch = _grey(picture[box[1] : box[3], box[0] : box[2]], _scale_of(box))
    return Reference(window, (width, height), box, patch)


def register_window(picture: NDArray[np.uint8], reference: Reference) -> Registration:
    """Where the reference's window is in another picture of the same camera.

    The relief of the surroundings is correlated, without the drums, which turn: light and exposure change
    it less than levels. Only small shifts are followed; anything else is lost.

    Args:
        picture: RGB `(height, width, 3)`.
        reference: From `reference_of`, of another picture.
    """
    lost = Registration(None, (0.0, 0.0), 0.0)
    if picture.shape[1::-1] != reference.picture_size:
        return lost
    scale = _scale_of(reference.box)
    room = int(np.ceil(_ROOM / scale))
    seen = _relief(_grey(_with_room(picture, reference.box, room), scale))
    known = _relief(reference.patch)
    mask = _without_drums(reference, scale)
    if float(known[mask > 0].std()) < _LEAST_TEXTURE or float(seen.std()) < _LEAST_TEXTURE:
        return lost
    likeness = np.asarray(cv2.matchTemplate(seen, known, cv2.TM_CCOEFF_NORMED, mask=mask), np.float32)
    likeness[~np.isfinite(likeness)] = -1
    _, best, _, (column, row) = cv2.minMaxLoc(likeness)
    shift = (
        _finer(likeness[row], column) / scale - room,
        _finer(likeness[:, column], row) / scale - room,
    )
    moved = _shifted(reference.window, shift)
    if best < _LEAST_LIKENESS or _is_outside(moved, reference.picture_size):
        return Registration(None, shift, float(best))
    return Registration(moved, shift, float(best))


def packed(patch: NDArray[np.uint8]) -> bytes:
    """A grey patch as PNG."""
    _, data = cv2.imencode(".png", patch)
    return data.tobytes()


def unpacked(data: bytes) -> NDArray[np.uint8]:
    """The patch that `packed` wrote.

    Raises:
        ValueError: When the bytes are no grey picture.
    """
    patch = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if patch is None:
        raise ValueError("The kept surroundings are no picture.")
    return np.asarray(patch, np.uint8)


def _with_room(picture: NDArray[np.uint8], box: tuple[int, int, int, int], room: int) -> NDArray[np.uint8]:
    """The box grown by `room` on every side; beyond the picture's edge its last pixels go on."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box[0] - room, box[1] - room, box[2] + room, box[3] + room
    part = picture[max(0, y0) : y1, max(0, x0) : x1]
    beyond = max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width)
    return np.asarray(cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE), np.uint8)


def _scale_of(box: tuple[int, int, int, int]) -> float:
    return min(1.0, _PATCH_LONG / max(box[2] - box[0], box[3] - box[1]))


def _grey(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _relief(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is lighter and darker than its neighbourhood, by how much the neighbourhood varies."""
    fine = cv2.GaussianBlur(np.asarray(grey, np.float32), (0, 0), 0.8)
    relief = fine - cv2.GaussianBlur(fine, (0, 0), 5)
    spread = cv2.GaussianBlur(relief * relief, (0, 0), 10) ** 0.5
    return np.asarray(20 * relief / (spread + 2), np.float32)


def _without_drums(reference: Reference, scale: float) -> NDArray[np.float32]:
    """One outside of the register window, nought within."""
    mask = np.ones(reference.patch.shape, np.float32)
    x0, y0, _, _ = reference.box
    corners = (np.array(reference.window.corners) - (x0, y0)) * scale
    cv2.fillPoly(mask, [corners.round().astype(np.int32)], 0.0)
    return mask


def _finer(values: NDArray[np.float32], index: int) -> float:
    """The place of a maximum between samples, by a parabola."""
    if not 0 < index < len(values) - 1:
        return float(index)
    before, at, after = (float(value) for value in values[index - 1 : index + 2])
    bend = before - 2 * at + after
    return index + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _shifted(window: Window, shift: tuple[float, float]) -> Window:
    def moved(corner: Corner) -> Corner:
        return corner[0] + shift[0], corner[1] + shift[1]

    a, b, c, d = window.corners
    return Window((moved(a), moved(b), moved(c), moved(d)))


def _is_outside(window: Window, size: tuple[int, int]) -> bool:
    return any(not (0 <= x <= size[0] and 0 <= y <= size[1]) for x, y in window.corners)
