"""The finder's pool: whole frames and closer looks at the networks' sizes, with their truth."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.finding.geometry import (
    OrientedBox,
    Quad,
    cut,
    oriented_box,
    overlap,
    placed,
    whole,
)
from models.finding.shapes import LOOK_HEIGHT, LOOK_WIDTH, ROOM_ACROSS, ROOM_DOWN, SEARCH_LONG, SEARCH_SHORT
from models.rendering.counters import Drums
from models.rendering.degrade import Floats, chance, photographed
from models.rendering.frames import Frame, random_frame, turned_frame
from models.rendering.glyphs import Typeface
from models.rendering.lettering import contrasting
from models.rendering.strips import WINDOW_HEIGHT, random_digits
from models.training.pool import typefaces
from models.training.real_drums import DrumBank, load_drums

_logger = logging.getLogger(__name__)
LOOKS, _AT_DRUMS = 8, 3
_APART = 0.1
_LEAST_CONTRAST = 10


@dataclass(frozen=True, slots=True)
class FramePool:
    """Where a pool lies and what it is drawn from."""

    folder: Path
    drums: Path
    fonts: Path | None
    shards: int
    shard_size: int


@dataclass(frozen=True, slots=True)
class Look:
    """A closer look at one place: the picture, and drums and band within it as shares of its sides."""

    picture: NDArray[np.uint8]
    drums: Quad | None
    band: Quad | None


def real_drums(rng: np.random.Generator, bank: DrumBank) -> Drums:
    """Pictures of real drums of one meter, in any order."""
    meter = bank.whole_meters[int(rng.integers(len(bank.whole_meters)))]
    rows = rng.choice(np.flatnonzero(bank.meters == meter), random_digits(rng))
    width = int(rng.uniform(24, 42))
    cells: list[Floats] = [
        np.asarray(cv2.resize(bank.pictures[row], (width, WINDOW_HEIGHT)), np.float32)
        for row in rows.tolist()
    ]
    edges = np.concatenate([cells[0][:, :2], cells[-1][:, -2:]]).reshape(-1, 3)
    ground = np.asarray(np.median(edges, axis=0), np.float32)
    return Drums(cells, ground, contrasting(rng, ground), 0, is_display="/lcd" in f"/{meter}")


def searched(frame: Frame, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A frame as the search sees it, an upright one on its side, and the drums' corners; NaN for none."""
    if frame.picture.shape[0] > frame.picture.shape[1]:
        frame = turned_frame(frame, 1, mirrored=False)
    height, width = frame.picture.shape[:2]
    small = cv2.resize(frame.picture, (SEARCH_LONG, SEARCH_SHORT), interpolation=cv2.INTER_AREA)
    truth = np.full((4, 2), np.nan, np.float32)
    if frame.drums is None:
        return photographed(np.asarray(small, np.float32), rng, worst_blur=0.9), truth
    truth[:] = frame.drums * (SEARCH_LONG / width, SEARCH_SHORT / height)
    x0, y0 = np.maximum(truth.min(0), 0).astype(int)
    x1, y1 = np.ceil(truth.max(0)).astype(int)
    return legibly(np.asarray(small, np.uint8), (slice(y0, y1), slice(x0, x1)), rng, worst_blur=0.9), truth


def legibly(
    picture: NDArray[np.uint8], counter: tuple[slice, slice], rng: np.random.Generator, *, worst_blur: float
) -> NDArray[np.uint8]:
    """A photograph on which the counter can still be made out; after three attempts, whatever came out.

    Args:
        picture: Clear and well lit, RGB `(height, width, 3)`.
        counter: The rows and columns in which it stands.
        rng: Source of light, blur and noise.
        worst_blur: Deviation of the strongest blur, in pixels.
    """
    for _ in range(3):
        seen = photographed(np.asarray(picture, np.float32), rng, worst_blur=worst_blur)
        grey = cv2.blur(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), (2, 2))[counter]
        low, high = np.percentile(grey, (4, 96))
        if high - low >= _LEAST_CONTRAST:
            break
    return seen


def looks_of(frame: Frame, rng: np.random.Generator) -> list[Look]:
    """Closer looks at the counter, as roughly aimed as the search aims, and at what might be taken for it."""
    aims = [] if frame.drums is None else [_roughly(rng, frame.drums) for _ in range(_AT_DRUMS)]
    looks = [_look(frame, aim, rng) for aim in aims]
    bare = Frame(frame.picture, None, None)
    return looks + [_look(bare, box, rng) for box in _busiest(frame, rng, LOOKS - len(looks))]


def _busiest(frame: Frame, rng: np.random.Generator, count: int) -> list[OrientedBox]:
    """The busiest places without drums, mostly lettering: blank ones teach nothing."""
    others = [frame.others[index] for index in rng.permutation(len(frame.others))[: 2 * count].tolist()]
    places = [_roughly(rng, other) for other in others if oriented_box(other).height > 1]
    while len(places) < 3 * count:
        places.append(_elsewhere(frame, rng))
    apart = [place for place in places if _is_apart(place, frame.drums)]
    while len(apart) < count:
        apart += [place for place in [_elsewhere(frame, rng)] if _is_apart(place, frame.drums)]
    return sorted(apart, key=lambda place: -_busyness(_cut(frame, place)))[:count]


def _is_apart(box: OrientedBox, drums: Quad | None) -> bool:
    return drums is None or overlap(box.corners(), drums) < _APART


def _busyness(seen: NDArray[np.uint8]) -> float:
    middle = seen[LOOK_HEIGHT // 3 : -LOOK_HEIGHT // 3, 30:-30].astype(np.float32)
    return float(np.abs(np.diff(middle, axis=1)).mean())


def _roughly(rng: np.random.Generator, drums: Quad) -> OrientedBox:
    box = oriented_box(drums)
    along, across = rng.normal(0, (0.07 * box.length, 0.16 * box.height))
    angle = (box.angle + np.pi / 2) % np.pi - np.pi / 2
    return OrientedBox(
        box.x + along * np.cos(angle) - across * np.sin(angle),
        box.y + along * np.sin(angle) + across * np.cos(angle),
        box.length * float(np.exp(rng.normal(0, 0.12))),
        box.height * float(np.exp(rng.normal(0, 0.2))),
        angle + rng.normal(0, 0.035),
    )


def _elsewhere(frame: Frame, rng: np.random.Generator) -> OrientedBox:
    height, width = frame.picture.shape[:2]
    length = width * float(np.exp(rng.uniform(np.log(0.1), np.log(0.8))))
    angle = rng.normal(0, 0.1) + (np.pi / 2 if chance(rng, 0.2) else 0.0)
    return OrientedBox(
        rng.uniform(0, width), rng.uniform(0, height), length, length / rng.uniform(2.5, 9), angle
    )


def _cut(frame: Frame, box: OrientedBox) -> NDArray[np.uint8]:
    return cut(frame.picture, box.corners(ROOM_ACROSS, ROOM_DOWN), (LOOK_WIDTH, LOOK_HEIGHT))


def _look(frame: Frame, box: OrientedBox, rng: np.random.Generator) -> Look:
    region = box.corners(ROOM_ACROSS, ROOM_DOWN)
    picture = _cut(frame, box)
    counter = (slice(LOOK_HEIGHT // 3, -LOOK_HEIGHT // 3), slice(40, -40))
    seen = legibly(picture, counter, rng, worst_blur=1.3)
    if frame.drums is None or frame.band is None:
        return Look(seen, None, None)
    return Look(seen, placed(frame.drums, region, whole(1, 1)), placed(frame.band, region, whole(1, 1)))


def draw_shard(pool: FramePool, name: str, seed: int, *, held_out: bool) -> None:
    """Draws one shard of the pool: frames, looks and both truths."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    faces: Sequence[Typeface] = typefaces(pool.fonts, held_out=held_out)
    source = partial(real_drums, bank=load_drums(pool.drums, held_out=held_out))
    frames = np.empty((pool.shard_size, SEARCH_SHORT, SEARCH_LONG, 3), np.uint8)
    corners = np.empty((pool.shard_size, 4, 2), np.float32)
    looks = np.empty((pool.shard_size, LOOKS, LOOK_HEIGHT, LOOK_WIDTH, 3), np.uint8)
    # Corners of the drums, then of the band, within each look; NaN where it holds no counter.
    truths = np.full((pool.shard_size, LOOKS, 8, 2), np.nan, np.float32)
    for row in range(pool.shard_size):
        frame = random_frame(rng, faces, real_drums=source)
        frames[row], corners[row] = searched(frame, rng)
        for index, look in enumerate(looks_of(frame, rng)):
            looks[row, index] = look.picture
            if look.drums is not None and look.band is not None:
                truths[row, index] = np.concatenate([look.drums, look.band])
    pool.folder.mkdir(parents=True, exist_ok=True)
    np.save(pool.folder / f"{name}.frames.npy", frames)
    np.save(pool.folder / f"{name}.looks.npy", looks)
    np.save(pool.folder / f"{name}.truths.npy", truths)
    # The corners come last: a shard counts from the moment they are there.
    np.save(pool.folder / f"{name}.corners.npy", corners)


def draw_frames(pool: FramePool, *, seed: int) -> None:
    """Draws the shard of validation and those of training that are not there yet."""
    jobs = [("val", seed + 7, True)]
    jobs += [(f"train-{shard:04d}", seed + 1000 + shard, False) for shard in range(pool.shards)]
    for name, shard_seed, held_out in jobs:
        if not (pool.folder / f"{name}.corners.npy").exists():
            draw_shard(pool, name, shard_seed, held_out=held_out)
            _logger.info("frames: %s drawn, %d frames", name, pool.shard_size)
