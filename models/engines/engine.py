"""What the search asks of whatever computes the network."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the encoder saw in `n` pictures, in the engine's own form, and tenths where the model has them.

    `tenths` are the probabilities, `(n, 10)`, of the tenth at which the last drum stands.
    """

    crossed: Any
    tenths: Floats | None


@dataclass(frozen=True, slots=True)
class Step:
    """One more token: log-probabilities `(n, k, tokens)`, attended columns `(n, k)`, and the past to go on.

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
