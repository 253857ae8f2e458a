"""Stage two: the convolutional stem learns to tell single real drums apart before it sees whole strips.

Without it the decoder ignores the picture for the first tens of thousands of strips.
"""

import logging
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.architecture import ConvStem, new_stem
from models.rendering.degrade import chance
from models.training.real_drums import DRUM_HEIGHT, DrumBank, load_drums

_logger = logging.getLogger(__name__)
_VIEW_WIDTH, _BATCH, _MIDDLE = 40, 128, slice(4, 6)


def _digits(bank: DrumBank) -> NDArray[np.int64]:
    return np.round(bank.tenths / 10).astype(np.int64) % 10


def _clear(bank: DrumBank, slack: int) -> NDArray[np.int64]:
    """Drums that stand within `slack` tenths of a digit."""
    off = np.abs((bank.tenths + 5) % 10 - 5)
    return np.flatnonzero(off <= slack)


def _view(
    rng: np.random.Generator, bank: DrumBank, index: int, others: NDArray[np.int64], *, vary: bool
) -> NDArray[np.float32]:
    """A drum between two neighbours, 32 x 40, as the stem meets it within a strip."""
    width = int(rng.integers(16, 31)) if vary else 20
    left, right = rng.choice(others, 2)
    row = [cv2.resize(bank.pictures[i], (width, DRUM_HEIGHT)) for i in (left, index, right)]
    view = np.pad(np.concatenate(row, axis=1), ((0, 0), (8, 8), (0, 0)), mode="edge").astype(np.float32)
    middle = view.shape[1] // 2 + (int(rng.integers(-3, 4)) if vary else 0)
    view = view[:, middle - _VIEW_WIDTH // 2 : middle + _VIEW_WIDTH // 2]
    if vary:
        view = np.roll(view, int(rng.integers(-3, 4)), axis=0)
        view = 255 - view if chance(rng, 0.3) else view
        if chance(rng, 0.4):
            view = np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.3, 1.2)), np.float32)
        noise = rng.normal(0, rng.uniform(0, 14), view.shape).astype(np.float32)
        view = view * np.float32(rng.uniform(0.3, 1.2)) + noise
    return np.asarray(np.clip(view, 0, 255) / 255, np.float32)


def _batch(
    rng: np.random.Generator,
    bank: DrumBank,
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
    *,
    vary: bool,
) -> torch.Tensor:
    views = np.stack([_view(rng, bank, int(row), others, vary=vary) for row in rows])
    return torch.from_numpy(views).permute(0, 3, 1, 2)


def pretrain_stem(drums: Path, target: Path, *, steps: int, seed: int) -> float:
    """Trains a stem on single drums, saves its state, and returns its accuracy on unseen meters."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    bank, unseen = load_drums(drums, held_out=False), load_drums(drums, held_out=True)
    rows, digits = _clear(bank, 3), torch.from_numpy(_digits(bank))
    # Every meter counts by the root of its share: the largest three hold half of all drums.
    weights = np.array([1 / np.sqrt((bank.meters == meter).sum()) for meter in bank.meters[rows]])
    weights /= weights.sum()
    stem, head = new_stem(), nn.Linear(128, 10)
    parameters = [*stem.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for step in range(steps):
        chosen = rng.choice(rows, _BATCH, p=weights)
        loss = functional.cross_entropy(
            _logits(stem, head, _batch(rng, bank, chosen, rows, vary=True)), digits[chosen]
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            _logger.info("stem: step %d of %d, loss %.3f", step, steps, loss.item())
    accuracy = _accuracy(stem, head, unseen)
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(stem.state_dict(), target)
    return accuracy


def _logits(stem: ConvStem, head: nn.Linear, views: torch.Tensor) -> torch.Tensor:
    columns: torch.Tensor = stem(views)
    logits: torch.Tensor = head(columns[:, :, 0, _MIDDLE].mean(2))
    return logits


def _accuracy(stem: ConvStem, head: nn.Linear, bank: DrumBank) -> float:
    rows, digits = _clear(bank, 2), torch.from_numpy(_digits(bank))
    rng = np.random.default_rng(0)
    stem.eval()
    with torch.no_grad():
        found = _logits(stem, head, _batch(rng, bank, rows, rows, vary=False)).argmax(1)
    return float((found == digits[rows]).float().mean())
