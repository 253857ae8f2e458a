from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rendering.drums import DrumShape, drum_positions, drum_texture, drum_view, label_of, tenth_of
from models.rendering.glyphs import own_typefaces

_POSITIONS = st.floats(0, 999_999, allow_nan=False)


@pytest.mark.parametrize(
    ("position", "digits", "standing"),
    [
        (0.0, 3, [0, 0, 0]),
        (12.25, 3, [0, 1, 2.25]),
        (19.5, 3, [0, 1.5, 9.5]),
        (199.5, 3, [1.5, 9.5, 9.5]),
        (189.5, 3, [1, 8.5, 9.5]),
        (999.75, 3, [9.75, 9.75, 9.75]),
        (1001.0, 3, [0, 0, 1]),
    ],
)
def test_drums_carry_with_the_last_step_of_their_neighbour(
    position: float, digits: int, standing: list[float]
) -> None:
    assert drum_positions(position, digits) == pytest.approx(standing)


@given(_POSITIONS, st.integers(6, 9))
def test_a_drum_moves_only_while_its_neighbour_leaves_nine(position: float, digits: int) -> None:
    standing = drum_positions(position, digits)
    for left, right in pairwise(standing):
        assert left % 1 == pytest.approx(max(0.0, right - 9), abs=1e-6)
        assert 0 <= left < 10


@given(_POSITIONS, st.integers(6, 9))
def test_what_is_drawn_and_what_is_labelled_are_one_reading(position: float, digits: int) -> None:
    text, half_step = label_of(position, digits)
    assert len(text) == digits
    standing = drum_positions(position, digits)
    drawn = sum(int(value) * 10 ** (digits - 1 - index) for index, value in enumerate(standing))
    shown = drawn + standing[-1] % 1
    away = min(abs(int(text) - shown), abs(int(text) + 10**digits - shown))
    assert away <= 0.5 + 1e-6
    assert half_step == (away >= 0.25) or away == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize(
    ("position", "label"),
    [
        (7.0, ("0007", False)),
        (7.24, ("0007", False)),
        (7.25, ("0007", True)),
        (7.49, ("0007", True)),
        (7.51, ("0008", True)),
        (7.74, ("0008", True)),
        (7.76, ("0008", False)),
        (9999.8, ("0000", False)),
        (9999.6, ("0000", True)),
    ],
)
def test_labels_name_the_nearest_number(position: float, label: tuple[str, bool]) -> None:
    assert label_of(position, 4) == label


@pytest.mark.parametrize("upwards", [True, False])
def test_a_drum_shows_the_digit_at_which_it_stands(upwards: bool) -> None:
    face = own_typefaces()[0]
    shape = DrumShape(pitch=40, width=30, digit_height=32, upwards=upwards)
    texture = drum_texture(face, shape)
    views = [drum_view(texture, shape, float(digit), 40) for digit in range(10)]
    for digit, view in enumerate(views):
        expected = texture[(digit if upwards else -digit % 10) * 40 :][:40].astype(np.float32) / 255
        assert np.abs(view - expected).max() < 0.02
    ten = drum_view(texture, shape, 10.0, 40)
    assert np.abs(ten - views[0]).max() < 0.02


@pytest.mark.parametrize(("position", "tenth"), [(12.0, 0), (12.09, 0), (12.3, 3), (999.75, 7), (0.999, 9)])
def test_the_tenth_is_how_far_the_last_drum_has_left_its_digit(position: float, tenth: int) -> None:
    assert tenth_of(position) == tenth
