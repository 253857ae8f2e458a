"""Stage five: what the reader's shares are worth, fitted on strips of fonts and meters never trained on.

Even rows of the validation strips fit the curves, odd rows measure them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, Curve, curve_at, log_odds
from models.engines.engine import Engine
from models.evaluation import are_neighbours
from models.looks import Seen, look
from models.marks import calibration_error
from models.training.pool import VALIDATION_KINDS

_CHOICES = (0.8, 0.9, 0.95, 0.98, 0.99)
# One look is enough where it is right this often, and refusing costs little below this probability.
_SURE_RIGHT, _REFUSE_BELOW = 0.99, 0.1
_BATCH, _NEVER, _ALWAYS = 32, 2.0, 0.0
# As much weight as this many strips goes to the shares as they are.
_PRIOR = 10.0


@dataclass(frozen=True, slots=True)
class Strips:
    """Looks at validation strips of one kind: their texts, the first look, and as many as a doubt takes."""

    texts: tuple[str, ...]
    first: tuple[Seen, ...]
    all: tuple[Seen, ...]

    def rows(self, start: int) -> "Strips":
        """Every other strip."""
        return Strips(self.texts[start::2], self.first[start::2], self.all[start::2])


@dataclass(frozen=True, slots=True)
class Outcome:
    """Marks of one kind of strips that the calibration was not fitted on.

    Args:
        strips: How many.
        exact: The share read right, half steps aside.
        or_half_step: The same with the other side of a drum that is said to stand between two digits.
        among_five: The share whose truth is among the five best candidates.
        exact_first: The share read right after one look only.
        looks: How many looks a strip took on average.
        error: The expected calibration error, ten bins.
        probabilities: Of the best candidates, `(strips,)`.
        right: Whether each was right.
    """

    strips: int
    exact: float
    or_half_step: float
    among_five: float
    exact_first: float
    looks: float
    error: float
    probabilities: NDArray[np.float64]
    right: NDArray[np.bool_]


def look_at_strips(engine: Engine, pool: Path, count: int) -> dict[str, Strips]:
    """Looks at up to `count` validation strips of each kind."""
    found = {}
    for kind in VALIDATION_KINDS:
        texts = np.load(pool / f"val-{kind}.texts.npy")[:count].tolist()
        pictures = np.load(pool / f"val-{kind}.pictures.npy", mmap_mode="r")
        first: list[Seen] = []
        everything: list[Seen] = []
        for start in range(0, len(texts), _BATCH):
            windows = [np.array(picture) for picture in pictures[start : min(start + _BATCH, len(texts))]]
            first += look(engine, _ALWAYS, windows, None)
            everything += look(engine, _NEVER, windows, None)
        found[kind] = Strips(tuple(text.rstrip("~") for text in texts), tuple(first), tuple(everything))
    return found


def fit_calibration(looks: dict[str, Strips]) -> Calibration:
    """The calibration by the even rows of each kind."""
    held = [strips.rows(0) for strips in looks.values()]
    first = np.concatenate([_best(strips.texts, strips.first) for strips in held])
    everything = np.concatenate([_best(strips.texts, strips.all) for strips in held])
    sure_above = _CHOICES[-1]
    for choice in reversed(_CHOICES):
        sure = first[first[:, 0] >= choice]
        if not len(sure) or sure[:, 1].mean() < _SURE_RIGHT:
            break
        sure_above = choice
    is_sure = first[:, 0] >= sure_above
    rounds = np.concatenate([[each.rounds for each in strips.all] for strips in held])
    strips = sum(len(each.texts) for each in looks.values()) // 2
    return Calibration(
        sure_above,
        fit_curve(first[is_sure]),
        fit_curve(everything[~is_sure & (rounds == 2)]),  # noqa: PLR2004 settled by the second
        fit_curve(everything[~is_sure & (rounds > 2)]),  # noqa: PLR2004 not settled by it
        _REFUSE_BELOW,
        f"{strips:,} validation strips: drawn afresh, in unseen fonts, glued from unseen meters, "
        "and with drums that may be hidden",
    )


def _best(texts: Sequence[str], seen: Sequence[Seen]) -> NDArray[np.float64]:
    """Share of the best opinion, and whether it is right, `(strips, 2)`."""
    rows = [
        (each.opinions[0].share, each.opinions[0].text == text) if each.opinions else (0.0, text == "")
        for text, each in zip(texts, seen, strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, 2)


def fit_curve(rows: NDArray[np.float64]) -> Curve:
    """Platt scaling (Platt, 1999) of shares by whether they were right, drawn towards no change.

    Args:
        rows: `(n, 2)`: share, and 1 where it was right.
    """
    weights = np.array([1.0, 0.0])
    x = np.stack([log_odds(rows[:, 0]), np.ones(len(rows))], 1)
    for _ in range(50):
        found = curve_at((float(weights[0]), float(weights[1])), rows[:, 0])
        gradient = x.T @ (found - rows[:, 1]) + _PRIOR * (weights - (1.0, 0.0))
        curvature = (x * (found * (1 - found))[:, None]).T @ x + _PRIOR * np.eye(2)
        weights = weights - np.linalg.solve(curvature, gradient)
    return max(float(weights[0]), 0.05), float(weights[1])


def measure(looks: dict[str, Strips], calibration: Calibration) -> dict[str, Outcome]:
    """The marks by the odd rows of each kind."""
    return {kind: _outcome(strips.rows(1), calibration) for kind, strips in looks.items()}


def _outcome(strips: Strips, calibration: Calibration) -> Outcome:
    first = _best(strips.texts, strips.first)
    seen = [
        one if row[0] >= calibration.sure_above else each
        for row, one, each in zip(first, strips.first, strips.all, strict=True)
    ]
    best = _best(strips.texts, seen)
    probabilities = np.array(
        [
            curve_at(calibration.curve_after(each.rounds), row[:1])[0]
            for each, row in zip(seen, best, strict=True)
        ]
    )
    right = best[:, 1] > 0
    half_off = [
        bool(each.opinions) and each.opinions[0].is_half and are_neighbours(each.opinions[0].text, text)
        for text, each in zip(strips.texts, seen, strict=True)
    ]
    among_five = [
        text in [opinion.text for opinion in each.opinions[:5]]
        for text, each in zip(strips.texts, seen, strict=True)
    ]
    return Outcome(
        len(right),
        float(right.mean()),
        float((right | half_off).mean()),
        float(np.mean(among_five)),
        float(first[:, 1].mean()),
        float(np.mean([each.looks for each in seen])),
        calibration_error(probabilities, right),
        probabilities,
        right,
    )


def described(outcome: Outcome) -> str:
    """The marks in a line."""
    return (
        f"exact {outcome.exact:.3f} of {outcome.strips:,} ({outcome.exact_first:.3f} after one look, "
        f"{outcome.or_half_step:.3f} with either side of a half step), "
        f"truth among five candidates in {outcome.among_five:.3f}, "
        f"{outcome.looks:.1f} looks on average, calibration error {outcome.error:.3f}"
    )
