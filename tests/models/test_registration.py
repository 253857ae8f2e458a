import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.registration import packed, reference_of, register_window, unpacked
from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.window import Window

FACE = MeterFace(digits=7, decimals=1, seed=7)
WINDOW = Window(register_corners(FACE))
REFERENCE = reference_of(draw_frame(FACE, 1000.0, seed=1), WINDOW)
LATER = draw_frame(FACE, 98765.4, seed=2)


def moved(picture: NDArray[np.uint8], across: int, down: int) -> NDArray[np.uint8]:
    matrix = np.array([[1.0, 0, across], [0, 1.0, down]])
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.parametrize("light", [1.0, 0.6, 0.2, 0.08])
def test_turned_drums_and_other_light_leave_the_window_where_it_is(light: float) -> None:
    found = register_window(draw_frame(FACE, 98765.4, light=light, seed=3), REFERENCE)
    assert found.window is not None
    assert np.hypot(*found.shift) < 1.5


@settings(max_examples=12, deadline=None)
@given(st.integers(-30, 30), st.integers(-30, 30))
def test_a_nudge_is_followed_to_the_pixel(across: int, down: int) -> None:
    found = register_window(moved(LATER, across, down), REFERENCE)
    assert found.window is not None
    assert found.shift == pytest.approx((across, down), abs=1.5)
    assert np.array(found.window.corners) == pytest.approx(
        np.array(WINDOW.corners) + np.array([across, down]), abs=1.5
    )


def turned(degrees: float) -> NDArray[np.uint8]:
    matrix = cv2.getRotationMatrix2D((324, 243), degrees, 1)
    return np.asarray(cv2.warpAffine(LATER, matrix, (648, 486)), np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        moved(LATER, 150, 100),
        turned(9),
        turned(180),
        LATER[::-1],
        np.zeros_like(LATER),
        np.full_like(LATER, 128),
        np.random.default_rng(0).integers(0, 255, LATER.shape, np.uint8),
        draw_frame(MeterFace(digits=6, decimals=0, seed=2, mirror="none"), 77.0, seed=1),
        cv2.GaussianBlur(LATER, (0, 0), 25),
        LATER[:-1],
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
    ids=[
        *("far", "tilted", "upside down", "mirrored", "black", "grey", "noise"),
        *("another meter", "out of focus", "another size", "one pixel", "nothing"),
    ],
)
def test_whatever_else_it_sees_is_no_window(picture: NDArray[np.uint8]) -> None:
    assert register_window(picture, REFERENCE).window is None


def test_a_window_pushed_over_the_edge_is_no_window() -> None:
    close = moved(LATER, -144, 0)
    window = Window(tuple((x - 144, y) for x, y in WINDOW.corners))  # type: ignore[arg-type]  # four again
    reference = reference_of(close, window)
    assert register_window(close, reference).window is not None
    assert register_window(moved(close, -30, 0), reference).window is None


def test_surroundings_survive_being_kept() -> None:
    assert (unpacked(packed(REFERENCE.patch)) == REFERENCE.patch).all()
    for damaged in (b"", b"no picture", packed(REFERENCE.patch)[:20]):
        with pytest.raises(ValueError, match="no picture"):
            unpacked(damaged)
