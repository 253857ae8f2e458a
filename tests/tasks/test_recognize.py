from pathlib import Path

import numpy as np
import pytest

from models.recognizer import Candidate, Recognition
from tasks.recognize import candidate_rows, register_window
from tasks.settings import MeterSettings
from tasks.windows import window_of


def meter(**values: object) -> MeterSettings:
    return MeterSettings.model_validate({"camera": "cellar", "digits": 7, **values})


@pytest.mark.parametrize(
    ("text", "value"),
    [("0036109", 36109), ("036109", None), ("00361097", None), ("003610²", None), ("", None)],
)
def test_only_a_text_with_every_drum_has_a_value(text: str, value: int | None) -> None:
    seen = Recognition((Candidate(text, half_step=False, probability=0.5),), None, "reader", "1", 1.0)
    assert [row["value_units"] for row in candidate_rows("key", seen, 7)] == [value]


@pytest.mark.parametrize(
    ("values", "orientation"),
    [
        ({"window": (10, 10, 110, 30)}, "upright-0"),
        ({"window": (10, 10, 110, 30), "rotation": 180}, "upright-180"),
        ({"window": (110, 30, 10, 30, 10, 10, 110, 10)}, "upright-180"),
    ],
)
def test_a_window_is_a_box_or_four_corners(values: dict[str, object], orientation: str) -> None:
    window = window_of(meter(**values))
    assert window is not None
    assert window.orientation == orientation


def test_without_a_window_the_picture_is_the_window() -> None:
    assert window_of(meter()) is None


def test_a_file_that_cannot_be_decoded_has_no_window(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"no picture")
    assert register_window(path, meter()) is None
    assert register_window(tmp_path / "missing.jpg", meter()) is None


def test_a_window_outside_the_picture_is_no_window(tmp_path: Path) -> None:
    from models.rendering.meter import encode_jpeg

    path = tmp_path / "picture.jpg"
    path.write_bytes(encode_jpeg(np.zeros((48, 64, 3), np.uint8)))
    assert register_window(path, meter()) is not None
    assert register_window(path, meter(window=(0, 0, 640, 480))) is None
