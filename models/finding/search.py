"""From a whole picture to places where a counter may stand, each looked at closely."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.finding.geometry import (
    OrientedBox,
    Quad,
    cut,
    grown,
    oriented_box,
    overlap,
    placed,
    whole,
)
from models.finding.shapes import (
    CELL,
    LOOK_HEIGHT,
    LOOK_WIDTH,
    MIDDLE_UNIT,
    ROOM_ACROSS,
    ROOM_DOWN,
    SEARCH_LONG,
)

_MOST_PLACES, _LEAST_SHARE = 4, 0.08
_SAME_PLACE, _AGREEING = 0.3, 0.5
_LONGEST_LOG, _FLATTEST = 7.0, 0.02
# Corners of a counter as it appears, renamed as it is read; each row undoes itself.
_AS_READ = ((0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0), (2, 3, 0, 1))
_MARGINS_AS_READ = ((0, 1, 2, 3), (2, 1, 0, 3), (0, 3, 2, 1), (2, 3, 0, 1))
_CORNER_UNIT = 0.1
_NOMINAL = np.array(
    [
        (0.5 + x * 0.5 / ROOM_ACROSS, 0.5 + y * 0.5 / ROOM_DOWN)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that may hold a counter.

    `drums` are the corners as they appear, the first side along the text; `margins` how far the band around
    them reaches on each of the four sides, as shares of the drums' own; `flips` the probabilities of
    `models.finding.shapes.FLIPS`; `presence` that of a counter.
    """

    drums: Quad
    margins: tuple[float, float, float, float]
    flips: tuple[float, float, float, float]
    presence: float

    def as_read(self, flip: int) -> "Place":
        """The place with corners and margins named as its counter is read if it is flipped so."""
        drums = self.drums[list(_AS_READ[flip])]
        left, above, right, below = (self.margins[index] for index in _MARGINS_AS_READ[flip])
        return replace(self, drums=drums, margins=(left, above, right, below))

    def window(self) -> Quad:
        """The corners half-way, by area, from the drums to the band around them.

        Some people call the drums the counter, others the band: half-way overlaps with both.
        """
        left, above, right, below = (max(0.0, margin) for margin in self.margins)
        wanted = np.sqrt((1 + left + right) * (1 + above + below))
        across, down = left + right, above + below
        both = across + down
        # The share s of all margins for which (1 + s * across) * (1 + s * down) is the wanted area.
        curve = across * down
        share = (np.sqrt(both**2 + 4 * curve * (wanted - 1)) - both) / (2 * curve) if curve > 0 else 0.5
        return grown(self.drums, left * share, above * share, right * share, below * share)


class Finder:
    """Guards the sessions of the two networks in a folder of weights."""

    def __init__(self, folder: Path) -> None:
        self._search, self._look = (open_graph(folder / f"{name}.onnx") for name in ("search", "look"))

    def places(self, picture: NDArray[np.uint8], *, long_side: int = SEARCH_LONG) -> list[Place]:
        """Where in a picture, RGB `(height, width, 3)`, a counter may stand, the likeliest first."""
        boxes = self._searched(picture, long_side)
        if not boxes:
            return []
        first = self._looked(picture, boxes)
        again = self._looked(picture, [oriented_box(place.drums) for place in first])
        ranked = sorted(again, key=lambda place: -place.presence)
        kept: list[Place] = []
        for place in ranked:
            if all(overlap(place.drums, other.drums) < _SAME_PLACE for other in kept):
                kept.append(place)
        return kept

    def _searched(self, picture: NDArray[np.uint8], long_side: int) -> list[OrientedBox]:
        height, width = picture.shape[:2]
        scale = long_side / max(height, width)
        size = tuple(max(CELL, round(side * scale / CELL) * CELL) for side in (width, height))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        found = answers(self._search, [np.asarray(small, np.uint8)])[0]
        stretch = width / size[0], height / size[1]
        return [_stretched(box, stretch) for box in peaks(found)]

    def _looked(self, picture: NDArray[np.uint8], boxes: Sequence[OrientedBox]) -> list[Place]:
        regions = [_level(box).corners(ROOM_ACROSS, ROOM_DOWN) for box in boxes]
        looks = [cut(picture, region, (LOOK_WIDTH, LOOK_HEIGHT)) for region in regions]
        values = answers(self._look, looks)
        return [_place(each, region) for each, region in zip(values, regions, strict=True)]


def _level(box: OrientedBox) -> OrientedBox:
    """The box with its reading direction pointing right, or up where it is upright."""
    return replace(box, angle=(box.angle + np.pi / 2) % np.pi - np.pi / 2)


def _place(values: NDArray[np.float32], region: Quad) -> Place:
    corners = _NOMINAL + values[5:13].reshape(4, 2) * _CORNER_UNIT
    shares = np.exp(values[1:5] - values[1:5].max())
    none, horizontal, vertical, both = (shares / shares.sum()).tolist()
    left, above, right, below = values[13:17].tolist()
    return Place(
        placed(corners, whole(1, 1), region),
        (left, above, right, below),
        (none, horizontal, vertical, both),
        float(1 / (1 + np.exp(-values[0]))),
    )


def peaks(found: NDArray[np.float32]) -> list[OrientedBox]:
    """The boxes that the search's cells agree on, in pixels of its picture, the likeliest first.

    Args:
        found: `(7, rows, columns)` as the search returns it.
    """
    shares = 1 / (1 + np.exp(-found[0]))
    rows, columns = shares.shape
    xs = (np.arange(columns) + 0.5) * CELL + found[1] * MIDDLE_UNIT
    ys = (np.arange(rows)[:, None] + 0.5) * CELL + found[2] * MIDDLE_UNIT
    lengths = np.exp(np.clip(found[3], 0, _LONGEST_LOG))
    left = shares.copy()
    boxes: list[OrientedBox] = []
    while len(boxes) < _MOST_PLACES:
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        if left[row, column] < _LEAST_SHARE:
            break
        near = np.hypot(xs - xs[row, column], ys - ys[row, column]) < 0.3 * lengths[row, column]
        agree = near & (shares > _AGREEING * shares[row, column])
        weights = shares[agree] / shares[agree].sum()
        mean = [float((values[agree] * weights).sum()) for values in (xs, ys, *found[3:])]
        height = float(np.exp(np.clip(mean[3], 0, _LONGEST_LOG)))
        length = float(np.exp(np.clip(mean[2], 0, _LONGEST_LOG)))
        boxes.append(
            OrientedBox(
                mean[0],
                mean[1],
                length,
                max(height, _FLATTEST * length),
                float(np.arctan2(mean[5], mean[4])) / 2,
            )
        )
        left[near] = 0
        left[row, column] = 0
    return boxes


def _stretched(box: OrientedBox, stretch: tuple[float, float]) -> OrientedBox:
    return oriented_box(box.corners() * stretch)


def answers(
    graph: onnxruntime.InferenceSession, pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
) -> NDArray[np.float32]:
    """What a network says of some pictures of one size, RGB; see `models.finding.shapes`."""
    shown = np.ascontiguousarray(np.asarray(pictures, np.float32).transpose(0, 3, 1, 2))
    return np.asarray(graph.run(None, {"pictures": shown})[0], np.float32)


def open_graph(path: Path) -> onnxruntime.InferenceSession:
    """One of the two networks.

    Raises:
        FileNotFoundError: When there are no such weights.
    """
    if not path.is_file():
        raise FileNotFoundError(f"The finder's weights are missing: there is no {path}.")
    options = onnxruntime.SessionOptions()
    # Threads of networks this small wait for one another longer than they compute.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
