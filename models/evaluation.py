"""How well a reader reads labelled pictures: exact match at coverage, per drum, and among the candidates."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import UnusableLabels
from models.marks import calibration_error
from models.picture import UnreadablePicture, open_picture
from models.recognizer import Recognition, Recognizer
from models.window import Window, cut_window, window_from_box

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.5)
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Label:
    """One row of a `labels.csv`: what a picture shows, `?` for a drum that nobody can tell."""

    file: str
    reading: str
    reading_alt: str
    state: str
    box: tuple[float, float, float, float] | None
    meter: str

    @property
    def is_complete(self) -> bool:
        """Whether every drum is known."""
        return self.state == "ok" and self.reading.isdigit()

    @property
    def is_partial(self) -> bool:
        """Whether some drums are known and some are not."""
        return self.state == "ok" and "?" in self.reading and any(map(str.isdigit, self.reading))


@dataclass(frozen=True, slots=True)
class Reading:
    """One label with what the reader said of its picture."""

    label: Label
    recognition: Recognition


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A reader's marks on a folder of labelled pictures; shares are from 0 to 1, of the complete labels.

    `exact_at` maps a coverage to the exact share among those pictures which the reader is surest of; a
    refused picture counts as wrong. `exact_or_half_step` counts as right, too, the number on the other side
    where the reader says that the last drum stands between two digits. `refused_unreadable` is the share of
    unreadable pictures refused. The calibration error is the expected one, over ten bins of the best
    candidates' probabilities.
    """

    pictures: int
    complete: int
    exact_at: dict[float, float]
    exact_or_half_step: float
    per_drum: float
    in_top_5: float
    calibration_error: float
    partial: int
    partial_right: float
    unreadable: int
    refused_unreadable: float
    milliseconds: float
    reader: str
    reader_version: str


def read_labels(directory: Path) -> list[Label]:
    """The rows of `labels.csv`; missing columns count as empty.

    Raises:
        FileNotFoundError: When the folder has no `labels.csv`.
        UnusableLabels: When it has no columns `file` and `reading`, no rows, a box that is not four numbers,
            or another encoding than UTF-8.
    """
    path = directory / "labels.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"file", "reading"} <= set(rows.fieldnames or ()):
                raise UnusableLabels(
                    f"{path} has no columns `file` and `reading`. Write them as its first line, with commas."
                )
            labels = [_label(row) for row in rows]
    except UnicodeDecodeError as error:
        raise UnusableLabels(f"{path} is not written in UTF-8. Save it anew with that encoding.") from error
    if not labels:
        raise UnusableLabels(f"{path} has no rows. Write one for each picture: its file, and its reading.")
    return labels


def _label(row: dict[str, str | None]) -> Label:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    try:
        numbers = [float(number) for number in cell("bbox").split()]
    except ValueError:
        numbers = [0.0]
    if len(numbers) not in {0, 4}:
        raise UnusableLabels(f"The box {cell('bbox')!r} of {cell('file')} is not `x0 y0 x1 y1`.")
    box = (numbers[0], numbers[1], numbers[2], numbers[3]) if numbers else None
    return Label(
        cell("file"), cell("reading"), cell("reading_alt"), cell("state") or "ok", box, cell("meter")
    )


def read_directory(
    directory: Path,
    recognizer: Recognizer,
    *,
    window: bool,
    digits: int | None = None,
    labels: Iterable[Label] | None = None,
) -> list[Reading]:
    """Runs a reader over a folder's labelled pictures.

    Args:
        directory: Folder with `labels.csv` and the pictures that it names.
        recognizer: The reader.
        window: Whether each picture already is the counter; else the label's box is the window, or the whole
            picture where it has none.
        digits: How many drums each counter has, where that is known.
        labels: Only these rows; all when None.
    """
    chosen = list(read_labels(directory) if labels is None else labels)
    readings: list[Reading] = []
    for first in range(0, len(chosen), _BATCH):
        batch = chosen[first : first + _BATCH]
        windows = [_window_of(directory, label, whole=window) for label in batch]
        recognitions = recognizer.read(windows, digits=digits)
        readings += [Reading(label, found) for label, found in zip(batch, recognitions, strict=True)]
    return readings


def _window_of(directory: Path, label: Label, *, whole: bool) -> NDArray[np.uint8]:
    """The counter's pixels; a picture that cannot be read is shown to the reader as black."""
    try:
        picture = open_picture(directory / label.file)
    except (UnreadablePicture, OSError):
        return np.zeros((32, 160, 3), np.uint8)
    if whole or label.box is None:
        return picture
    return cut_window(picture, _inside(label.box, picture))


def _inside(box: tuple[float, float, float, float], picture: NDArray[np.uint8]) -> Window:
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box
    return window_from_box((max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)))


def is_right(label: Label, text: str, *, prefix: bool) -> bool:
    """Whether a text is what the label or its alternative says; `prefix` compares the label's drums only."""
    answers = [answer for answer in (label.reading, label.reading_alt) if answer]
    return any(_agrees(answer, text[: len(answer)] if prefix else text) for answer in answers)


def best_is_right(reading: Reading, *, prefix: bool) -> bool:
    """Whether a picture's most probable candidate is right, see `is_right`."""
    best = reading.recognition.best
    return best is not None and is_right(reading.label, best.text, prefix=prefix)


def _agrees(answer: str, text: str) -> bool:
    return len(answer) == len(text) and all(a in {"?", t} for a, t in zip(answer, text, strict=True))


def marks(readings: Sequence[Reading], *, prefix: bool = False) -> Evaluation:
    """The marks for readings already made; see `evaluate` for `prefix`."""
    complete = [reading for reading in readings if reading.label.is_complete]
    partial = [reading for reading in readings if reading.label.is_partial]
    dark = [reading for reading in readings if reading.label.state == "unreadable"]
    ranked = sorted(complete, key=_confidence, reverse=True)
    right = [best_is_right(reading, prefix=prefix) for reading in ranked]
    top_5 = [
        any(is_right(r.label, c.text, prefix=prefix) for c in r.recognition.candidates[:5]) for r in complete
    ]
    drums = [_drums_right(reading, prefix=prefix) for reading in complete]
    first = readings[0].recognition if readings else None
    return Evaluation(
        pictures=len(readings),
        complete=len(complete),
        exact_at={share: _mean(right[: ceil(share * len(right))]) for share in COVERAGES},
        exact_or_half_step=_mean(
            [best_is_right(each, prefix=prefix) or _is_half_a_step_off(each) for each in complete]
        ),
        per_drum=_mean(drums),
        in_top_5=_mean(top_5),
        calibration_error=calibration_error(np.array(list(map(_confidence, ranked))), np.array(right, bool)),
        partial=len(partial),
        partial_right=_mean([best_is_right(reading, prefix=prefix) for reading in partial]),
        unreadable=len(dark),
        refused_unreadable=_mean([not reading.recognition.candidates for reading in dark]),
        milliseconds=_mean([reading.recognition.milliseconds for reading in readings]),
        reader=first.reader if first else "",
        reader_version=first.reader_version if first else "",
    )


def evaluate(
    directory: Path, recognizer: Recognizer, *, window: bool, digits: int | None = None, prefix: bool = False
) -> Evaluation:
    """The marks of a reader on a folder with `labels.csv`.

    Args:
        directory: Folder with `labels.csv` and the pictures that it names.
        recognizer: The reader.
        window: Whether each picture already is the counter.
        digits: How many drums each counter has, where that is known.
        prefix: Whether labels may leave out drums at the right, so that only the label's own are compared.
    """
    return marks(read_directory(directory, recognizer, window=window, digits=digits), prefix=prefix)


def _confidence(reading: Reading) -> float:
    best = reading.recognition.best
    return best.probability if best else 0.0


def are_neighbours(text: str, answer: str) -> bool:
    """Whether two readings of as many digits are one step of the last drum apart."""
    steps = 10 ** len(answer)
    return len(text) == len(answer) and (int(text) - int(answer)) % steps in {1, steps - 1}


def _is_half_a_step_off(reading: Reading) -> bool:
    """Whether the last drum is said to stand between the label's digit and the next or the one before."""
    best = reading.recognition.best
    return best is not None and best.half_step and are_neighbours(best.text, reading.label.reading)


def _drums_right(reading: Reading, *, prefix: bool) -> float:
    """The share of drums read right; none when the number of drums is wrong."""
    best, answer = reading.recognition.best, reading.label.reading
    if best is None:
        return 0.0
    text = best.text[: len(answer)] if prefix else best.text
    if len(text) != len(answer):
        return 0.0
    return _mean([a == t for a, t in zip(answer, text, strict=True)])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
