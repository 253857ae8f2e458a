import numpy as np
from numpy.typing import NDArray

from models.rendering.cutting import Box, crop

_COUNTS = 400


def _margins(unit_right: int) -> NDArray[np.float64]:
    """What cuts leave left and right of a row of drums, in shares of its width; rows are cuts."""
    box = Box(200, 70, 440, 118, unit_right, tuple(range(200, 440, 40)), 40)
    found = []
    for seed in range(_COUNTS):
        drums = crop(np.random.default_rng(seed), np.zeros((188, 640, 3), np.float32), box, (192, 40)).drums
        left, right = drums[0][0], drums[-1][2]
        found.append((left / (right - left), (192 - right) / (right - left)))
    return np.array(found)


def test_some_cuts_leave_as_much_beside_both_ends_as_the_finder_does() -> None:
    wide = (_margins(440) > 0.12).all(1).mean()
    assert 0.08 < wide < 0.3


def test_most_cuts_are_close_on_one_side_and_hardly_any_loses_a_drum() -> None:
    margins = _margins(440)
    assert (margins.min(1) < 0.1).mean() > 0.5
    assert (margins < -0.1).mean() < 0.02


def test_a_unit_is_mostly_cut_along_with_the_drums() -> None:
    assert (_margins(520)[:, 1] > 0.1).mean() > 0.6
