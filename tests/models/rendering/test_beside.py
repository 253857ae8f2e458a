import numpy as np
import pytest
from numpy.typing import NDArray

from models.rendering.beside import stand_beside
from models.rendering.cutting import Box

_GROUND, _SEEDS = 60.0, range(60)


def _changed(seed: int, *, is_display: bool, unit_room: int = 0) -> NDArray[np.bool_]:
    """Which columns left of, within and right of a row of drums have something new."""
    canvas = np.full((188, 500, 3), _GROUND, np.float32)
    box = Box(150, 70, 350, 118, 350 + unit_room, (150, 190, 230, 270, 310), 40)
    ink = np.zeros(3, np.float32)
    stand_beside(np.random.default_rng(seed), canvas, box, ink, None, is_display=is_display)
    columns = (canvas != _GROUND).any((0, 2))
    return np.array([columns[:148].any(), columns[152:348].any(), columns[352:].any()])


@pytest.mark.parametrize("is_display", [False, True])
def test_something_stands_at_one_end_or_the_other_and_not_among_the_drums(is_display: bool) -> None:
    seen = np.array([_changed(seed, is_display=is_display) for seed in _SEEDS])
    left, within, right = seen.mean(0)
    assert 0.15 < left < 0.6
    assert 0.15 < right < 0.6
    assert within == 0


@pytest.mark.parametrize("is_display", [False, True])
def test_the_unit_stands_alone(is_display: bool) -> None:
    assert not any(_changed(seed, is_display=is_display, unit_room=60)[2] for seed in _SEEDS)


def test_what_reaches_beyond_the_canvas_is_cut_off() -> None:
    for seed in _SEEDS:
        canvas = np.full((60, 120, 3), _GROUND, np.float32)
        box = Box(6, 6, 114, 54, 114, (6, 60), 54)
        rng = np.random.default_rng(seed)
        stand_beside(rng, canvas, box, np.zeros(3, np.float32), None, is_display=False)
        assert np.isfinite(canvas).all()
        assert canvas.min() >= 0
        assert canvas.max() <= 255
