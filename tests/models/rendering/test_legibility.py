import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.rendering.glyphs import own_typefaces
from models.rendering.legibility import drum_marks, legibly_photographed, tells_drums
from models.rendering.strips import drawn_strip

_LEFT, _RIGHT = (4, 4, 36, 36), (44, 4, 76, 36)


def _drawing() -> NDArray[np.float32]:
    """Two drums side by side, an eight and a three."""
    picture = np.full((40, 80, 3), 40, np.uint8)
    for x, digit in ((10, "8"), (50, "3")):
        cv2.putText(picture, digit, (x, 31), cv2.FONT_HERSHEY_SIMPLEX, 1, (220, 220, 220), 2)
    return picture.astype(np.float32)


def _seen(drawn: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(drawn, 0, 255).astype(np.uint8)


def test_a_drawing_tells_its_drums() -> None:
    assert tells_drums(_drawing(), _seen(_drawing()), [_LEFT, _RIGHT])


def _hidden_by(what: str) -> NDArray[np.uint8]:
    """The drawing with something in front of its second drum."""
    seen = _seen(_drawing())
    if what == "glare":
        cv2.circle(seen, (60, 20), 15, (250, 250, 250), -1)
    elif what == "shade":
        seen[:, 40:] = 40
    else:
        seen[:, 40:] = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
    return seen


@pytest.mark.parametrize("what", ["glare", "shade", "noise"])
def test_a_hidden_drum_is_not_told(what: str) -> None:
    assert tells_drums(_drawing(), _hidden_by(what), [_LEFT])
    assert not tells_drums(_drawing(), _hidden_by(what), [_LEFT, _RIGHT])


def test_a_faded_drum_is_not_told() -> None:
    faded = _drawing()
    faded[:, 40:] = 40 + 0.02 * (faded[:, 40:] - 40)
    assert not tells_drums(faded, _seen(faded), [_LEFT, _RIGHT])


def test_a_drum_beyond_the_edge_is_not_told() -> None:
    assert not tells_drums(_drawing(), _seen(_drawing()), [_LEFT, (64, 4, 96, 36)])


def test_dimmer_light_is_as_like() -> None:
    likeness, detail = drum_marks(_drawing(), 0.5 * _drawing())
    assert likeness == pytest.approx(1, abs=1e-3)
    assert detail == pytest.approx(0.5 * float(_drawing().std()), rel=1e-3)


def test_what_cannot_be_told_is_no_photograph() -> None:
    blank = np.full((40, 80, 3), 120, np.float32)
    assert legibly_photographed(blank, np.random.default_rng(1)) is None


def test_harsh_light_hides_drums_that_fair_light_shows() -> None:
    """The same seeds, photographed either way, part wherever the first photograph hid a drum."""
    differing = sum(
        not np.array_equal(
            drawn_strip(np.random.default_rng(seed), own_typefaces(), "fair").picture,
            drawn_strip(np.random.default_rng(seed), own_typefaces(), "harsh").picture,
        )
        for seed in range(60)
    )
    assert 3 < differing < 50
