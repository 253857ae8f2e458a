import numpy as np
import pytest

from models.rendering.fittings import FITTINGS, fit


@pytest.mark.parametrize("kind", FITTINGS)
@pytest.mark.parametrize(
    "box", [(40.0, 30.0, 160.0, 60.0), (80.0, 10.0, 120.0, 90.0), (50.0, 50.0, 56.0, 53.0)]
)
def test_a_fitting_fills_its_box_and_little_else(kind: str, box: tuple[float, float, float, float]) -> None:
    canvas = np.full((100, 200, 3), 128, np.float32)
    fit(np.random.default_rng(0), canvas, kind, box, np.zeros(3, np.float32))
    changed = (canvas != 128).any(2)
    x0, y0, x1, y1 = (int(value) for value in box)
    assert changed[y0 : y1 + 1, x0 : x1 + 1].any()
    changed[y0 - 4 : y1 + 5, x0 - 4 : x1 + 5] = False
    assert changed.sum() < 40


@pytest.mark.parametrize("kind", FITTINGS)
def test_what_reaches_beyond_the_picture_is_cut_off(kind: str) -> None:
    canvas = np.full((40, 60, 3), 128, np.float32)
    fit(np.random.default_rng(1), canvas, kind, (-20.0, -10.0, 90.0, 55.0), np.zeros(3, np.float32))
    assert canvas.shape == (40, 60, 3)
    assert np.isfinite(canvas).all()
