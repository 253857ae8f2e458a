"""From counter windows to candidates with probabilities, by any TrOCR checkpoint."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import TrOCRProcessor, VisionEncoderDecoderModel
from transformers.utils import logging as transformers_logging

from models.architecture import ConvStemViTConfig, Network
from models.beam import Beam, drum_places, encoded, search_small, search_with_generate
from models.views import as_input, is_dark, is_sharp, narrowed, views_of

BUILTIN = Path(__file__).parent / "weights" / "trocr-meter-small"
_EMPTY_ABOVE = 0.5
_BATCH = 64
_LEAST_BEAMS = 8


class ModelNotFound(FileNotFoundError):  # noqa: N818 the name goes to those who branch, the sentence to people
    """No reader's weights where they were asked for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the counter: the nearest number, and whether the last drum stands between digits."""

    text: str
    half_step: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a reader says of one window: candidates, best first, or the reason why there are none."""

    candidates: tuple[Candidate, ...]
    reason: str | None
    reader: str
    reader_version: str
    milliseconds: float

    @property
    def best(self) -> Candidate | None:
        """The most probable candidate."""
        return self.candidates[0] if self.candidates else None


class Recognizer:
    """Guards a loaded TrOCR; reads windows in batches."""

    def __init__(self, name: str, version: str, model: Network, processor: TrOCRProcessor) -> None:
        self.name, self.version = name, version
        self._model, self._processor = model, processor
        self._is_small = isinstance(model.config.encoder, ConvStemViTConfig)
        if self._is_small:
            # Threads of a network this small wait for one another longer than they compute.
            torch.set_num_threads(1)

    def read(
        self, windows: Sequence[NDArray[np.uint8]], *, digits: int | None = None, n_candidates: int = 8
    ) -> list[Recognition]:
        """What each window says, in their order.

        Args:
            windows: Counters cut out upright and unmirrored, RGB `(height, width, 3)` each, of any size.
            digits: How many drums the register has, where that is known: every candidate then has as many.
            n_candidates: How many candidates to return of each window at most.
        """
        recognitions: list[Recognition] = []
        for first in range(0, len(windows), _BATCH):
            batch = windows[first : first + _BATCH]
            started = time.perf_counter()
            answers = self._answers(batch, digits, n_candidates)
            milliseconds = (time.perf_counter() - started) * 1000 / len(batch)
            recognitions += [
                Recognition(candidates, reason, self.name, self.version, milliseconds)
                for candidates, reason in answers
            ]
        return recognitions

    def _answers(
        self, windows: Sequence[NDArray[np.uint8]], digits: int | None, n_candidates: int
    ) -> list[tuple[tuple[Candidate, ...], str | None]]:
        answers: list[tuple[tuple[Candidate, ...], str | None]] = [((), "dark")] * len(windows)
        lit = [
            index for index, window in enumerate(windows) if min(window.shape[:2]) > 0 and not is_dark(window)
        ]
        if not lit:
            return answers
        shown = [windows[index] for index in lit]
        looks = (
            self._small_looks(shown, digits, n_candidates)
            if self._is_small
            else (self._foreign_looks(shown, digits, n_candidates))
        )
        for index, (candidates, empty) in zip(lit, looks, strict=True):
            if candidates and empty <= _EMPTY_ABOVE:
                answers[index] = candidates[:n_candidates], None
            else:
                answers[index] = (), "no_counter" if is_sharp(windows[index]) else "blurred"
        return answers

    def _small_looks(
        self, windows: Sequence[NDArray[np.uint8]], digits: int | None, n_candidates: int
    ) -> list[tuple[tuple[Candidate, ...], float]]:
        """Candidates and the probability of emptiness; loose windows are looked at a second time, closer."""
        looks, places = self._seen(windows, digits, n_candidates)
        closer = [narrowed(window, where) for window, where in zip(windows, places, strict=True)]
        loose = [index for index, window in enumerate(windows) if closer[index] is not window]
        if loose:
            again, _ = self._seen([closer[index] for index in loose], digits, n_candidates)
            for index, look in zip(loose, again, strict=True):
                looks[index] = look
        return looks

    def _seen(
        self, windows: Sequence[NDArray[np.uint8]], digits: int | None, n_candidates: int
    ) -> tuple[list[tuple[tuple[Candidate, ...], float]], list[list[float]]]:
        """One look at each window in several views, and where its drums stand."""
        views = [view for window in windows for view in views_of(window)]
        memory = encoded(self._model, as_input(views))
        readings, empty = search_small(self._model, memory, max(n_candidates, _LEAST_BEAMS), digits)
        each = len(views) // len(windows)
        looks = [
            (merged(readings[first : first + each]), sum(empty[first : first + each]) / each)
            for first in range(0, len(views), each)
        ]
        texts = [candidates[0].text for candidates, _ in looks]
        return looks, drum_places(self._model, memory[::each], texts)

    def _foreign_looks(
        self, windows: Sequence[NDArray[np.uint8]], digits: int | None, n_candidates: int
    ) -> list[tuple[tuple[Candidate, ...], float]]:
        pictures = self._processor(images=list(windows), return_tensors="pt").pixel_values
        found = search_with_generate(
            self._model, self._processor.tokenizer, pictures, max(n_candidates, _LEAST_BEAMS)
        )
        looks = []
        for beams in found:
            empty = sum(exp(beam.log_probability) for beam in beams if not beam.text)
            fitting = [beam for beam in beams if beam.text and digits in {None, len(beam.text.rstrip("~"))}]
            looks.append((merged([fitting]), empty))
        return looks


def merged(readings: Sequence[Sequence[Beam]]) -> tuple[Candidate, ...]:
    """The candidates of several looks at one window; their probabilities are means and sum to one at most."""
    shares: dict[str, float] = defaultdict(float)
    for beams in readings:
        for beam in beams:
            shares[beam.text] += exp(beam.log_probability) / len(readings)
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Candidate(text.rstrip("~"), text.endswith("~"), share) for text, share in ranked)


@lru_cache(maxsize=4)
def load_recognizer(model: str = "builtin") -> Recognizer:
    """The reader of a name.

    Args:
        model: `builtin` for the project's own small TrOCR; else a folder with any TrOCR checkpoint, or its
            name on the hub or in the cache, such as `microsoft/trocr-small-printed`.

    Raises:
        ModelNotFound: When there are no such weights.
    """
    quiet: Any = transformers_logging
    quiet.disable_progress_bar()
    place = BUILTIN if model == "builtin" else Path(model)
    try:
        if place.is_dir():
            network, processor = _opened(str(place), local=True)
        elif model == "builtin" or model.startswith(("/", ".", "~")):
            raise FileNotFoundError(place)
        else:
            network, processor = _downloaded(model)
    except (OSError, ValueError, ImportError) as error:
        raise ModelNotFound(
            f"There is no reader {model!r} ({_first_line(error)}): give `builtin`, a folder with a TrOCR "
            "checkpoint and its processor, or the name of one that this machine can download."
        ) from error
    name = "trocr-meter-small" if model == "builtin" else model
    return Recognizer(name, version_of(network), network.eval(), processor)


def _opened(place: str, *, local: bool) -> tuple[Network, TrOCRProcessor]:
    network = VisionEncoderDecoderModel.from_pretrained(place, dtype=torch.float32, local_files_only=local)
    return network, TrOCRProcessor.from_pretrained(place, local_files_only=local)


def _downloaded(name: str) -> tuple[Network, TrOCRProcessor]:
    """A checkpoint by its name: from the cache without asking the network, else downloaded."""
    try:
        return _opened(name, local=True)
    except (OSError, ValueError):
        return _opened(name, local=False)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def version_of(model: Network) -> str:
    """A short fingerprint of a model's weights: the same weights read the same everywhere."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
