"""Whole camera frames of unknown meters, with the truth of where the counter stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.counters import CellSource, drawn_drums, mount_counter, width_of
from models.rendering.degrade import Floats, chance, glow
from models.rendering.fittings import Box
from models.rendering.glyphs import Typeface
from models.rendering.inscriptions import Font, handwriting
from models.rendering.surroundings import body, cable, furnish, wall

Quad: TypeAlias = NDArray[np.float64]

_LONG, _SHORT = 512, 384
_NARROWEST, _WIDEST = 0.11, 0.95
# How much of a counter at the picture's edge may be out of view, along its text and across it.
_MOST_LOST = (0.35, 0.55)


@dataclass(frozen=True, slots=True)
class Frame:
    """A camera's picture, RGB `(height, width, 3)`, and the counter's place in its pixels.

    `drums` encloses all drums closely, `band` the band, glass or opening in which they stand: four corners
    each (`(4, 2)`, x and y), named as the counter is read: top left, top right, bottom right, bottom left.
    They lie beyond the picture where its edge cuts the counter off, and both are None where the picture holds
    no counter. `others` are things that might be taken for one. `text` is what a reader should say, None
    where nobody knows.
    """

    picture: NDArray[np.uint8]
    drums: Quad | None
    band: Quad | None
    others: tuple[Quad, ...] = ()
    text: str | None = None


def random_frame(
    rng: np.random.Generator, faces: Sequence[Typeface], *, real_drums: CellSource | None = None
) -> Frame:
    """A random frame, clear and well lit; `photographed` of `models.rendering.degrade` takes the picture.

    Args:
        rng: Where chance comes from.
        faces: To draw drums and lettering with.
        real_drums: Where to take pictures of real drums from for a third of the counters.
    """
    size = (_LONG, _SHORT) if chance(rng, 0.6) else (_SHORT, _LONG)
    canvas_size = (round(1.25 * size[0]), round(1.25 * size[1]))
    canvas = wall(rng, canvas_size)
    font = faces[int(rng.integers(len(faces)))].font
    if chance(rng, 0.04):
        _meter_without_counter(rng, canvas, font)
        return Frame(_as_bytes(canvas[: size[1], : size[0]]), None, None)
    has_real = real_drums is not None and chance(rng, 0.35)
    drums = real_drums(rng) if has_real and real_drums is not None else drawn_drums(rng, faces)
    share = float(np.exp(rng.uniform(np.log(_NARROWEST), np.log(_WIDEST))))
    # A counter of few broad drums is high: it must fit as well as the long ones.
    slender = width_of(drums) / drums.cells[0].shape[0]
    width = min(share * size[0], 0.6 * slender * size[1])
    middle = (canvas_size[0] / 2, canvas_size[1] / 2)
    kept_free = _kept_free(middle, width, slender)
    others = _meter(rng, canvas, kept_free, font)
    boxes = mount_counter(rng, canvas, drums, (*middle, width), font)
    if chance(rng, 0.12):
        cable(rng, canvas)
    if chance(rng, 0.08):
        handwriting(rng, canvas, boxes[0], font)
    return replace(_taken(rng, canvas, (*boxes, *others), size), text=drums.text)


def _kept_free(middle: tuple[float, float], width: float, slender: float) -> Box:
    height = width / slender
    return (
        middle[0] - 0.55 * width - 0.4 * height,
        middle[1] - 1.1 * height,
        middle[0] + 0.55 * width + 0.6 * height,
        middle[1] + 1.1 * height,
    )


def _meter(rng: np.random.Generator, canvas: Floats, kept_free: Box, font: Font) -> list[Box]:
    """Case and plate about the counter, both with what they carry, in place; where confusing things are."""
    x0, y0, x1, y1 = kept_free
    wide, high = x1 - x0, y1 - y0
    is_round = chance(rng, 0.35)
    plate_width = wide / rng.uniform(0.4, 1.0)
    plate_height = plate_width if is_round else max(plate_width * rng.uniform(0.35, 1.2), 1.1 * high)
    left = (x0 + x1 - plate_width) / 2 + rng.uniform(-0.5, 0.5) * (plate_width - wide)
    top = (y0 + y1) / 2 - plate_height * rng.uniform(0.25, 0.75)
    if is_round:
        left, top = (x0 + x1 - plate_width) / 2, (y0 + y1) / 2 - plate_height * rng.uniform(0.32, 0.6)
    plate = (left, top, left + plate_width, top + plate_height)
    if chance(rng, 0.6):
        more = rng.uniform(0.03, 0.4, 4) * plate_width
        case = (plate[0] - more[0], plate[1] - more[1], plate[2] + more[2], plate[3] + more[3])
        body(rng, canvas, case, is_round=is_round and chance(rng, 0.7))
        if chance(rng, 0.4):
            furnish(rng, canvas, case, kept_free, font)
    if chance(rng, 0.9):
        body(rng, canvas, plate, is_round=is_round)
    inner = plate
    if is_round:
        margin = 0.15 * plate_width
        inner = (plate[0] + margin, plate[1] + margin, plate[2] - margin, plate[3] - margin)
    return furnish(rng, canvas, inner, kept_free, font)


def _meter_without_counter(rng: np.random.Generator, canvas: Floats, font: Font) -> None:
    height, width = canvas.shape[:2]
    if chance(rng, 0.6):
        box = (0.1 * width, 0.1 * height, 0.8 * width, 0.8 * height)
        body(rng, canvas, box, is_round=chance(rng, 0.3))
        far = (width * 2.0, height * 2.0, width * 2.0 + rng.uniform(80, 500), height * 2.0 + 10)
        furnish(rng, canvas, box, far, font)


def _taken(rng: np.random.Generator, canvas: Floats, boxes: Sequence[Box], size: tuple[int, int]) -> Frame:
    """The canvas from where a camera might hang: turned, tilted, mirrored, the counter anywhere in view."""
    width, height = size
    x0, y0, x1, y1 = boxes[0]
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    angle = rng.normal(0, 0.05) if chance(rng, 0.85) else rng.uniform(-0.7, 0.7)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    drums = _corners(boxes[0])
    turned = (drums - centre) @ turn.T
    reach = np.abs(turned).max(0)
    scale = min(1.0, 0.97 * width / (2 * reach[0]), 0.97 * height / (2 * reach[1]))
    target_centre = _aimed(rng, scale * reach, size)
    place = np.eye(3)
    place[:2, :2] = scale * turn
    place[:2, 2] = target_centre - scale * turn @ centre
    matrix = _tilt(rng, target_centre, width) @ place
    seen = cv2.warpPerspective(canvas, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    picture = np.asarray(seen, np.float32)
    quads = [cv2.perspectiveTransform(quad[None], matrix)[0] for quad in map(_corners, boxes)]
    if chance(rng, 0.25):
        spot = (rng.uniform(0, width), rng.uniform(0, height))
        picture *= np.float32(rng.uniform(0.1, 0.8))
        glow(picture, spot, tuple(rng.uniform(0.1, 0.6, 2) * width), rng.uniform(20, 200))
    return _oriented(rng, _as_bytes(picture), quads)


def _aimed(
    rng: np.random.Generator, reach: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float64]:
    """Where the middle of a counter comes to lie that reaches so far from it; now and then cut by an edge."""
    middle = np.array(size) / 2
    target = middle + rng.uniform(-1, 1, 2) * np.maximum(middle - reach - 2, 0)
    if chance(rng, 0.14):
        axis, side = int(rng.integers(2)), int(rng.choice([-1, 1]))
        lost = rng.uniform(0.02, _MOST_LOST[axis])
        target[axis] = middle[axis] + side * (middle[axis] - reach[axis] * (1 - 2 * lost))
    return np.asarray(target, np.float64)


def _corners(box: Box) -> Quad:
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def _tilt(rng: np.random.Generator, centre: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A perspective about `centre` that leaves it where it is."""
    lean = rng.normal(0, 0.16 if chance(rng, 0.4) else 0.05, 2) / width
    there, back, tilt = np.eye(3), np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2], tilt[2, :2] = -centre, centre, lean
    return back @ tilt @ there


def _oriented(rng: np.random.Generator, picture: NDArray[np.uint8], quads: list[Quad]) -> Frame:
    """Half of the frames are upright; the others are turned and mirrored as cameras and mirrors do."""
    frame = Frame(picture, quads[0], quads[1], tuple(quads[2:]))
    if chance(rng, 0.5):
        return frame
    return turned_frame(frame, int(rng.integers(4)), mirrored=chance(rng, 0.5))


def turned_frame(frame: Frame, steps: int, *, mirrored: bool) -> Frame:
    """A frame mirrored left for right, then turned by `steps` quarters clockwise, its truth with it."""
    picture = frame.picture
    quads = [frame.drums, frame.band, *frame.others]
    if mirrored:
        width = picture.shape[1]
        picture = picture[:, ::-1]
        quads = [None if quad is None else np.stack([width - quad[:, 0], quad[:, 1]], 1) for quad in quads]
    for _ in range(steps % 4):
        height = picture.shape[0]
        picture = np.rot90(picture, -1)
        quads = [None if quad is None else np.stack([height - quad[:, 1], quad[:, 0]], 1) for quad in quads]
    others = tuple(quad for quad in quads[2:] if quad is not None)
    return Frame(np.ascontiguousarray(picture), quads[0], quads[1], others, frame.text)


def _as_bytes(picture: Floats) -> NDArray[np.uint8]:
    return np.clip(picture, 0, 255).astype(np.uint8)
