"""Trains one of the finder's two networks on the pool, from its checkpoint on."""

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.finding.networks import LookNet, SearchNet
from models.training.finder_batches import FrameShards, look_targets, search_targets
from models.training.finder_start import start_from

_logger = logging.getLogger(__name__)
_WARM_UP, _REPORT_EVERY, _SAVE_EVERY = 100, 50, 200
_KEPT, _LEAST_SHARE = 0.998, 0.01
_CONVOLUTION = 4
_PARTS = ("network", "mean", "optimizer")

NetworkName: TypeAlias = Literal["search", "look"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one of the networks is, the batches that it learns from, and its loss."""

    build: Callable[[], nn.Module]
    batch: Callable[[FrameShards, np.random.Generator], tuple[torch.Tensor, torch.Tensor]]
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how boldly a network is trained; `begin` is a folder of weights to begin with."""

    steps: int
    seed: int
    learning_rate: float = 2e-3
    begin: Path | None = None


@dataclass
class NetworkState:
    """Everything that the training of one network needs to go on from where it stopped."""

    network: nn.Module
    mean: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0


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


LESSONS: dict[NetworkName, Lesson] = {
    "search": Lesson(SearchNet, lambda shards, rng: shards.frames(rng, 16), search_loss),
    "look": Lesson(LookNet, lambda shards, rng: shards.looks(rng, 64), look_loss),
}


def load_network_state(checkpoint: Path, name: NetworkName, *, seed: int) -> NetworkState:
    """The state of a checkpoint, or a new one."""
    torch.manual_seed(seed)
    network = LESSONS[name].build()
    for parameter in network.parameters():
        if parameter.ndim == _CONVOLUTION:
            # So laid out, processors train convolutions faster.
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    state = NetworkState(network, copy.deepcopy(network).eval(), optimizer)
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        for part in _PARTS:
            getattr(state, part).load_state_dict(saved[part])
        state.step = saved["step"]
    return state


def save_network_state(checkpoint: Path, state: NetworkState) -> None:
    """Writes the checkpoint, whole or not at all."""
    part = checkpoint.with_suffix(".part")
    torch.save({name: getattr(state, name).state_dict() for name in _PARTS} | {"step": state.step}, part)
    part.replace(checkpoint)


def fit_network(name: NetworkName, pool: Path, checkpoint: Path, schedule: Schedule) -> NetworkState:
    """Trains a network until all steps are done, from the checkpoint on.

    Raises:
        FileNotFoundError: When the pool is empty, or there are no weights to begin with.
    """
    shards, lesson = FrameShards(pool, "train"), LESSONS[name]
    state = load_network_state(checkpoint, name, seed=schedule.seed)
    rng = np.random.default_rng([schedule.seed, state.step])
    if schedule.begin is not None and state.step == 0:
        pictures, _ = lesson.batch(shards, rng)
        start_from(schedule.begin / f"{name}.onnx", state.network, pictures)
        state.mean.load_state_dict(state.network.state_dict())
    losses: list[float] = []
    started = time.monotonic()
    while state.step < schedule.steps:
        losses.append(_step(state, lesson, lesson.batch(shards, rng), schedule))
        if state.step % _REPORT_EVERY == 0:
            _logger.info(
                "%s: step %d of %d, loss %.3f, %d frames, %.0f s",
                *(name, state.step, schedule.steps, np.mean(losses), len(shards)),
                time.monotonic() - started,
            )
            losses.clear()
            shards.rescan()
        if state.step % _SAVE_EVERY == 0 or state.step == schedule.steps:
            save_network_state(checkpoint, state)
    return state


def _step(
    state: NetworkState, lesson: Lesson, batch: tuple[torch.Tensor, torch.Tensor], schedule: Schedule
) -> float:
    pictures, truths = batch
    _set_rate(state, schedule)
    loss = lesson.loss(state.network(pictures), truths)
    state.optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
    state.optimizer.step()
    state.step += 1
    _average(state)
    return loss.item()


def _set_rate(state: NetworkState, schedule: Schedule) -> None:
    warm = min(1.0, (state.step + 1) / _WARM_UP)
    fall = max(_LEAST_SHARE, 0.5 * (1 + math.cos(math.pi * state.step / schedule.steps)))
    for group in state.optimizer.param_groups:
        group["lr"] = schedule.learning_rate * warm * fall


def _average(state: NetworkState) -> None:
    kept = min(_KEPT, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for slow, fast in zip(
            state.mean.state_dict().values(), state.network.state_dict().values(), strict=True
        ):
            if slow.is_floating_point():
                slow.lerp_(fast, 1 - kept)
            else:
                slow.copy_(fast)
