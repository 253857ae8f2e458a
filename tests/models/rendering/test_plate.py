import numpy as np
from numpy.typing import NDArray

from models.rendering.plate import Plate, surround

_CELL = np.full((48, 30, 3), 250, np.float32)


def _last_drum(seed: int, *, decimals: int, is_display: bool) -> NDArray[np.float32]:
    dark = np.full(3, 20, np.float32)
    plate = Plate(dark, dark, decimals=decimals, is_display=is_display)
    canvas, box = surround(np.random.default_rng(seed), [_CELL] * 3, plate, None)
    left = box.lefts[-1]
    return canvas[box.top : box.bottom, left : left + box.drum_width]


def _show_a_wheel(*, decimals: int, is_display: bool) -> list[bool]:
    """Of 40 counters, whose last drum is dark on its right and as printed on its left."""
    drums = [_last_drum(seed, decimals=decimals, is_display=is_display) for seed in range(40)]
    return [bool(drum[6:-6, -2].min() < 240 and drum[6:-6, 4:15].min() > 240) for drum in drums]


def test_some_last_drums_show_the_wheel_beside_them() -> None:
    assert 4 <= sum(_show_a_wheel(decimals=1, is_display=False)) <= 25


def test_displays_and_whole_numbers_show_none() -> None:
    assert not any(_show_a_wheel(decimals=1, is_display=True))
    assert not any(_show_a_wheel(decimals=0, is_display=False))
