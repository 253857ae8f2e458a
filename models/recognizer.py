"""From counter windows to candidates with probabilities, by the small TrOCR or any other checkpoint."""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, load_calibration
from models.engines.onnx_engine import ENCODER, OnnxEngine, OtherGraph
from models.errors import ModelNotFound
from models.looks import Look, Seen, look
from models.views import is_covered, is_dark, is_sharp

EngineName = Literal["onnx", "torch"]

BUILTIN = Path(__file__).parent / "weights" / "trocr-meter-small"
_logger = logging.getLogger(__name__)
_EMPTY_ABOVE, _LEAST = 0.5, 1e-9
# Nobody can be surer than this of drums behind a hand.
_COVERED_UP_TO = 0.5
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the counter: the nearest number, and whether the last drum stands between digits."""

    text: str
    half_step: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a reader says of one window: candidates, best first, or the reason why there are none.

    `tenth` is the tenth of a step at which the last drum most likely stands, from models that tell.
    """

    candidates: tuple[Candidate, ...]
    reason: str | None
    reader: str
    reader_version: str
    milliseconds: float
    tenth: int | None = None

    @property
    def best(self) -> Candidate | None:
        """The most probable candidate."""
        return self.candidates[0] if self.candidates else None


class Recognizer:
    """Guards a loaded reader; reads windows in batches."""

    def __init__(self, name: str, version: str, looking: Look, calibration: Calibration) -> None:
        self.name, self.version = name, version
        self._look, self._calibration = looking, calibration

    def read(
        self,
        windows: Sequence[NDArray[np.uint8]],
        *,
        digits: int | None = None,
        n_candidates: int = 8,
        recut: Sequence[NDArray[np.uint8] | None] = (),
    ) -> list[Recognition]:
        """What each window says, in their order.

        Args:
            windows: Counters cut out upright and unmirrored, RGB `(height, width, 3)` each, of any size.
            digits: How many drums the register has, where that is known: every candidate then has as many.
            n_candidates: How many candidates to return of each window at most.
            recut: Another cut of each window, or None, to be looked at where a doubt is left; empty for none.
        """
        recognitions: list[Recognition] = []
        for first in range(0, len(windows), _BATCH):
            batch = windows[first : first + _BATCH]
            started = time.perf_counter()
            seen = self._seen(batch, digits, recut[first : first + _BATCH])
            milliseconds = (time.perf_counter() - started) * 1000 / len(batch)
            recognitions += [
                self._recognition(window, each, digits, n_candidates, milliseconds)
                for window, each in zip(batch, seen, strict=True)
            ]
        return recognitions

    def glance(self, windows: Sequence[NDArray[np.uint8]], *, digits: int | None = None) -> list[float]:
        """How likely each window is to be read right, by one short look at each; see `read`.

        It serves to choose among many windows, for it costs no more where they leave a doubt.
        """
        seen: list[Seen | None] = []
        for first in range(0, len(windows), _BATCH):
            seen += self._seen(windows[first : first + _BATCH], digits, (), once=True)
        return [
            each.opinions[0].share if each and each.opinions and each.empty <= _EMPTY_ABOVE else 0.0
            for each in seen
        ]

    def _seen(
        self,
        windows: Sequence[NDArray[np.uint8]],
        digits: int | None,
        recut: Sequence[NDArray[np.uint8] | None],
        *,
        once: bool = False,
    ) -> list[Seen | None]:
        """What was seen in each window; None where there is no light to see by."""
        lit = [index for index, each in enumerate(windows) if min(each.shape[:2]) > 0 and not is_dark(each)]
        seen: list[Seen | None] = [None] * len(windows)
        if lit:
            room = [recut[index] for index in lit] if recut else ()
            found = self._look([windows[index] for index in lit], digits, recut=room, once=once)
            for index, each in zip(lit, found, strict=True):
                seen[index] = each
        return seen

    def _recognition(
        self,
        window: NDArray[np.uint8],
        seen: Seen | None,
        digits: int | None,
        n_candidates: int,
        milliseconds: float,
    ) -> Recognition:
        about = (self.name, self.version, milliseconds)
        if seen is None:
            return Recognition((), "dark", *about)
        shares = np.array([opinion.share for opinion in seen.opinions])
        probabilities = self._calibration.probabilities(shares, seen.rounds)
        # Where the number of drums is known, texts of other lengths must not speak against these.
        known = float(probabilities.sum()) if digits is not None else 1.0
        if self._refuses(window, seen.empty, probabilities / max(known, _LEAST)):
            return Recognition((), _reason_of(window), *about)
        candidates = tuple(
            Candidate(opinion.text, opinion.is_half, float(probability))
            for opinion, probability in zip(seen.opinions, probabilities, strict=True)
        )
        tenth = int(seen.tenths.argmax()) if seen.tenths is not None else None
        return Recognition(candidates[:n_candidates], None, *about, tenth)

    def _refuses(self, window: NDArray[np.uint8], empty: float, probabilities: NDArray[np.float64]) -> bool:
        if empty > _EMPTY_ABOVE or not len(probabilities):
            return True
        best = probabilities[0]
        return best < self._calibration.refuse_below or (best < _COVERED_UP_TO and is_covered(window))


def _reason_of(window: NDArray[np.uint8]) -> str:
    """Why a window with some light in it cannot be read."""
    if not is_sharp(window):
        return "blurred"
    return "covered" if is_covered(window) else "no_counter"


@lru_cache(maxsize=4)
def load_recognizer(model: str = "builtin", engine: EngineName = "onnx") -> Recognizer:
    """The reader of a name.

    Args:
        model: `builtin` for the project's own small TrOCR; else a folder with any TrOCR checkpoint, or its
            name on the hub or in the cache, such as `microsoft/trocr-small-printed`.
        engine: What computes the project's own kind of model; others always go through PyTorch.

    Raises:
        ModelNotFound: When there are no such weights.
    """
    place = BUILTIN if model == "builtin" else Path(model)
    try:
        if not place.is_dir() and (model == "builtin" or model.startswith(("/", ".", "~"))):
            raise FileNotFoundError(place)
        version, looking, calibration = _opened(place, model, engine)
    except (OSError, ValueError, ImportError) as error:
        raise ModelNotFound(
            f"There is no reader {model!r} ({_first_line(error)}): give `builtin`, a folder with a TrOCR "
            "checkpoint and its processor, or the name of one that this machine can download."
        ) from error
    name = "trocr-meter-small" if model == "builtin" else model
    digest = hashlib.sha256(f"{version} {calibration}".encode())
    return Recognizer(name, digest.hexdigest()[:12], looking, calibration)


def _opened(place: Path, model: str, engine: EngineName) -> tuple[str, Look, Calibration]:
    """The weights' fingerprint, what looks with them, and their calibration."""
    calibration = load_calibration(place)
    if engine == "onnx" and (place / ENCODER).exists():
        try:
            graphs = OnnxEngine(place)
        except OtherGraph as error:
            _logger.warning("%s: %s. PyTorch reads with it, slower, until it is trained anew.", place, error)
        else:
            return graphs.version, partial(look, graphs, calibration.sure_above), calibration
    # PyTorch takes seconds to load, and ONNX Runtime needs nothing of it.
    from models.engines.checkpoints import open_checkpoint  # noqa: PLC0415

    version, looking = open_checkpoint(str(place) if place.is_dir() else model, calibration.sure_above)
    return version, looking, calibration


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
