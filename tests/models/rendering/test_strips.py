import numpy as np
import pytest

from models.rendering.glyphs import Typeface, own_typefaces, segment_typefaces
from models.rendering.strips import (
    STRIP_HEIGHT,
    STRIP_WIDTH,
    display_cells,
    drawn_strip,
    edge_strengths,
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


def test_some_displays_rule_a_line_above_and_below_their_digits() -> None:
    face = segment_typefaces()[0]
    unlit = [display_cells(np.random.default_rng(seed), face, " ")[0][0].mean((1, 2)) for seed in range(60)]
    ruled = [
        rows
        for rows in unlit
        if abs(rows[:11].min() - rows[24]) > 40 or abs(rows[-11:].min() - rows[24]) > 40
    ]
    assert 6 <= len(ruled) <= 40
    assert all(np.ptp(rows[16:32]) < 40 for rows in ruled)


def test_some_displays_pale_towards_an_edge_as_when_seen_aslant() -> None:
    face = segment_typefaces()[0]
    contrasts = []
    for seed in range(60):
        cells, glass = display_cells(np.random.default_rng(seed), face, "88888888")
        ink = np.abs(np.stack(cells) - glass).mean(3).max(2)
        lit = ink[:, 6:-6][:, (ink[:, 6:-6] > 3).all(0)]
        contrasts.append(lit.max() / lit.min())
    assert 15 <= sum(contrast > 1.6 for contrast in contrasts) <= 36


def test_in_some_displays_a_digit_alone_is_bleached() -> None:
    alone = []
    for seed in range(200):
        strengths = edge_strengths(np.random.default_rng(seed), 40, 8)
        pale = [bool(strength.min() < 0.8) for strength in strengths]
        alone.append(any(pale[k] and not pale[k - 1] and not pale[k + 1] for k in range(1, 7)))
    assert 20 <= sum(alone) <= 80
