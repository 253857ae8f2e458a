"""Marks that evaluation and training share."""

import numpy as np
from numpy.typing import NDArray

BINS = 10


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The expected calibration error (Naeini et al., 2015): how far probabilities are off, on average.

    Args:
        probabilities: Of the best candidates, `(n,)`.
        right: Whether each was right, `(n,)`.
    """
    return sum(
        abs(float(said) - float(was)) * share for said, was, share in reliability(probabilities, right)
    )


def reliability(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_]
) -> list[tuple[float, float, float]]:
    """For ten bins of probability, where any fell in: mean probability, share right, share of all."""
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    groups = [bins == each for each in range(BINS) if (bins == each).any()]
    return [
        (float(probabilities[each].mean()), float(right[each].mean()), float(each.mean())) for each in groups
    ]
