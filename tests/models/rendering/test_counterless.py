from collections.abc import Callable, Sequence

import numpy as np
import pytest

from models.rendering.counterless import counterless_strip, lettered_strip, turned_strip
from models.rendering.glyphs import Typeface, own_typefaces, segment_typefaces
from models.rendering.strips import STRIP_HEIGHT, STRIP_WIDTH, Strip


@pytest.mark.parametrize("draw", [counterless_strip, lettered_strip, turned_strip])
def test_what_holds_no_counter_is_read_as_nothing(draw: Callable[..., Strip]) -> None:
    rng = np.random.default_rng(3)
    strips = [draw(rng, own_typefaces()) for _ in range(12)]
    assert {strip.text for strip in strips} == {""}
    assert {strip.picture.shape for strip in strips} == {(STRIP_HEIGHT, STRIP_WIDTH, 3)}
    assert max(strip.picture.std() for strip in strips) > 5


@pytest.mark.parametrize("faces", [own_typefaces(), segment_typefaces()], ids=["drums", "displays"])
def test_drums_and_displays_are_turned(faces: Sequence[Typeface]) -> None:
    assert turned_strip(np.random.default_rng(4), faces).text == ""
