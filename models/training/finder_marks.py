"""How well a finder's weights do on the frames of the pool that are kept out of training."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.finding.search import answers, open_graph, peaks
from models.finding.shapes import LOOK_HEIGHT, LOOK_WIDTH
from models.training.finder_batches import CORNER_UNIT, FrameShards, Shard, look_targets

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class FinderMarks:
    """Marks on drawn frames, and on closer looks at them.

    `on_drums` counts the frames whose likeliest place lies on the drums, of the `counters` with any. The
    other shares are of `looks`, `flips_right` and the corners' mean errors of those with drums; the errors
    are in pixels of a closer look, along its width and its height.
    """

    counters: int
    on_drums: int
    looks: int
    presence_right: float
    flips_right: float
    across_px: float
    down_px: float


def finder_marks(weights: Path, pool: Path) -> FinderMarks:
    """The marks of a folder of weights on the pool's shard of validation.

    Raises:
        FileNotFoundError: When weights or shard are missing.
    """
    shard = FrameShards(pool, "val").first()
    counters, on_drums = _searched(weights / "search.onnx", shard)
    graph, looks = open_graph(weights / "look.onnx"), shard.looks
    parts = [answers(graph, looks[at : at + _AT_ONCE]) for at in range(0, len(looks), _AT_ONCE)]
    found = torch.from_numpy(np.concatenate(parts))
    present, flips, corners, _ = look_targets(torch.from_numpy(np.array(shard.truths)))
    seen = found[present]
    off = (seen[:, 5:13] - corners[present]).abs().reshape(-1, 4, 2).mean((0, 1)) * CORNER_UNIT
    return FinderMarks(
        counters,
        on_drums,
        len(looks),
        presence_right=float(((found[:, 0] > 0) == present).float().mean()),
        flips_right=float((seen[:, 1:5].argmax(1) == flips[present]).float().mean()),
        across_px=float(off[0]) * LOOK_WIDTH,
        down_px=float(off[1]) * LOOK_HEIGHT,
    )


def _searched(weights: Path, shard: Shard) -> tuple[int, int]:
    """How many frames show a counter, and in how many of them the likeliest place lies on its drums."""
    graph, hits = open_graph(weights), 0
    shown = np.flatnonzero(~np.isnan(shard.corners).any((1, 2))).tolist()
    for row in shown:
        boxes = peaks(answers(graph, [shard.frames[row]])[0])
        hits += bool(boxes) and _lies_on((boxes[0].x, boxes[0].y), shard.corners[row])
    return len(shown), hits


def _lies_on(point: tuple[float, float], quad: NDArray[np.float32]) -> bool:
    return cv2.pointPolygonTest(quad, point, measureDist=False) >= 0
