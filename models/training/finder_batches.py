"""What the finder's two networks learn from: batches of the pool, each time varied anew, and targets."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.finding.shapes import CELL, MIDDLE_UNIT, ROOM_ACROSS, ROOM_DOWN
from models.rendering.degrade import chance

_NUDGED = 0.7
_CORE, _LEAST_CORE, _RIM = 0.4, 2.8, 0.55
# How the corners of a counter, named as it is read, are renamed as they appear: upright, mirrored left for
# right, top for bottom, and both.
AS_SEEN = torch.tensor([[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1]])
_MARGINS_AS_SEEN = torch.tensor([[0, 1, 2, 3], [2, 1, 0, 3], [0, 3, 2, 1], [2, 3, 0, 1]])
NOMINAL = torch.tensor(
    [
        (0.5 + x * 0.5 / ROOM_ACROSS, 0.5 + y * 0.5 / ROOM_DOWN)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
)
CORNER_UNIT = 0.1


@dataclass(frozen=True, slots=True)
class Shard:
    """Frames and looks, RGB `(n, height, width, 3)` each, and what stands in them; NaN for nothing.

    `corners` `(n, 4, 2)` are the drums' in pixels of the frames; `truths` `(n, 8, 2)` those of drums and band
    in shares of the looks' sides.
    """

    frames: NDArray[np.uint8]
    corners: NDArray[np.float32]
    looks: NDArray[np.uint8]
    truths: NDArray[np.float32]


class FrameShards:
    """Guards the pool's open shards; new ones are found while training goes on."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix
        self._shards: dict[str, tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}
        self._looks: dict[str, tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}
        self.rescan()

    def __len__(self) -> int:
        return sum(len(corners) for _, corners in self._shards.values())

    def rescan(self) -> None:
        """Opens the shards that have been finished since the last look."""
        for path in sorted(self._folder.glob(f"{self._prefix}*.corners.npy")):
            if path.name in self._shards:
                continue
            frames, looks, truths = (
                np.load(path.with_name(path.name.replace("corners", part)), mmap_mode="r")
                for part in ("frames", "looks", "truths")
            )
            self._shards[path.name] = frames, np.load(path)
            self._looks[path.name] = (
                looks.reshape(-1, *looks.shape[2:]),
                np.asarray(truths).reshape(-1, *truths.shape[2:]),
            )
        if not self._shards:
            message = f"No frames in {self._folder}: run the stage `pool` first."
            raise FileNotFoundError(message)

    def frames(self, rng: np.random.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random frames, moved, turned and mirrored, and the drums' corners in their pixels."""
        pictures, corners = _sample(rng, self._shards, size)
        moved = [
            _moved(rng, picture, quad) if chance(rng, 0.6) else (picture, quad)
            for picture, quad in zip(pictures, corners, strict=True)
        ]
        return _turned(rng, np.stack([m[0] for m in moved]), np.stack([m[1] for m in moved]))

    def looks(self, rng: np.random.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random closer looks, half of them flipped, and the corners of drums and band in them."""
        pictures, truths = _sample(rng, self._looks, size)
        for row in np.flatnonzero(rng.random(len(truths)) < _NUDGED).tolist():
            pictures[row], truths[row] = nudged(rng, pictures[row], truths[row])
        for axis in (0, 1):
            flipped = rng.random(len(truths)) < 0.35  # noqa: PLR2004 upright cameras are the most
            pictures[flipped] = np.flip(pictures[flipped], 2 - axis)
            truths[flipped, :, axis] = 1 - truths[flipped, :, axis]
        return _as_tensor(_inverted(rng, pictures)), torch.from_numpy(truths)

    def first(self) -> Shard:
        """The first shard as it was drawn."""
        name = next(iter(self._shards))
        return Shard(*self._shards[name], *self._looks[name])


def _sample(
    rng: np.random.Generator, shards: dict[str, tuple[NDArray[np.uint8], NDArray[np.float32]]], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    pictures, truths = shards[list(shards)[int(rng.integers(len(shards)))]]
    rows = np.sort(rng.choice(len(truths), min(size, len(truths)), replace=False))
    return np.array(pictures[rows]), np.array(truths[rows])


def _moved(
    rng: np.random.Generator, picture: NDArray[np.uint8], quad: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The frame nearer, farther or shifted; as it was where the counter would leave it."""
    height, width = picture.shape[:2]
    scale = float(np.exp(rng.uniform(-0.35, 0.3)))
    shift = np.array([width, height]) * ((1 - scale) / 2 + rng.uniform(-0.2, 0.2, 2))
    there = quad * scale + shift
    if (there < 0).any() or (there > (width, height)).any():
        return picture, quad
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    seen = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8), there.astype(np.float32)


def nudged(
    rng: np.random.Generator, look: NDArray[np.uint8], truth: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A look aimed a little otherwise."""
    height, width = look.shape[:2]
    scale = np.exp(rng.normal(0, 0.07, 2))
    shift = (1 - scale) / 2 + rng.normal(0, (0.02, 0.04))
    matrix = np.array([[scale[0], 0, shift[0] * width], [0, scale[1], shift[1] * height]])
    seen = cv2.warpAffine(look, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8), (truth * scale + shift).astype(np.float32)


def _turned(
    rng: np.random.Generator, pictures: NDArray[np.uint8], corners: NDArray[np.float32]
) -> tuple[torch.Tensor, torch.Tensor]:
    for axis in (0, 1):
        if chance(rng, 0.5):
            corners[..., axis] = pictures.shape[2 - axis] - corners[..., axis]
            pictures = np.flip(pictures, 2 - axis)
    if chance(rng, 0.5):
        pictures, corners = pictures.transpose(0, 2, 1, 3), corners[..., ::-1]
    return _as_tensor(_inverted(rng, pictures)), torch.from_numpy(np.ascontiguousarray(corners))


def _inverted(rng: np.random.Generator, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A few as negatives, all with their colours mixed anew: what is red today is blue tomorrow."""
    return (
        255 - pictures
        if chance(rng, 0.08)
        else pictures[..., rng.permutation(3)]
        if chance(rng, 0.2)
        else pictures
    )


def _as_tensor(pictures: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()


def search_targets(
    corners: torch.Tensor, rows: int, columns: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the search should say: core cells, cells that do not matter, and six values per cell.

    Args:
        corners: `(n, 4, 2)` in pixels of the search's picture; NaN for none.
        rows: Of cells.
        columns: Of cells.
    """
    known = torch.nan_to_num(corners, nan=-1e4)
    along = (known[:, 1] - known[:, 0] + known[:, 2] - known[:, 3]) / 2
    down = (known[:, 3] - known[:, 0] + known[:, 2] - known[:, 1]) / 2
    length, height = along.norm(dim=1).clamp(min=1), down.norm(dim=1).clamp(min=1)
    unit_along = along / length[:, None]
    unit_down = torch.stack([-unit_along[:, 1], unit_along[:, 0]], 1)
    ys, xs = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    cells = (torch.stack([xs, ys], -1).float() + 0.5) * CELL
    offset = cells[None] - known.mean(1)[:, None, None]
    away_along = (offset * unit_along[:, None, None]).sum(-1).abs()
    away_down = (offset * unit_down[:, None, None]).sum(-1).abs()
    long, high = length[:, None, None], height[:, None, None]
    present = ~torch.isnan(corners).any(2).any(1)[:, None, None]
    core = (
        present
        & (away_along < (_CORE * long).clamp(min=_LEAST_CORE))
        & (away_down < (_CORE * high).clamp(min=_LEAST_CORE))
    )
    rim = present & (away_along < _RIM * long + CELL / 2) & (away_down < _RIM * high + CELL / 2)
    angle = torch.atan2(along[:, 1], along[:, 0])
    fixed = torch.stack([length.log(), height.log(), torch.cos(2 * angle), torch.sin(2 * angle)], 1)
    values = torch.cat(
        [-offset.permute(0, 3, 1, 2) / MIDDLE_UNIT, fixed[:, :, None, None].expand(-1, -1, rows, columns)], 1
    )
    return core, rim & ~core, values


def look_targets(truths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the closer look should say: whether drums are there, flip, corner offsets, the band's margins."""
    present = ~torch.isnan(truths).any(2).any(1)
    drums, band = torch.nan_to_num(truths[:, :4]), torch.nan_to_num(truths[:, 4:])
    along, down = drums[:, 1] - drums[:, 0], drums[:, 3] - drums[:, 0]
    flip = (along[:, 0] < 0).long() + 2 * (down[:, 1] < 0).long()
    seen = torch.gather(drums, 1, AS_SEEN[flip][..., None].expand(-1, -1, 2))
    corners = ((seen - NOMINAL) / CORNER_UNIT).flatten(1)
    margins = torch.gather(_margins(drums, band), 1, _MARGINS_AS_SEEN[flip])
    return present, flip, corners, margins


def _margins(drums: torch.Tensor, band: torch.Tensor) -> torch.Tensor:
    """How far the band reaches beyond the drums: left, above, right, below, as shares of their sides."""
    along = (drums[:, 1] - drums[:, 0] + drums[:, 2] - drums[:, 3]) / 2
    down = (drums[:, 3] - drums[:, 0] + drums[:, 2] - drums[:, 1]) / 2
    squared = along.square().sum(1).clamp(min=1e-6), down.square().sum(1).clamp(min=1e-6)
    moves = band - drums
    across = (moves * along[:, None]).sum(2) / squared[0][:, None]
    downwards = (moves * down[:, None]).sum(2) / squared[1][:, None]
    left, right = -(across[:, 0] + across[:, 3]) / 2, (across[:, 1] + across[:, 2]) / 2
    above, below = -(downwards[:, 0] + downwards[:, 1]) / 2, (downwards[:, 2] + downwards[:, 3]) / 2
    return torch.stack([left, above, right, below], 1)
