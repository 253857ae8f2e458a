"""The shares of a mixture whose parts are known."""

import numpy as np
from numpy.typing import NDArray


def fitted_shares(
    masses: NDArray[np.float64], known: NDArray[np.float64], *, weight: float, rounds: int
) -> NDArray[np.float64]:
    """The shares that explain observations best (expectation-maximisation), drawn towards those known before.

    Args:
        masses: float64[N, P], the probability of each observation in each part.
        known: float64[P], adding up to 1.
        weight: what is known counts like so many observations.
        rounds: how often to go on from the shares found.
    """
    shares = known
    for _ in range(rounds):
        parts = masses * shares
        parts /= parts.sum(axis=1, keepdims=True)
        shares = parts.sum(axis=0) + weight * known
        shares = shares / shares.sum()
    return shares
