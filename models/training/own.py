"""Pictures of one's own meter: strips to train on, and others kept to judge the new model by."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

import cv2
import numpy as np
import torch

from models.architecture import Network
from models.engines.checkpoints import load_network
from models.evaluation import Label, best_is_right, read_directory, read_labels
from models.picture import UnreadablePicture, open_picture
from models.recognizer import Recognizer
from models.rendering.strips import STRIP_HEIGHT, STRIP_WIDTH
from models.training.fit import FitPlan, load_state, save_state
from models.training.pool import IGNORED
from models.vocabulary import TENTHS

_TEST_SHARE, _LEAST_STRIPS, _MOST_DIGITS = 3, 256, 10
_LAYER_ENDS = ("o_proj", "fc2", "scale")
# Better by luck alone in at most one comparison of twenty.
_LUCK = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two readers on the same pictures: how many only one of them, both or neither read right."""

    only_new: int
    only_old: int
    both: int
    neither: int

    @property
    def is_better(self) -> bool:
        """Whether the new reader wins by more than luck, by a sign test of the pictures they differ on."""
        differing = self.only_new + self.only_old
        as_lucky = sum(comb(differing, wins) for wins in range(self.only_new, differing + 1))
        return self.only_new > self.only_old and as_lucky / 2**differing <= _LUCK

    def __str__(self) -> str:
        """The comparison as a sentence."""
        pictures = self.only_new + self.only_old + self.both + self.neither
        verdict = "better" if self.is_better else "not better beyond luck"
        return (
            f"Of {pictures} labelled pictures not trained on, the new reader reads "
            f"{self.both + self.only_new} right and the present one {self.both + self.only_old}; "
            f"{self.only_new} only the new one, {self.only_old} only the present one: {verdict}."
        )


def is_for_testing(label: Label) -> bool:
    """Whether a picture is kept from training to judge by: one in three, by its name alone."""
    return int(hashlib.sha256(label.file.encode()).hexdigest(), 16) % _TEST_SHARE == 0


def draw_own_shard(directory: Path, pool: Path) -> int:
    """Adds the windows of a labelled folder to the pool, but for those kept for testing.

    Args:
        directory: Folder with `labels.csv` and pictures that are cut to the register window.
        pool: The pool's folder.

    Returns:
        How many pictures were added; they are repeated until the shard is as large as a batch needs.
    """
    strips, texts = [], []
    for label in read_labels(directory):
        if not label.is_complete or is_for_testing(label) or len(label.reading) > _MOST_DIGITS:
            continue
        try:
            window = open_picture(directory / label.file)
        except (UnreadablePicture, OSError):
            continue
        strips.append(cv2.resize(window, (STRIP_WIDTH, STRIP_HEIGHT), interpolation=cv2.INTER_AREA))
        texts.append(label.reading)
    if not strips:
        return 0
    repeats = -(-_LEAST_STRIPS // len(strips))
    name = f"train-own-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:8]}"
    pool.mkdir(parents=True, exist_ok=True)
    np.save(pool / f"{name}.pictures.npy", np.concatenate([np.stack(strips)] * repeats))
    np.save(pool / f"{name}.tenths.npy", np.full(len(strips) * repeats, IGNORED, np.int64))
    # The labels come last, as in every shard.
    np.save(pool / f"{name}.texts.npy", np.array(texts * repeats, dtype="<U12"))
    return len(strips)


def start_from(plan: FitPlan, weights: Path) -> None:
    """Begins a run with the weights of a reader instead of random ones; a run under way goes on as it was."""
    if plan.checkpoint.exists():
        return
    known = load_network(str(weights)).state_dict()
    state = load_state(plan)
    for model in (state.model, state.average):
        fresh = model.state_dict()
        model.load_state_dict({name: _beginning(name, value, known) for name, value in fresh.items()})
    plan.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    save_state(plan, state)


def _beginning(name: str, fresh: torch.Tensor, known: dict[str, torch.Tensor]) -> torch.Tensor:
    """What a tensor is at the start of a run that begins with known weights."""
    begun = _known(name, fresh, known)
    if begun is not None:
        return begun
    # A layer that the known weights lack passes on what it sees until it has learned something.
    return torch.zeros_like(fresh) if name.split(".")[-2] in _LAYER_ENDS else fresh


def _known(name: str, value: torch.Tensor, known: dict[str, torch.Tensor]) -> torch.Tensor | None:
    """What known weights make of a tensor: heads that they lack stay as they are; None if they lack all."""
    if name not in known or known[name].shape == value.shape:
        return known.get(name)
    if len(known[name]) == TENTHS and name.startswith("encoder.pooler."):
        return torch.cat([known[name], value[TENTHS:]])
    return None


def keep_some(model: Network, weights: Path, share: float) -> None:
    """Brings a share of the weights that a run began with back into its model, in place.

    What was known before is forgotten less, at next to no cost to what was learned (Wortsman et al., 2022).

    Args:
        model: the run's.
        weights: folder of the reader it began with.
        share: from 0 (nothing of it) to 1 (nothing of the run).
    """
    known, mixed = load_network(str(weights)).state_dict(), model.state_dict()
    for name, learned in mixed.items():
        begun = _known(name, learned, known)
        if begun is not None and learned.is_floating_point():
            mixed[name] = torch.lerp(learned, begun, share)
    model.load_state_dict(mixed)


def compare(new: Recognizer, old: Recognizer, own: Sequence[Path], test: Sequence[Path] = ()) -> Comparison:
    """How two readers do on labelled windows that neither was trained on.

    Args:
        new: One reader.
        old: The other.
        own: Folders that were trained on, but for the pictures kept for testing.
        test: Folders that were not.
    """
    pairs: list[tuple[bool, bool]] = []
    for directory in (*own, *test):
        labels = [
            each
            for each in read_labels(directory)
            if each.is_complete and (directory not in own or is_for_testing(each))
        ]
        pairs += zip(_right(new, directory, labels), _right(old, directory, labels), strict=True)
    return Comparison(
        only_new=pairs.count((True, False)),
        only_old=pairs.count((False, True)),
        both=pairs.count((True, True)),
        neither=pairs.count((False, False)),
    )


def _right(reader: Recognizer, directory: Path, labels: Sequence[Label]) -> list[bool]:
    """Whether each of these pictures is read right."""
    found = read_directory(directory, reader, window=True, labels=labels)
    return [best_is_right(each, prefix=False) for each in found]
