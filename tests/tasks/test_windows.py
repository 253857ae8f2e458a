import json
from pathlib import Path

import numpy as np
import pytest

from models.recognizer import load_recognizer
from models.registration import reference_of
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from models.window import Window
from tasks.settings import MeterSettings, Settings
from tasks.windows import (
    keep_reference,
    kept_reference,
    opened,
    read_seen,
    reference_file,
    window_of,
    windows_of,
)

FACE = MeterFace(digits=7, decimals=1, seed=7)
CORNERS = tuple(number for corner in register_corners(FACE) for number in corner)


def meter(**values: object) -> MeterSettings:
    return MeterSettings.model_validate({"camera": "cellar", "digits": 7, **values})


def installation(home: Path, **values: object) -> Settings:
    return Settings(home=home, meters={"home": meter(**values)})


def archived(home: Path, **pictures: bytes) -> list[str]:
    (home / "archive").mkdir()
    for name, data in pictures.items():
        (home / "archive" / name).write_bytes(data)
    return list(pictures)


def photograph(position: float, seed: int, light: float = 1.0, shift: int = 0) -> bytes:
    return encode_jpeg(np.roll(draw_frame(FACE, position, light=light, seed=seed), shift, axis=0))


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


@pytest.mark.parametrize("values", [{}, {"window": "auto"}])
def test_a_window_that_nobody_gave_is_none(values: dict[str, object]) -> None:
    assert window_of(meter(**values)) is None


@pytest.mark.parametrize("window", ["anywhere", (1, 2, 3), ()])
def test_a_window_is_nothing_else(window: object) -> None:
    with pytest.raises(ValueError, match="window"):
        meter(window=window)


def test_without_a_window_the_picture_is_the_window(home: Path) -> None:
    keys = archived(home, one=photograph(36109, 1), bad=b"no picture")
    seen = windows_of(installation(home), "home/1-0:1.8.0", [*keys, "missing"], load_recognizer())
    assert seen["one"].cut is not None
    assert seen["one"].cut.shape == (486, 648, 3)
    assert seen["one"].wider is None
    assert [seen[key].reason for key in ("one", "bad", "missing")] == [
        None,
        "unreadable_picture",
        "unreadable_picture",
    ]
    assert not reference_file(installation(home), "home/1-0:1.8.0").exists()


@pytest.mark.parametrize("window", [CORNERS, "auto"], ids=["given", "auto"])
def test_a_window_is_kept_and_followed_and_lost_when_the_camera_moves(home: Path, window: object) -> None:
    settings = installation(home, window=window)
    keys = archived(
        home,
        dark=photograph(361097, 0, light=0.0),
        first=photograph(361097, 1),
        second=photograph(361103, 2, light=0.7),
        nudged=photograph(361108, 3, shift=9),
    )
    seen = windows_of(settings, "home/1-0:1.8.0", keys, load_recognizer())
    assert [seen[key].reason for key in keys] == ["dark", None, None, None]
    assert kept_reference(settings, "home/1-0:1.8.0") is not None
    first, nudged = seen["first"].window, seen["nudged"].window
    assert first is not None
    assert nudged is not None
    cut, wider = seen["first"].cut, seen["first"].wider
    assert cut is not None
    assert wider is not None
    assert wider.shape[1] == pytest.approx(1.16 * cut.shape[1], abs=2)
    best = read_seen(load_recognizer(), seen, 7)["first"].best
    assert best is not None
    assert best.text == "0361097"
    shift = np.array(nudged.corners) - np.array(first.corners)
    assert shift == pytest.approx(np.tile([0, 9], (4, 1)), abs=1.5)
    (home / "archive" / "moved").write_bytes(photograph(361110, 4, shift=130))
    (home / "archive" / "elsewhere").write_bytes(
        encode_jpeg(np.full((486, 648, 3), 120, np.uint8) + np.eye(486, 648, dtype=np.uint8)[..., None] * 99)
    )
    later = windows_of(settings, "home/1-0:1.8.0", ["moved", "elsewhere"], load_recognizer())
    assert later["elsewhere"].reason == "moved"
    assert later["elsewhere"].cut is None
    if window != "auto":
        assert later["moved"].reason == "moved"


def test_a_window_outside_of_the_picture_is_no_window(home: Path) -> None:
    keys = archived(home, one=photograph(36109, 1))
    seen = windows_of(installation(home, window=(0, 0, 900, 900)), "home/1-0:1.8.0", keys, load_recognizer())
    assert seen["one"].cut is None
    assert seen["one"].reason == "unreadable_picture"


def test_a_changed_setting_and_a_damaged_file_are_no_reference(home: Path) -> None:
    settings = installation(home, window="auto")
    assert kept_reference(settings, "home/1-0:1.8.0") is None
    reference = reference_of(draw_frame(FACE, 1.0, seed=1), Window(register_corners(FACE)))
    keep_reference(settings, "home/1-0:1.8.0", reference)
    kept = kept_reference(settings, "home/1-0:1.8.0")
    assert kept is not None
    assert kept.window == reference.window
    assert (kept.patch == reference.patch).all()
    assert kept_reference(installation(home, window=(1, 2, 30, 40)), "home/1-0:1.8.0") is None
    assert kept_reference(installation(home, window="auto", camera="attic"), "home/1-0:1.8.0") is None
    path = reference_file(settings, "home/1-0:1.8.0")
    whole = path.read_text()
    for damaged in ("", "{}", whole[: len(whole) // 2], json.dumps(json.loads(whole) | {"window": [1, 2]})):
        path.write_text(damaged)
        assert kept_reference(settings, "home/1-0:1.8.0") is None


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html></html>")
    assert opened(tmp_path / "page.jpg") == (None, "not_a_picture")
    assert opened(tmp_path / "missing.jpg")[0] is None
