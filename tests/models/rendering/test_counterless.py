from collections.abc import Callable

import cv2
import numpy as np
import pytest

from models.rendering.counterless import (
    TELLING_ON_DISPLAYS,
    counterless_strip,
    lettered_strip,
    turned_strip,
)
from models.rendering.glyphs import own_typefaces, segment_typefaces
from models.rendering.strips import STRIP_HEIGHT, STRIP_WIDTH, Strip


@pytest.mark.parametrize("draw", [counterless_strip, lettered_strip, turned_strip])
def test_what_holds_no_counter_is_read_as_nothing(draw: Callable[..., Strip]) -> None:
    rng = np.random.default_rng(3)
    strips = [draw(rng, own_typefaces()) for _ in range(12)]
    assert {strip.text for strip in strips} == {""}
    assert {strip.picture.shape for strip in strips} == {(STRIP_HEIGHT, STRIP_WIDTH, 3)}
    assert max(strip.picture.std() for strip in strips) > 5


@pytest.mark.parametrize("flip", [-1, 0, 1])
def test_digits_tell_a_turned_display_where_they_look_like_none(flip: int) -> None:
    digits = [np.asarray(cv2.resize(digit, (40, 64)), float) for digit in segment_typefaces()[0].digits]
    turned = [np.asarray(cv2.flip(digit, flip), float) for digit in digits]
    likest = [max(np.corrcoef(each.ravel(), digit.ravel())[0, 1] for digit in digits) for each in turned]
    telling = {str(digit) for digit, likeness in enumerate(likest) if likeness < 0.9}
    # A 1 stands at the other side of its place, which nobody sees in a strip.
    assert telling - {"1"} == set(TELLING_ON_DISPLAYS[flip])


def test_turned_displays_need_no_drums() -> None:
    assert turned_strip(np.random.default_rng(4), segment_typefaces()).text == ""
