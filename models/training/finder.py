"""Trains the finder: `python -m models.training.finder pool|train|export`, or `all` of them in turn."""

import argparse
import copy
import logging
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.finder import BUILTIN
from models.finding.networks import LookNet, SearchNet
from models.training.finder_batches import FrameShards, look_targets, search_targets
from models.training.finder_export import export_finder
from models.training.finder_pool import FramePool, draw_frames

_logger = logging.getLogger(__name__)
_FRAMES, _LOOKS = 16, 32
_WARM_UP, _REPORT_EVERY, _SAVE_EVERY = 100, 50, 200
_KEPT, _LEAST_SHARE = 0.998, 0.01


@dataclass
class FinderState:
    """Everything a run needs to go on from where it stopped."""

    search: SearchNet
    look: LookNet
    mean_search: SearchNet
    mean_look: LookNet
    optimizer: torch.optim.AdamW
    step: int = 0


def load_finder_state(checkpoint: Path, *, seed: int) -> FinderState:
    """The state of a checkpoint, or a new one."""
    torch.manual_seed(seed)
    search, look = SearchNet(), LookNet()
    parameters = [*search.parameters(), *look.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01, fused=True)
    state = FinderState(search, look, copy.deepcopy(search).eval(), copy.deepcopy(look).eval(), optimizer)
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        for name in ("search", "look", "mean_search", "mean_look", "optimizer"):
            getattr(state, name).load_state_dict(saved[name])
        state.step = saved["step"]
    return state


def save_finder_state(checkpoint: Path, state: FinderState) -> None:
    """Writes the checkpoint, whole or not at all."""
    names = ("search", "look", "mean_search", "mean_look", "optimizer")
    part = checkpoint.with_suffix(".part")
    torch.save({name: getattr(state, name).state_dict() for name in names} | {"step": state.step}, part)
    part.replace(checkpoint)


def search_loss(found: torch.Tensor, corners: torch.Tensor) -> torch.Tensor:
    """Focal loss on the cells (Law and Deng 2018) and distances of the values, each frame alike."""
    core, ignored, values = search_targets(corners, found.shape[2], found.shape[3])
    share = torch.sigmoid(found[:, 0])
    hit = -(1 - share).square() * functional.logsigmoid(found[:, 0])
    miss = -share.square() * functional.logsigmoid(-found[:, 0])
    count = core.sum((1, 2)).clamp(min=1)
    cells = (hit * core).sum((1, 2)) / count + (miss * (~core & ~ignored)).sum((1, 2)) / count.clamp(min=8)
    distance = functional.smooth_l1_loss(found[:, 1:], values, reduction="none", beta=0.1).sum(1)
    return cells.mean() + ((distance * core).sum((1, 2)) / count).mean()


def look_loss(found: torch.Tensor, truths: torch.Tensor) -> torch.Tensor:
    """Of presence, flip, corners and margins; the last three only where drums are."""
    present, flip, corners, margins = look_targets(truths)
    loss = functional.binary_cross_entropy_with_logits(found[:, 0], present.float())
    if present.any():
        seen = found[present]
        loss = loss + functional.cross_entropy(seen[:, 1:5], flip[present])
        loss = loss + 2 * functional.smooth_l1_loss(seen[:, 5:13], corners[present], beta=0.1)
        loss = loss + functional.smooth_l1_loss(seen[:, 13:], margins[present], beta=0.1)
    return loss


def fit_finder(pool: Path, checkpoint: Path, *, steps: int, seed: int, highest: float = 2e-3) -> FinderState:
    """Trains both networks until `steps` steps are done, from the checkpoint on."""
    state = load_finder_state(checkpoint, seed=seed)
    shards = FrameShards(pool, "train")
    rng = np.random.default_rng([seed, state.step])
    losses: list[tuple[float, float]] = []
    started = time.monotonic()
    while state.step < steps:
        _set_rate(state, steps, highest)
        frames, corners = shards.frames(rng, _FRAMES)
        looks, truths = shards.looks(rng, _LOOKS)
        searching = search_loss(state.search(frames), corners)
        looking = look_loss(state.look(looks), truths)
        state.optimizer.zero_grad()
        torch.autograd.backward(searching + looking)
        nn.utils.clip_grad_norm_([*state.search.parameters(), *state.look.parameters()], 5.0)
        state.optimizer.step()
        state.step += 1
        _average(state)
        losses.append((searching.item(), looking.item()))
        if state.step % _REPORT_EVERY == 0:
            mean = np.mean(losses, axis=0)
            _logger.info(
                "finder: step %d of %d, search %.3f, look %.3f, %d frames, %.0f s",
                *(state.step, steps, *mean, len(shards), time.monotonic() - started),
            )
            losses.clear()
            shards.rescan()
        if state.step % _SAVE_EVERY == 0 or state.step == steps:
            save_finder_state(checkpoint, state)
    return state


def _set_rate(state: FinderState, steps: int, highest: float) -> None:
    warm = min(1.0, (state.step + 1) / _WARM_UP)
    fall = max(_LEAST_SHARE, 0.5 * (1 + math.cos(math.pi * state.step / steps)))
    for group in state.optimizer.param_groups:
        group["lr"] = highest * warm * fall


def _average(state: FinderState) -> None:
    kept = min(_KEPT, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for mean, new in ((state.mean_search, state.search), (state.mean_look, state.look)):
            for slow, fast in zip(mean.state_dict().values(), new.state_dict().values(), strict=True):
                if slow.is_floating_point():
                    slow.lerp_(fast, 1 - kept)
                else:
                    slow.copy_(fast)


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
    seed: int
    target: Path


def options_of(arguments: Sequence[str]) -> Options:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m models.training.finder", description=__doc__)
    add = parser.add_argument
    add("stage", choices=("pool", "train", "export", "all"), help="what to do; each stage resumes")
    add("--home", type=Path, default=Path("var/training"), help="pool and checkpoint (default %(default)s)")
    add("--drums", type=Path, default=Path("../shared/data/drums.parquet"), help="real drums to set in")
    add("--fonts", type=Path, help="folder of font files to draw with besides the project's own strokes")
    add("--shards", type=int, default=30, help="shards of the pool (default %(default)s)")
    add("--shard-size", type=int, default=250, help="frames per shard (default %(default)s)")
    add("--steps", type=int, default=1600, help="training steps in all (default %(default)s)")
    add("--seed", type=int, default=0, help="of everything random (default %(default)s)")
    add("--target", type=Path, default=BUILTIN, help="folder for the weights (default %(default)s)")
    return Options(**vars(parser.parse_args(arguments)))


def run(options: Options) -> None:
    """Does one stage, or all in turn."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pool, checkpoint = options.home / "finder", options.home / "finder.pt"
    if options.stage in {"pool", "all"}:
        sources = FramePool(pool, options.drums, options.fonts, options.shards, options.shard_size)
        draw_frames(sources, seed=options.seed)
    if options.stage in {"train", "all"}:
        fit_finder(pool, checkpoint, steps=options.steps, seed=options.seed)
    if options.stage in {"export", "all"}:
        state = load_finder_state(checkpoint, seed=options.seed)
        export_finder(state.mean_search, state.mean_look, options.target)


if __name__ == "__main__":
    # Dying activations turn into denormal numbers, which processors compute many times slower.
    torch.set_flush_denormal(True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run(options_of(sys.argv[1:]))
