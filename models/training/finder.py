"""Trains the finder: `python -m models.training.finder pool|search|look|export|marks`, or `all` in turn.

The two networks, `search` and `look`, are trained apart: two processes may do it at once.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from models.finder import BUILTIN
from models.training.finder_export import export_finder
from models.training.finder_fit import LESSONS, NetworkName, Schedule, fit_network, load_network_state
from models.training.finder_marks import finder_marks
from models.training.finder_pool import FramePool, draw_frames

_logger = logging.getLogger(__name__)
_STAGES = ("pool", *LESSONS, "export", "marks", "all")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    stage: str
    home: Path
    drums: Path
    fonts: Path | None
    shards: int
    shard_size: int
    steps: int
    learning_rate: float
    start_from: Path | None
    seed: int
    target: Path


def options_of(arguments: Sequence[str]) -> Options:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m models.training.finder", description=__doc__)
    add = parser.add_argument
    add("stage", choices=_STAGES, help="what to do; pool and training resume")
    add("--home", type=Path, default=Path("var/training"), help="pool and checkpoint (default %(default)s)")
    add("--drums", type=Path, default=Path("../shared/data/drums.parquet"), help="real drums to set in")
    add("--fonts", type=Path, help="folder of font files to draw with besides the project's own strokes")
    add("--shards", type=int, default=30, help="shards of the pool (default %(default)s)")
    add("--shard-size", type=int, default=250, help="frames per shard (default %(default)s)")
    add("--steps", type=int, default=1600, help="training steps of each network in all (default %(default)s)")
    add("--learning-rate", type=float, default=2e-3, help="at its highest (default %(default)s)")
    add("--start-from", type=Path, help="folder of weights to begin with; else training begins from nothing")
    add("--seed", type=int, default=0, help="of everything random (default %(default)s)")
    add("--target", type=Path, default=BUILTIN, help="folder for the weights (default %(default)s)")
    return Options(**vars(parser.parse_args(arguments)))


def run(options: Options) -> None:
    """Does one stage, or all in turn."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pool = options.home / "finder"
    if options.stage in {"pool", "all"}:
        sources = FramePool(pool, options.drums, options.fonts, options.shards, options.shard_size)
        draw_frames(sources, seed=options.seed)
    schedule = Schedule(options.steps, options.seed, options.learning_rate, options.start_from)
    for name in LESSONS:
        if options.stage in {name, "all"}:
            fit_network(name, pool, _checkpoint(options, name), schedule)
    if options.stage in {"export", "all"}:
        search, look = (
            load_network_state(_checkpoint(options, name), name, seed=options.seed).mean for name in LESSONS
        )
        export_finder(search, look, options.target)
    if options.stage in {"marks", "all"}:
        _logger.info("marks: %s", finder_marks(options.target, pool))


def _checkpoint(options: Options, name: NetworkName) -> Path:
    return options.home / f"finder-{name}.pt"


if __name__ == "__main__":
    # Dying activations turn into denormal numbers, which processors compute many times slower.
    torch.set_flush_denormal(True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run(options_of(sys.argv[1:]))
