"""How well registers are found and read in labelled whole pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.evaluation import Label, Reading
from models.finder import Found, find_register
from models.picture import UnreadablePicture, open_picture
from models.recognizer import Recognition, Recognizer
from models.window import Window

FOUND_FROM = 0.5


@dataclass(frozen=True, slots=True)
class FoundReading:
    """One label with what was found; `overlap` with the label's box, none where it has no box."""

    reading: Reading
    overlap: float | None


def find_directory(
    directory: Path, recognizer: Recognizer, *, digits: int | None, labels: Iterable[Label]
) -> Iterator[FoundReading]:
    """Finds and reads the register in each labelled picture of a folder, without a hint."""
    for label in labels:
        found, reason = _found(directory / label.file, recognizer, digits)
        nothing = Recognition((), reason, recognizer.name, recognizer.version, 0.0)
        overlap = None if label.box is None else box_overlap(found.window, label.box) if found else 0.0
        yield FoundReading(Reading(label, found.recognition if found else nothing), overlap)


def _found(path: Path, recognizer: Recognizer, digits: int | None) -> tuple[Found | None, str]:
    try:
        picture = open_picture(path)
    except UnreadablePicture as error:
        return None, error.reason
    except OSError:
        return None, "empty"
    return find_register(picture, recognizer, digits=digits), "no_counter"


def box_overlap(window: Window, box: tuple[float, float, float, float]) -> float:
    """Intersection over union of the upright box about a window with a box `x0, y0, x1, y1`."""
    points = np.array(window.corners)
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    shared = max(0.0, min(x1, box[2]) - max(x0, box[0])) * max(0.0, min(y1, box[3]) - max(y0, box[1]))
    union = (x1 - x0) * (y1 - y0) + (box[2] - box[0]) * (box[3] - box[1]) - shared
    return shared / union if union > 0 else 0.0


def found_share(readings: Iterable[FoundReading]) -> float | None:
    """Of the pictures with a labelled box, the share in which the window overlaps with it by half or more."""
    known = [each.overlap for each in readings if each.overlap is not None]
    return sum(overlap >= FOUND_FROM for overlap in known) / len(known) if known else None
