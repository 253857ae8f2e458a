import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.views import TRIMS, as_input, is_covered, is_dark, is_sharp, narrowed, trimmed
from models.window import Window, cut_window


def _register(light: float = 1.0) -> NDArray[np.uint8]:
    face = MeterFace()
    return cut_window(draw_frame(face, 4_711.0, light=light, seed=0), Window(register_corners(face)))


@pytest.mark.parametrize(("light", "dark"), [(1.0, False), (0.3, False), (0.1, False), (0.0, True)])
def test_only_a_picture_without_light_is_dark(light: float, dark: bool) -> None:
    assert is_dark(_register(light)) == dark


@pytest.mark.parametrize(("spread", "sharp"), [(0.0, True), (1.0, True), (12.0, False)])
def test_a_badly_blurred_window_is_not_sharp(spread: float, sharp: bool) -> None:
    window = _register()
    seen = np.asarray(cv2.GaussianBlur(window, (0, 0), spread), np.uint8) if spread else window
    assert is_sharp(seen) == sharp


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (300, 4), (900, 4000)])
def test_windows_of_any_size_become_inputs(size: tuple[int, int]) -> None:
    views = as_input(trimmed(np.full((*size, 3), 255, np.uint8)))
    assert views.shape == (len(TRIMS), 3, 32, 160)
    assert float(views.min()) == float(views.max()) == 1.0


@pytest.mark.parametrize(
    ("places", "columns"),
    [
        ([0.3, 0.4, 0.5], (20, 60)),
        ([0.05, 0.2, 0.35], (0, 50)),
        ([0.6, 0.75, 0.9], (45, 100)),
        ([0.1, 0.5, 0.9], (0, 100)),
        ([0.5, 0.5, 0.5], (0, 100)),
        ([0.5, 0.4, 0.3], (0, 100)),
        ([0.5, 0.6], (0, 100)),
        ([], (0, 100)),
    ],
)
def test_what_lies_beside_the_drums_is_left_out(places: list[float], columns: tuple[int, int]) -> None:
    window = np.broadcast_to(np.arange(100, dtype=np.uint8)[None, :, None], (10, 100, 3))
    kept = narrowed(window, places)[0, :, 0]
    assert abs(int(kept[0]) - columns[0]) <= 1
    assert abs(int(kept[-1]) + 1 - columns[1]) <= 1


@pytest.mark.parametrize(
    ("columns", "covered"), [((0, 0), False), ((0, 20), False), ((20, 80), True), ((55, 100), True)]
)
def test_something_flat_across_a_third_of_the_window_covers_it(
    columns: tuple[int, int], covered: bool
) -> None:
    window = _register().copy()
    left, right = (share * window.shape[1] // 100 for share in columns)
    window[:, left:right] = 190
    assert is_covered(window) == covered
