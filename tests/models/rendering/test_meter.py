import numpy as np
import pytest

from models.picture import decode_picture
from models.rendering.meter import MeterFace, Mirror, draw_frame, encode_jpeg, register_corners
from models.window import Window, cut_window


@pytest.mark.parametrize("mirror", ["none", "horizontal", "vertical"])
@pytest.mark.parametrize("size", [(648, 486), (320, 240)])
def test_the_register_window_is_the_same_in_every_mirror(mirror: Mirror, size: tuple[int, int]) -> None:
    plain = MeterFace(seed=3, mirror="none", width=size[0], height=size[1])
    seen = MeterFace(seed=3, mirror=mirror, width=size[0], height=size[1])
    windows = [
        cut_window(draw_frame(face, 361_097.5, seed=5), Window(register_corners(face)))
        for face in (plain, seen)
    ]
    assert windows[0].shape == windows[1].shape
    assert np.abs(windows[0].astype(int) - windows[1]).mean() < 6


def test_frames_are_the_same_for_the_same_seed_and_differ_else() -> None:
    face = MeterFace()
    frame = draw_frame(face, 12.0, seed=1)
    assert np.array_equal(frame, draw_frame(face, 12.0, seed=1))
    assert not np.array_equal(frame, draw_frame(face, 12.0, seed=2))


@pytest.mark.parametrize(("light", "brightest"), [(0.0, 30), (0.3, 120)])
def test_less_light_makes_darker_frames(light: float, brightest: int) -> None:
    assert draw_frame(MeterFace(), 5.0, light=light, seed=0).max() < brightest


@pytest.mark.parametrize(("digits", "decimals"), [(5, 0), (6, 1), (7, 3), (9, 2)])
def test_every_register_fits_into_the_frame(digits: int, decimals: int) -> None:
    face = MeterFace(digits=digits, decimals=decimals, seed=digits)
    frame = draw_frame(face, 10**digits - 0.5, seed=0)
    window = cut_window(frame, Window(register_corners(face)))
    assert window.shape[1] > 3 * window.shape[0]


def test_a_turning_last_drum_changes_only_the_register_and_the_disc() -> None:
    face = MeterFace(mirror="none")
    change = np.abs(draw_frame(face, 100.0, seed=0).astype(int) - draw_frame(face, 100.4, seed=0)).max(axis=2)
    rows = np.flatnonzero((change > 40).any(axis=1))
    assert rows.min() > 130
    assert rows.max() < 330


def test_jpeg_keeps_the_frame() -> None:
    frame = draw_frame(MeterFace(), 77.0, seed=0)
    assert np.abs(decode_picture(encode_jpeg(frame)).astype(int) - frame).mean() < 4
