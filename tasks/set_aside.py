"""What is said of pictures that are kept but can't be read: how many, why, and what to do."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.reports.formatting import REASONS

log = logging.getLogger(__name__)
# More of one reason are one line: an hour's bad picture matters, a folder's hundreds say the same.
FEW = 3
WHOLE = "If the original is whole, copy it anew."
REMEDIES = {
    "no_time": "A time comes from the file's name (20261122_040130.jpg, with Z at its end for UTC), from "
    "EXIF, or from a CSV with the columns file and timestamp: "
    "smartmeter import FOLDER --meter NAME --labels {labels}",
    "from_the_future": "Either the camera's clock is ahead or this server's is behind: compare them "
    "(`timedatectl`) and set the wrong one. If it was the server's, they are read once newer ones have come; "
    "if names bear another zone's time, import with --timezone.",
    "empty": WHOLE,
    "truncated": WHOLE,
    "not_a_picture": "JPEG, PNG, BMP, WebP, GIF and TIFF are read; an import with --pattern '*.jpg' leaves "
    "other files out.",
    "too_large": "50 megapixels are read at most: let the camera take smaller pictures.",
    "too_small": "Let the camera take larger pictures.",
}


@dataclass(frozen=True, slots=True)
class SetAside:
    """A picture that can't be read.

    Attributes:
        name: What the person who has it calls it: its file, or its key in the store.
        reason: One of those in `docs/glossary.md`.
    """

    name: str
    reason: str


def tell(pictures: Sequence[SetAside], labels: Path | None = None) -> None:
    """Warn of pictures that can't be read: of a few each by its name, of more how many, with one name.

    Args:
        pictures: All those of a step, or of a whole import.
        labels: A CSV with times that lies ready, to be named in the remedy.
    """
    for reason in dict.fromkeys(each.reason for each in pictures):
        names = [each.name for each in pictures if each.reason == reason]
        why = REASONS.get(reason, reason)
        remedy = REMEDIES.get(reason, "").format(labels=labels or "CSV")
        level = logging.WARNING if len(names) <= FEW else logging.DEBUG
        *others, last = names
        for name in others:
            log.log(level, "%s is kept but can't be read: %s (%s).", name, why, reason)
        log.log(level, "%s is kept but can't be read: %s (%s). %s", last, why, reason, remedy)
        if len(names) > FEW:
            log.warning(
                "%d files are kept but can't be read (%s), like %s: %s. %s",
                len(names), reason, names[0], why, remedy,
            )  # fmt: skip
