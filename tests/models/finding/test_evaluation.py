from pathlib import Path

import pytest

from models.evaluation import read_labels
from models.finding.evaluation import box_overlap, find_directory, found_share
from models.recognizer import load_recognizer
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from models.window import window_from_box


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((10, 10, 110, 30), 1.0),
        ((10, 10, 110, 20), 0.5),
        ((60, 10, 160, 30), 1 / 3),
        ((110, 30, 200, 60), 0.0),
        ((300, 300, 400, 320), 0.0),
    ],
)
def test_overlap_with_a_box(box: tuple[float, float, float, float], share: float) -> None:
    for mirror, rotation in (("none", 0), ("vertical", 180)):
        window = window_from_box((10, 10, 110, 30), mirror, rotation)  # type: ignore[arg-type]  # a table's words
        assert box_overlap(window, box) == pytest.approx(share)


def test_a_folder_of_whole_frames_is_found_and_read(tmp_path: Path) -> None:
    face = MeterFace(digits=7, decimals=1, seed=7)
    (tmp_path / "frame.jpg").write_bytes(encode_jpeg(draw_frame(face, 361097.0, seed=1)))
    (tmp_path / "page.jpg").write_text("<html></html>")
    xs, ys = zip(*register_corners(face), strict=True)
    (tmp_path / "labels.csv").write_text(
        "file,reading,bbox,state\n"
        f"frame.jpg,0361097,{min(xs)} {min(ys)} {max(xs)} {max(ys)},ok\n"
        "page.jpg,,0 0 10 10,unreadable\nmissing.jpg,1,,ok\n"
    )
    labels = read_labels(tmp_path)
    seen = list(find_directory(tmp_path, load_recognizer(), digits=None, labels=labels))
    best = seen[0].reading.recognition.best
    assert best is not None
    assert best.text == "0361097"
    assert [each.reading.recognition.reason for each in seen[1:]] == ["not_a_picture", "empty"]
    assert [each.overlap is None for each in seen] == [False, False, True]
    assert found_share(seen) == 0.5
    assert found_share(seen[2:]) is None
