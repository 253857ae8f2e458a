"""Beam search over the small TrOCR: every window's most probable readings, with their probabilities.

`generate` spends most of its time outside of the mathematics at this size. Here all readings of a window
share its cross-attention keys and values, and nothing is normalised by length: a score is the logarithm of
the probability that the model gives to exactly this reading.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.engines.engine import Engine, Floats, Integers, Memory
from models.vocabulary import BOS, EOS, FIRST_DIGIT, HALF_STEP, VOCABULARY, character_of

MOST_DIGITS = 10
_NEVER = np.float32(-math.inf)
COLUMNS = 40
# What is ten thousand times less probable than the best reading is not worth another step.
_HARDLY = 9.2
_ONLY_END = np.where(np.arange(len(VOCABULARY)) == EOS, np.float32(0), _NEVER)


@dataclass(frozen=True, slots=True)
class Beam:
    """One reading as the model wrote it, `~` for a half step, with its log-probability.

    `places` say where each digit stands, as shares of the picture's width: the column that the decoder looks
    at most while it writes the digit. Right within a third of a drum, though never taught.
    """

    text: str
    log_probability: float
    places: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One more token of all readings: which, after which reading, and the column looked at for the next."""

    tokens: Integers
    parents: Integers
    columns: Integers


def search(
    engine: Engine, memory: Memory, count: int, beams: int, digits: int | None
) -> tuple[list[list[Beam]], list[float]]:
    """The readings of each picture, best first, and the probability that there is nothing to read.

    Args:
        engine: Computes the small TrOCR.
        memory: The pictures as the engine saw them.
        count: How many pictures they are.
        beams: How many readings to keep per picture.
        digits: How many digits each reading must have; any number when None.
    """
    trellis: list[_Layer] = []
    endings: list[Floats] = []
    scores = np.zeros((count, 1), np.float32)
    tokens, parents = np.full((count, 1), BOS), np.zeros((count, 1), np.int64)
    past, alive, done = None, 1, np.full((count, beams), _NEVER)
    empty: list[float] = []
    for length in range((digits or MOST_DIGITS) + 2):
        rows = (np.arange(count)[:, None] * alive + parents).ravel()
        step = engine.step(tokens, past, rows, length, memory)
        if length == 0:
            empty = np.exp(step.likely[:, 0, EOS]).tolist()
        trellis.append(_Layer(tokens, parents, step.columns))
        totals = scores[..., None] + step.likely + _allowed(length, digits, tokens)
        endings.append(totals[:, :, EOS].copy())
        done = -np.sort(-np.concatenate([done, endings[-1]], 1), 1)[:, :beams]
        totals[:, :, EOS] = _NEVER
        flat = totals.reshape(count, -1)
        best = np.argsort(-flat, 1, kind="stable")[:, :beams]
        scores = np.take_along_axis(flat, best, 1)
        if (scores[:, 0] <= np.maximum(done[:, -1], done[:, 0] - _HARDLY)).all() and (done > _NEVER).all():
            break
        past, alive = step.past, tokens.shape[1]
        parents, tokens = np.divmod(best, totals.shape[2])
    return _finished(trellis, endings, beams), empty


def _allowed(length: int, digits: int | None, tokens: Integers) -> Floats:
    """Nought where a token may follow, minus infinity where it may not."""
    allowed = np.full(len(VOCABULARY), _NEVER)
    least, most = (1, MOST_DIGITS) if digits is None else (digits, digits)
    if length < most:
        allowed[FIRST_DIGIT:HALF_STEP] = 0
    if least <= length <= most:
        allowed[HALF_STEP] = 0
    if length >= least:
        allowed[EOS] = 0
    return np.where((tokens == HALF_STEP)[..., None], _ONLY_END, allowed)


def _finished(trellis: Sequence[_Layer], endings: Sequence[Floats], beams: int) -> list[list[Beam]]:
    """The best readings of each picture, followed back through the trellis from where they ended."""
    scores = np.concatenate(endings, 1)
    places = [(length, reading) for length, each in enumerate(endings) for reading in range(each.shape[1])]
    best = np.argsort(-scores, 1, kind="stable")[:, :beams]
    return [
        [
            _beam(trellis, row, places[place], float(scores[row, place]))
            for place in ranked
            if scores[row, place] > _NEVER
        ]
        for row, ranked in enumerate(best.tolist())
    ]


def _beam(trellis: Sequence[_Layer], row: int, end: tuple[int, int], score: float) -> Beam:
    text, places, (length, reading) = "", [], end
    for before, layer in zip(reversed(trellis[:length]), reversed(trellis[1 : length + 1]), strict=True):
        token, reading = int(layer.tokens[row, reading]), int(layer.parents[row, reading])
        text = character_of(token) + text
        if token != HALF_STEP:
            places.append((int(before.columns[row, reading]) + 0.5) / COLUMNS)
    return Beam(text, score, tuple(reversed(places)))
