from pathlib import Path

import cv2
import pytest

from models.errors import UnusableLabels
from models.evaluation import Label, Reading, evaluate, is_right, marks, read_labels
from models.recognizer import Candidate, Recognition, load_recognizer
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners


def _label(reading: str, alternative: str = "", state: str = "ok") -> Label:
    return Label("a.jpg", reading, alternative, state, None, "m")


def _recognition(*answers: tuple[str, float]) -> Recognition:
    candidates = tuple(Candidate(text, half_step=False, probability=share) for text, share in answers)
    return Recognition(candidates, None if candidates else "dark", "r", "v", 2.0)


@pytest.mark.parametrize(
    ("reading", "alternative", "text", "prefix", "right"),
    [
        ("0123", "", "0123", False, True),
        ("0123", "", "123", False, False),
        ("0123", "0124", "0124", False, True),
        ("012?", "", "0127", False, True),
        ("012?", "", "0137", False, False),
        ("0123", "", "01239", False, False),
        ("0123", "", "01239", True, True),
        ("0123", "", "012", True, False),
    ],
)
def test_right_is_what_the_label_or_its_alternative_says(
    reading: str, alternative: str, text: str, prefix: bool, right: bool
) -> None:
    assert is_right(_label(reading, alternative), text, prefix=prefix) == right


def test_marks_rank_by_confidence_and_count_refusals_as_wrong() -> None:
    readings = [
        Reading(_label("1111"), _recognition(("1111", 0.9), ("1112", 0.05))),
        Reading(_label("2222"), _recognition(("2223", 0.3), ("2222", 0.2))),
        Reading(_label("3333"), _recognition()),
        Reading(_label("444?"), _recognition(("4449", 0.8))),
        Reading(_label("", state="unreadable"), _recognition()),
        Reading(_label("", state="unreadable"), _recognition(("5", 0.1))),
    ]
    found = marks(readings)
    assert (found.pictures, found.complete, found.partial, found.unreadable) == (6, 3, 1, 2)
    assert found.exact_at[1.0] == pytest.approx(1 / 3)
    assert found.exact_at[0.5] == pytest.approx(1 / 2)
    assert found.in_top_5 == pytest.approx(2 / 3)
    assert found.per_drum == pytest.approx((1 + 0.75 + 0) / 3)
    assert (found.partial_right, found.refused_unreadable) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("answer", "text", "half_step", "counts"),
    [
        ("0123", "0123", False, True),
        ("0124", "0123", True, True),
        ("0122", "0123", True, True),
        ("0124", "0123", False, False),
        ("0125", "0123", True, False),
        ("0000", "9999", True, True),
        ("123", "0123", True, False),
    ],
)
def test_a_drum_between_two_digits_may_be_either(
    answer: str, text: str, half_step: bool, counts: bool
) -> None:
    seen = Recognition((Candidate(text, half_step, 0.9),), None, "r", "v", 2.0)
    assert marks([Reading(_label(answer), seen)]).exact_or_half_step == counts


def test_no_pictures_are_no_error() -> None:
    assert marks([]).pictures == 0


def _folder_of_frames(folder: Path) -> None:
    """A camera's frames with boxes, one of them missing and one broken."""
    face = MeterFace(mirror="none", seed=1)
    xs, ys = zip(*register_corners(face), strict=True)
    box = f"{min(xs):.0f} {min(ys):.0f} {max(xs):.0f} {max(ys):.0f}"
    rows = ["file,reading,state,bbox"]
    for index, number in enumerate((1_000_000, 2_345_678, 361_097)):
        (folder / f"{index}.jpg").write_bytes(encode_jpeg(draw_frame(face, number, seed=index)))
        rows.append(f"{index}.jpg,{number:07d},ok,{box}")
    (folder / "broken.jpg").write_bytes(b"no picture")
    rows += [f"broken.jpg,1234567,ok,{box}", "missing.jpg,1234567,ok,"]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_a_folder_of_frames_is_read_by_its_boxes(tmp_path: Path) -> None:
    _folder_of_frames(tmp_path)
    found = evaluate(tmp_path, load_recognizer(), window=False, digits=7)
    assert (found.pictures, found.complete) == (5, 5)
    assert found.exact_at[1.0] == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,value\na,b\n", "no columns `file` and `reading`"),
        ("file;reading\na.jpg;12\n", "with commas"),
        ("", "no columns `file` and `reading`"),
        ("file,reading\n", "has no rows"),
        ("file,reading\nZähler.jpg,12\n", "not written in UTF-8"),
        ("file,reading,bbox\na.jpg,12,1 2 3\n", "is not `x0 y0"),
        ("file,reading,bbox\na.jpg,12,a b c d\n", "is not `x0 y0"),
    ],
)
def test_labels_that_make_no_sense_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "labels.csv").write_text(text, encoding="latin-1")
    with pytest.raises(UnusableLabels, match=sentence):
        read_labels(tmp_path)


def test_real_strips_of_unseen_meters_are_read(real_data: Path) -> None:
    labels = [label for label in read_labels(real_data / "strips") if label.is_complete][::8]
    pictures = [cv2.imread(str(real_data / "strips" / label.file), cv2.IMREAD_COLOR_RGB) for label in labels]
    assert all(picture is not None for picture in pictures)
    found = load_recognizer().read([picture for picture in pictures if picture is not None])  # type: ignore[misc]  # OpenCV's stubs are wider
    readings = [Reading(label, recognition) for label, recognition in zip(labels, found, strict=True)]
    assert marks(readings).exact_at[1.0] >= 0.55
