import numpy as np
import pytest

from models.rendering.glyphs import Typeface, own_typefaces, segment_typefaces
from models.rendering.strips import (
    STRIP_HEIGHT,
    STRIP_WIDTH,
    display_cells,
    drawn_strip,
)


@pytest.mark.parametrize("faces", [own_typefaces(), segment_typefaces()], ids=["drums", "displays"])
def test_strips_are_of_one_size_and_repeatable(faces: tuple[Typeface, ...]) -> None:
    for seed in range(12):
        strip = drawn_strip(np.random.default_rng(seed), faces)
        again = drawn_strip(np.random.default_rng(seed), faces)
        assert strip.picture.shape == (STRIP_HEIGHT, STRIP_WIDTH, 3)
        assert np.array_equal(strip.picture, again.picture)
        assert strip.text == again.text
        assert 3 <= len(strip.text) <= 9
        assert (strip.tenth is None) == faces[0].is_lcd
        assert strip.text.isdigit()


def test_displays_have_no_half_steps() -> None:
    rng = np.random.default_rng(1)
    assert not any(drawn_strip(rng, segment_typefaces()).half_step for _ in range(25))


def test_a_space_is_an_unlit_place() -> None:
    face = segment_typefaces()[0]
    (blank, lit), _ = display_cells(np.random.default_rng(4), face, " 8")
    assert blank.shape == lit.shape
    assert blank.std() < 0.5 * lit.std()
