"""Stage one: a pool of labelled strips on disk, in shards that training may read while more are drawn."""

import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from models.rendering.counterless import counterless_strip, lettered_strip, turned_strip
from models.rendering.glyphs import Typeface, font_typefaces, own_typefaces, segment_typefaces
from models.rendering.strips import (
    STRIP_HEIGHT,
    STRIP_WIDTH,
    Light,
    Strip,
    drawn_strip,
)
from models.training.real_drums import DrumBank, glued_strip, is_held_out, load_drums

_logger = logging.getLogger(__name__)
GLUED_SHARE, COUNTERLESS_SHARE, LETTERED_SHARE, TURNED_SHARE, DISPLAY_SHARE = 0.35, 0.04, 0.08, 0.1, 0.28
# Of the strips trained on, so many may hold drums that nobody can tell, to learn what doubt is.
HARSH_SHARE = 0.5
VALIDATION_KINDS = ("drawn", "fonts", "drums", "harsh")
# What cross entropy leaves out.
IGNORED = -100


@dataclass(frozen=True, slots=True)
class PoolSources:
    """Where a pool lies, what it is drawn from, and how large it is; pickled to the drawing processes."""

    folder: Path
    drums: Path | None
    fonts: Path | None
    shards: int
    shard_size: int
    held_out_size: int


def typefaces(fonts: Path | None, *, held_out: bool) -> tuple[Typeface, ...]:
    """The faces to train with, or those whose whole family is kept for validation."""
    if fonts is None:
        return (*own_typefaces(), *segment_typefaces())
    own = [] if held_out else [*own_typefaces(), *segment_typefaces()]
    files = font_typefaces(fonts)
    return (*own, *(face for face in files if is_held_out(face.family) == held_out))


def draw_shard(sources: PoolSources, name: str, kind: str, count: int, seed: int) -> Path:
    """Draws one shard; `kind` is `train` or one of the validation kinds. Returns the path of its pictures."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    faces = typefaces(sources.fonts, held_out=kind == "fonts")
    drums = sources.drums if kind in {"train", "drums"} else None
    bank = load_drums(drums, held_out=kind == "drums") if drums is not None else None
    pictures = np.empty((count, STRIP_HEIGHT, STRIP_WIDTH, 3), np.uint8)
    texts, tenths = [], []
    for row in range(count):
        strip = _draw(rng, kind, faces, bank)
        pictures[row] = strip.picture
        texts.append(strip.text + "~" * strip.half_step)
        tenths.append(IGNORED if strip.tenth is None else strip.tenth)
    sources.folder.mkdir(parents=True, exist_ok=True)
    path = sources.folder / f"{name}.pictures.npy"
    np.save(path, pictures)
    np.save(sources.folder / f"{name}.tenths.npy", np.array(tenths, np.int64))
    # The labels come last: a shard counts from the moment they are there.
    np.save(sources.folder / f"{name}.texts.npy", np.array(texts, dtype="<U12"))
    return path


def _draw(rng: np.random.Generator, kind: str, faces: Sequence[Typeface], bank: DrumBank | None) -> Strip:
    chance = rng.random()
    if kind == "train":
        for share, draw in (
            (COUNTERLESS_SHARE, counterless_strip),
            (LETTERED_SHARE, lettered_strip),
            (TURNED_SHARE, turned_strip),
        ):
            if chance < share:
                return draw(rng, faces)
            chance -= share
    light: Light = "harsh" if kind == "harsh" or (kind == "train" and rng.random() < HARSH_SHARE) else "fair"
    if bank is not None and (kind == "drums" or chance < GLUED_SHARE):
        return glued_strip(rng, bank, light, pales=kind == "train")
    is_display = rng.random() < DISPLAY_SHARE
    suited = [face for face in faces if face.is_lcd == is_display] or list(faces)
    return drawn_strip(rng, suited, light)


def draw_pool(sources: PoolSources, *, seed: int, processes: int) -> None:
    """Draws the validation strips and training shards that are not there yet."""
    jobs = [
        (f"val-{kind}", kind, sources.held_out_size, seed + 7 + index)
        for index, kind in enumerate(VALIDATION_KINDS)
    ]
    jobs += [
        (f"train-{shard:04d}", "train", sources.shard_size, seed + 1000 + shard)
        for shard in range(sources.shards)
    ]
    missing = [job for job in jobs if not (sources.folder / f"{job[0]}.texts.npy").exists()]
    if processes == 1:
        for job in missing:
            draw_shard(sources, *job)
            _logger.info("pool: %s drawn, %d strips", job[0], job[2])
        return
    # A forked process would wait for ever for threads that torch has started and fork does not copy.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(draw_shard, sources, *job) for job in missing]
        for job, future in zip(missing, futures, strict=True):
            future.result()
            _logger.info("pool: %s drawn, %d strips", job[0], job[2])
