import numpy as np
import pytest

from models.marks import calibration_error, reliability


@pytest.mark.parametrize(
    ("probabilities", "right", "error"),
    [
        ([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0], 0.0),
        ([1.0, 1.0], [0, 0], 1.0),
        ([0.95, 0.15], [1, 0], 0.1),
        ([], [], 0.0),
    ],
)
def test_the_error_is_how_far_probabilities_are_off(
    probabilities: list[float], right: list[int], error: float
) -> None:
    assert calibration_error(np.array(probabilities), np.array(right, bool)) == pytest.approx(error)


def test_bins_hold_all_there_is() -> None:
    found = reliability(np.array([0.05, 0.95, 1.0]), np.array([False, True, True]))
    assert np.array(found) == pytest.approx(np.array([[0.05, 0.0, 1 / 3], [0.975, 1.0, 2 / 3]]))
