"""What drafts and search ask of whatever computes the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the encoder saw in `n` pictures, in the engine's own form, and what else the model tells of them.

    Args:
        crossed: Arrays of the engine's own kind, one row for each picture.
        tenths: The probabilities, `(n, 10)`, of the tenth at which the last drum stands; None where the model
            doesn't tell.
        signs: What each column shows, `(n, 40)`: 0 for nothing, else a digit + 1; None likewise.
    """

    crossed: Sequence[Any]
    tenths: Floats | None = None
    signs: Integers | None = None

    def of(self, rows: Sequence[int]) -> "Memory":
        """The same of some of the pictures."""
        rows = list(rows)
        tenths = None if self.tenths is None else self.tenths[rows]
        signs = None if self.signs is None else self.signs[rows]
        return Memory([each[rows] for each in self.crossed], tenths, signs)


@dataclass(frozen=True, slots=True)
class Step:
    """One more token: log-probabilities `(n, k, vocabulary)`, attended columns `(n, k)`, the past to go on.

    A column counts from 0 to 39; it is where the decoder's last layer looks at most, all its heads together.
    """

    likely: Floats
    columns: Integers
    past: Any


class Engine(Protocol):
    """A small TrOCR, ready to compute."""

    @property
    def version(self) -> str:
        """The fingerprint of the weights."""

    def encode(self, pictures: Floats) -> Memory:
        """What the encoder sees in pictures `(n, 3, 32, 160)` from 0 to 1."""

    def step(self, tokens: Integers, past: Any, parents: Integers, position: int, memory: Memory) -> Step:  # noqa: ANN401  each engine keeps the past in its own form
        """The decoder's next opinion on `k` readings of each picture.

        Args:
            tokens: The newest token of each reading, `(n, k)`.
            past: What the step before gave; None at the first.
            parents: Which rows of the past the readings grow from, `(n * k,)`.
            position: How many tokens came before.
            memory: What `encode` gave.
        """

    def check(self, tokens: Integers, memory: Memory) -> Step:
        """The decoder's opinion on what follows each token of one text per picture, all at once.

        Args:
            tokens: Whole texts, `(n, t)`, from the first token on.
            memory: What `encode` gave.

        Returns:
            Of each token what `step` says after it, `(n, t, ...)`.
        """


def places_of(count: int, first: int) -> tuple[Integers, Floats]:
    """Positions of tokens from `first` on, `(count,)`, and which others each must not see.

    The latter is `(count, first + count)`: minus infinity for those that come later, else nought.
    """
    unseen = np.triu(np.full((count, first + count), -np.inf, np.float32), first + 1)
    return np.arange(first, first + count), unseen
