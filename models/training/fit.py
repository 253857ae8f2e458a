"""Stage three: the whole reader learns from the pool, resumable at any moment."""

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.architecture import Network, new_model
from models.rendering.degrade import chance
from models.training.pool import IGNORED, VALIDATION_KINDS
from models.training.shards import MOST_TOKENS, Batch, ShardReader, at_input_size, decoder_inputs
from models.training.speed import half_floats, hurry
from models.vocabulary import (
    BOS,
    EOS,
    FIRST_DIGIT,
    HALF_STEP,
    INPUT_HEIGHT,
    INPUT_WIDTH,
    PAD,
    TENTHS,
)

_logger = logging.getLogger(__name__)
_WARM_UP, _TENTH_WEIGHT = 200, 0.1
_HALF = 0.5
_NEGATIVE_SHARE, _EXCHANGED_SHARE = 0.1, 0.15
_WATCH_EVERY, _REPORT_EVERY, _RESCAN_EVERY, _SAVE_EVERY, _VALIDATE_EVERY = 20, 200, 500, 500, 2000


class OtherShape(ValueError):  # noqa: N818 the sentence goes to people
    """A checkpoint is of a reader with other layers than this version trains."""


@dataclass(frozen=True, slots=True)
class FitPlan:
    """What to train on and for how long; `samples` strips are seen in all."""

    pool: Path
    stem: Path
    checkpoint: Path
    samples: int
    batch: int
    learning_rate: float
    seed: int


@dataclass
class FitState:
    """Everything a run needs to go on from where it stopped."""

    model: Network
    average: Network
    optimizer: torch.optim.AdamW
    step: int = 0
    seen: int = 0


def _new_state(plan: FitPlan) -> FitState:
    torch.manual_seed(plan.seed)
    model = new_model()
    hurry(model)
    if plan.stem.exists():
        projection = model.encoder.embeddings.patch_embeddings.projection
        projection.load_state_dict(torch.load(plan.stem))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    return FitState(model, copy.deepcopy(model).eval(), optimizer)


def load_state(plan: FitPlan) -> FitState:
    """The state of the plan's checkpoint, or a new one.

    Raises:
        OtherShape: Another version has begun the run.
    """
    state = _new_state(plan)
    if plan.checkpoint.exists():
        saved = torch.load(plan.checkpoint)
        try:
            state.model.load_state_dict(saved["model"])
        except RuntimeError as error:
            raise OtherShape(
                f"{plan.checkpoint} holds a reader of another shape, begun by another version. "
                "Remove it to train anew."
            ) from error
        state.average.load_state_dict(saved["average"])
        state.optimizer.load_state_dict(saved["optimizer"])
        state.step, state.seen = saved["step"], saved["seen"]
    return state


def save_state(plan: FitPlan, state: FitState) -> None:
    """Writes the checkpoint, whole or not at all."""
    part = plan.checkpoint.with_suffix(".part")
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "step": state.step,
            "seen": state.seen,
        },
        part,
    )
    part.replace(plan.checkpoint)


def learning_rate_at(progress: float, step: int, highest: float) -> float:
    """Warm-up, then constant for half of the run, then a cosine down to a fiftieth."""
    warm = min(1.0, (step + 1) / _WARM_UP)
    fall = 1.0 if progress < _HALF else max(0.02, 0.5 * (1 + math.cos(math.pi * (2 * progress - 1))))
    return highest * warm * fall


def recoloured(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Some strips as negatives, some with colours exchanged: drums come in more colours than are drawn."""
    is_negative, is_exchanged = (
        torch.from_numpy(rng.random(len(pictures)) < share) for share in (_NEGATIVE_SHARE, _EXCHANGED_SHARE)
    )
    seen = torch.where(is_negative[:, None, None, None], 1 - pictures, pictures)
    exchanged = seen[:, torch.from_numpy(rng.permutation(3))]
    return torch.where(is_exchanged[:, None, None, None], exchanged, seen)


def varied(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Each strip cut, tilted, lit and coloured otherwise every time it is seen, at the reader's size."""
    count = len(pictures)
    pictures = recoloured(pictures, rng)

    def between(low: float, high: float) -> torch.Tensor:
        return torch.from_numpy(rng.uniform(low, high, count).astype(np.float32))

    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1], theta[:, 0, 2] = (
        between(0.97, 1.12),
        between(-0.03, 0.03),
        between(-0.03, 0.03),
    )
    theta[:, 1, 0], theta[:, 1, 1], theta[:, 1, 2] = (
        between(-0.16, 0.16),
        between(0.85, 1.12),
        between(-0.1, 0.1),
    )
    grid = functional.affine_grid(theta, [count, 3, INPUT_HEIGHT, INPUT_WIDTH], align_corners=False)
    seen = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    if chance(rng, 0.15):
        seen = functional.avg_pool2d(functional.pad(seen, (1, 1, 1, 1), mode="replicate"), 3, 1)
    spread = seen.std((1, 2, 3), keepdim=True)
    seen = seen * (1 + 0.12 * torch.randn(count, 3, 1, 1)) + 0.1 * spread * torch.randn(count, 3, 1, 1)
    return seen + torch.randn_like(seen) * spread * between(0, 0.25)[:, None, None, None]


def loss_of(state: FitState, batch: Batch, column_weight: float) -> torch.Tensor:
    """Cross entropy of the decoder and of the tenth, plus connectionist loss of the encoder's columns."""
    seen = state.model.encoder(batch.pictures)
    hidden, labels = seen.last_hidden_state, batch.labels
    length = int((labels != IGNORED).sum(1).max())
    labels = labels[:, :length]
    logits = state.model.decoder(
        input_ids=decoder_inputs(labels), encoder_hidden_states=hidden, use_cache=False
    ).logits
    loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    columns = state.model.encoder.pooler.dense(hidden[:, 1:])[..., TENTHS:].log_softmax(-1).transpose(0, 1)
    is_digit = (labels >= FIRST_DIGIT) & (labels < HALF_STEP)
    lengths = torch.full((len(labels),), columns.shape[0])
    by_column = functional.ctc_loss(
        columns, labels[is_digit] - FIRST_DIGIT + 1, lengths, is_digit.sum(1), zero_infinity=True
    )
    # Summed and divided by hand: a batch may hold no drum at all.
    by_tenth = functional.cross_entropy(
        seen.pooler_output[:, :TENTHS], batch.tenths, ignore_index=IGNORED, reduction="sum"
    )
    return loss + column_weight * by_column + _TENTH_WEIGHT * by_tenth / len(labels)


@torch.no_grad()
def exact_share(model: Network, pictures: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of strips read without a mistake, greedily."""
    right = 0
    for first in range(0, len(labels), 100):
        hidden = model.encoder(pictures[first : first + 100]).last_hidden_state
        wanted = labels[first : first + 100].masked_fill(labels[first : first + 100] == IGNORED, PAD)
        tokens = torch.full((len(hidden), 1), BOS)
        done = torch.zeros(len(hidden), dtype=torch.bool)
        for _ in range(MOST_TOKENS):
            following = model.decoder(input_ids=tokens, encoder_hidden_states=hidden).logits[:, -1].argmax(-1)
            tokens = torch.cat([tokens, following.masked_fill(done, PAD)[:, None]], 1)
            done |= following == EOS
        right += int((tokens[:, 1:] == wanted).all(1).sum())
    return right / len(labels)


@torch.no_grad()
def tenth_share(model: Network, pictures: torch.Tensor, tenths: torch.Tensor) -> float:
    """The share of turning last drums whose tenth is right within one; not a number where none turns."""
    turning = tenths != IGNORED
    if not turning.any():
        return math.nan
    found = model.encoder(pictures[turning]).pooler_output[:, :TENTHS].argmax(-1)
    apart = (found - tenths[turning]).remainder(10)
    return float(((apart <= 1) | (apart == 9)).float().mean())  # noqa: PLR2004 - one short of a whole turn


def validate(model: Network, pool: Path, count: int) -> dict[str, float]:
    """Exact share on strips drawn afresh, in unseen fonts, and glued from unseen meters."""
    shares = {}
    for kind in VALIDATION_KINDS:
        batch = ShardReader(pool, f"val-{kind}").everything()
        resized = at_input_size(batch.pictures[:count])
        shares[kind] = exact_share(model, resized, batch.labels[:count])
        shares[f"{kind}, tenth"] = tenth_share(model, resized, batch.tenths[:count])
    return shares


@dataclass(frozen=True, slots=True)
class FitProgress:
    """How far a run is: strips seen of those planned, the last steps' mean loss, strips in a second."""

    step: int
    seen: int
    samples: int
    loss: float
    strips_per_s: float


def log_progress(progress: FitProgress) -> None:
    """A line now and then."""
    if progress.step % _REPORT_EVERY == 0:
        _logger.info(
            "train: step %d, %d of %d strips, loss %.4f, %.0f strips/s",
            *(progress.step, progress.seen, progress.samples, progress.loss, progress.strips_per_s),
        )


def fit(plan: FitPlan, watch: Callable[[FitProgress], None] = log_progress) -> FitState:
    """Trains until `plan.samples` strips have been seen, from the checkpoint on where there is one."""
    state = load_state(plan)
    rng = np.random.default_rng([plan.seed, state.step])
    torch.manual_seed(plan.seed + state.step)
    reader = ShardReader(plan.pool, "train-")
    losses: list[float] = []
    started = time.monotonic()
    first_seen = state.seen
    while state.seen < plan.samples:
        losses.append(_step(plan, state, reader, rng))
        if state.step % _RESCAN_EVERY == 0:
            reader.rescan()
        if state.step % _WATCH_EVERY == 0:
            rate = (state.seen - first_seen) / (time.monotonic() - started)
            recent = float(np.mean(losses[-_REPORT_EVERY:]))
            watch(FitProgress(state.step, state.seen, plan.samples, recent, rate))
        if state.step % _SAVE_EVERY == 0:
            save_state(plan, state)
        if state.step % _VALIDATE_EVERY == 0:
            _logger.info("train: exact %s", validate(state.average, plan.pool, 300))
    save_state(plan, state)
    return state


def _step(plan: FitPlan, state: FitState, reader: ShardReader, rng: np.random.Generator) -> float:
    progress = state.seen / plan.samples
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate_at(progress, state.step, plan.learning_rate)
    batch = reader.batch(rng, plan.batch)
    batch = replace(batch, pictures=varied(batch.pictures, rng))
    state.model.train()
    with half_floats():
        loss = loss_of(state, batch, 0.5 if progress < _HALF else 0.15)
    state.optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimizer.step()
    state.step += 1
    state.seen += plan.batch
    decay = min(0.998, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        torch._foreach_lerp_(list(state.average.parameters()), list(state.model.parameters()), 1 - decay)
        for mean, value in zip(state.average.buffers(), state.model.buffers(), strict=True):
            mean.copy_(value)
    return loss.item()
