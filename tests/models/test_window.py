import re
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.window import Mirror, Rotation, Window, cut_window, window_from_box

_MIRRORS, _ROTATIONS = get_args(Mirror), get_args(Rotation)


def _as_seen(picture: NDArray[np.uint8], mirror: Mirror, rotation: Rotation) -> NDArray[np.uint8]:
    """A picture mirrored, then turned clockwise, by numpy."""
    mirrored = {"none": picture, "horizontal": picture[:, ::-1], "vertical": picture[::-1]}[mirror]
    return np.ascontiguousarray(np.rot90(mirrored, -(rotation // 90)))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(_MIRRORS),
    st.sampled_from(_ROTATIONS),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.integers(3, 40), st.integers(3, 20)),
    st.integers(0, 2**32 - 1),
)
def test_a_window_undoes_mirror_and_rotation(
    mirror: Mirror, rotation: Rotation, place: tuple[int, int], size: tuple[int, int], seed: int
) -> None:
    counter = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    seen = _as_seen(counter, mirror, rotation)
    height, width = seen.shape[:2]
    picture = np.zeros((height + 15, width + 15, 3), np.uint8)
    picture[place[1] : place[1] + height, place[0] : place[0] + width] = seen
    box = (place[0], place[1], place[0] + width, place[1] + height)
    assert np.array_equal(cut_window(picture, window_from_box(box, mirror, rotation)), counter)


def test_without_a_window_the_picture_is_the_counter() -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    assert cut_window(picture, None) is picture


@pytest.mark.parametrize(
    ("mirror", "rotation", "orientation"),
    [
        ("none", 0, "upright-0"),
        ("none", 90, "upright-90"),
        ("none", 180, "upright-180"),
        ("vertical", 0, "mirrored-0"),
        ("horizontal", 0, "mirrored-180"),
        ("vertical", 180, "mirrored-180"),
        ("horizontal", 90, "mirrored-270"),
    ],
)
def test_orientation_has_one_name(mirror: Mirror, rotation: Rotation, orientation: str) -> None:
    assert window_from_box((10, 20, 110, 50), mirror, rotation).orientation == orientation


@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        (((-1, 0), (50, 0), (50, 20), (0, 20)), "outside of the picture of 60 x 40 pixels"),
        (((0, 0), (61, 0), (61, 20), (0, 20)), "outside of the picture"),
        (((0, 0), (50, 20), (50, 0), (0, 20)), "cross or span no area"),
        (((0, 0), (0, 0), (0, 0), (0, 0)), "cross or span no area"),
    ],
)
def test_impossible_windows_are_refused(corners: tuple[tuple[float, float], ...], sentence: str) -> None:
    window = Window((corners[0], corners[1], corners[2], corners[3]))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        cut_window(np.zeros((40, 60, 3), np.uint8), window)


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (10, 10, 20, 10), (20, 10, 10, 30)])
def test_a_box_without_area_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="has no area"):
        window_from_box(box)
