"""The pool's shards as training reads them: batches of strips with their labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.pool import IGNORED
from models.vocabulary import BOS, EOS, INPUT_HEIGHT, INPUT_WIDTH, PAD, tokens_of

MOST_TOKENS = 12


@dataclass(frozen=True, slots=True)
class Shard:
    """Strips `(n, height, width, 3)`, token rows, last drums' tenths or IGNORED, chances to be chosen."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    tenths: NDArray[np.int64]
    chances: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Strips as the model takes them, with what it should say of them."""

    pictures: torch.Tensor
    labels: torch.Tensor
    tenths: torch.Tensor


class ShardReader:
    """Guards the pool's open shards; new ones are found while training goes on."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix
        self._shards: dict[str, Shard] = {}
        self.rescan()

    def rescan(self) -> None:
        """Opens the shards that have been finished since the last look."""
        for path in sorted(self._folder.glob(f"{self._prefix}*.texts.npy")):
            if path.name not in self._shards:
                self._shards[path.name] = _opened(path)
        if not self._shards:
            message = f"No strips in {self._folder}: run the stage `pool` first."
            raise FileNotFoundError(message)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Random strips of a random shard, by their weights where it has been weighed."""
        names = list(self._shards)
        shard = self._shards[names[int(rng.integers(len(names)))]]
        return _batch_of(shard, np.sort(rng.choice(len(shard.labels), size, replace=False, p=shard.chances)))

    def everything(self) -> Batch:
        """All strips in order."""
        batches = [_batch_of(shard, np.arange(len(shard.labels))) for shard in self._shards.values()]
        return Batch(
            torch.cat([b.pictures for b in batches]),
            torch.cat([b.labels for b in batches]),
            torch.cat([b.tenths for b in batches]),
        )


def weights_path(texts: Path) -> Path:
    """Where the weights of the shard with these texts are."""
    return texts.with_name(texts.name.replace("texts", "weights"))


def _opened(texts: Path) -> Shard:
    pictures = np.load(texts.with_name(texts.name.replace("texts", "pictures")), mmap_mode="r")
    tenths = np.load(texts.with_name(texts.name.replace("texts", "tenths")))
    weighed = weights_path(texts)
    weights = np.load(weighed).astype(np.float64) if weighed.exists() else np.ones(len(tenths))
    return Shard(pictures, labels_of(np.load(texts).tolist()), tenths, weights / weights.sum())


def _batch_of(shard: Shard, rows: NDArray[np.int64]) -> Batch:
    return Batch(
        as_pictures(shard.pictures[rows]),
        torch.from_numpy(shard.labels[rows]),
        torch.from_numpy(shard.tenths[rows]),
    )


def labels_of(texts: list[str]) -> NDArray[np.int64]:
    """Token rows that end in EOS, padded with what the loss ignores."""
    labels = np.full((len(texts), MOST_TOKENS), IGNORED, np.int64)
    for row, text in enumerate(texts):
        tokens = [*tokens_of(text), EOS]
        labels[row, : len(tokens)] = tokens
    return labels


def decoder_inputs(labels: torch.Tensor) -> torch.Tensor:
    """What the decoder has written before each token of the labels `(n, length)`."""
    start = torch.full((len(labels), 1), BOS)
    return torch.cat([start, labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, PAD)], 1)


def at_input_size(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures `(n, 3, height, width)` at the reader's size, not varied."""
    return functional.interpolate(pictures, (INPUT_HEIGHT, INPUT_WIDTH), mode="bilinear", antialias=True)


def as_pictures(pictures: NDArray[np.uint8]) -> torch.Tensor:
    """`(n, height, width, 3)` bytes as `(n, 3, height, width)` from 0 to 1."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
