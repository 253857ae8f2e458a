from pathlib import Path

import numpy as np
import pytest

from models.rendering.glyphs import Typeface, font_typefaces, own_typefaces, segment_typefaces, word


@pytest.mark.parametrize("faces", [own_typefaces(), segment_typefaces()], ids=["strokes", "segments"])
def test_every_face_has_ten_different_digits(faces: tuple[Typeface, ...]) -> None:
    for face in faces:
        assert len(face.digits) == 10
        assert len({digit.tobytes() for digit in face.digits}) == 10
        assert all(digit.max() > 200 for digit in face.digits)
        assert len({digit.shape[0] for digit in face.digits}) == 1


def test_a_nine_is_a_six_upside_down() -> None:
    six, nine = own_typefaces()[0].digits[6], own_typefaces()[0].digits[9]
    assert np.abs(six[::-1, ::-1].astype(int) - nine).mean() < 12


def test_a_folder_without_fonts_gives_no_faces(tmp_path: Path) -> None:
    assert font_typefaces(tmp_path) == ()


def test_the_built_in_face_prints_no_empty_box_for_a_raised_three() -> None:
    assert np.array_equal(word(None, "m³"), word(None, "m3"))
