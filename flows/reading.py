"""What `smartmeter read` and `smartmeter evaluate` print."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from flows.commands.common import out
from flows.progress import in_batches
from models.evaluation import marks, read_directory, read_labels
from models.finder import find_register, read_window
from models.finding.evaluation import find_directory, found_share
from models.recognizer import Recognition, Recognizer, load_recognizer
from models.views import is_dark
from models.window import Window, window_from_box
from tasks.settings import Settings, SettingsError
from tasks.windows import opened, window_of


def print_readings(
    pictures: Sequence[Path],
    settings: Settings | None,
    meter: str | None,
    digits: int | None,
    model: str,
    *,
    whole: bool,
    as_json: bool,
) -> bool:
    """Read each picture and print a line for it; False when one could not be read."""
    recognizer = load_recognizer(model)
    lines = [_read_line(path, recognizer, settings, meter, digits, whole=whole) for path in pictures]
    for line in lines:
        if as_json:
            sys.stdout.write(json.dumps(line) + "\n")
        else:
            _print_line(line)
    return all(line["reading"] is not None for line in lines)


def _read_line(
    path: Path,
    recognizer: Recognizer,
    settings: Settings | None,
    meter: str | None,
    digits: int | None,
    *,
    whole: bool,
) -> dict[str, Any]:
    """What stands in one picture: in the whole of it, in the meter's window, or wherever it is found."""
    chosen = settings.meters[meter] if settings and meter else None
    picture, reason = opened(path)
    if picture is None:
        return _line(path, None, reason=reason)
    digits = digits or (chosen.digits if chosen else None)
    decimals = chosen.decimals if chosen else None
    given = window_of(chosen) if chosen else None
    if not whole and given is None and (chosen is None or chosen.window == "auto"):
        found = find_register(picture, recognizer, digits=digits)
        if found is None:
            return _line(path, None, reason="dark" if is_dark(picture) else "no_counter")
        return _line(path, found.recognition, decimals=decimals, window=found.window)
    try:
        recognition = read_window(picture, given, recognizer, digits=digits)
    except ValueError as error:
        return _line(path, None, reason=str(error))
    height, width = picture.shape[:2]
    return _line(path, recognition, decimals=decimals, window=given or window_from_box((0, 0, width, height)))


def _line(
    path: Path,
    recognition: Recognition | None,
    *,
    reason: str | None = None,
    decimals: int | None = None,
    window: Window | None = None,
) -> dict[str, Any]:
    best = recognition.best if recognition else None
    return {
        "picture": str(path),
        "reading": best.text if best else None,
        "half_step": best.half_step if best else None,
        "decimals": decimals,
        "confidence": round(best.probability, 4) if best else 0.0,
        "candidates": [dataclasses.asdict(each) for each in recognition.candidates] if recognition else [],
        "window": [list(corner) for corner in window.corners] if window else None,
        "orientation": window.orientation if window else None,
        "reason": recognition.reason if recognition else reason,
        "milliseconds": round(recognition.milliseconds, 1) if recognition else None,
    }


def _print_line(line: dict[str, Any]) -> None:
    shown = line["reading"] or "-"
    note = f"confidence {line['confidence']:.2f}" if line["reading"] else f"not read: {line['reason']}"
    half = " (last drum between two digits)" if line["half_step"] else ""
    out.print(f"{Path(line['picture']).name}: {shown}{half}  {note}", highlight=False, soft_wrap=True)


def print_evaluation(
    directory: Path,
    model: str,
    *,
    window: bool,
    boxes: bool,
    prefix: bool,
    digits: int | None,
    only: str | None,
    as_json: bool,
) -> None:
    """Print how often the reader is right on labelled pictures.

    Raises:
        SettingsError: No label is of the meter `only`.
    """
    labels = [each for each in read_labels(directory) if only in {None, each.meter}]
    if not labels:
        raise SettingsError(f"{directory / 'labels.csv'} has no row of the meter {only!r}.")
    recognizer = load_recognizer(model)
    found = None
    if window or boxes:
        readings = [
            reading
            for batch in in_batches(labels, 32, "Reading pictures")
            for reading in read_directory(directory, recognizer, window=window, digits=digits, labels=batch)
        ]
    else:
        sought = [
            each
            for batch in in_batches(labels, 1, "Finding registers")
            for each in find_directory(directory, recognizer, digits=digits, labels=batch)
        ]
        readings, found = [each.reading for each in sought], found_share(sought)
    facts = dataclasses.asdict(marks(readings, prefix=prefix)) | {"found": found}
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        shares = (
            {f"{name}_{share:.0%}": exact for share, exact in value.items()} if name == "exact_at" else {}
        )
        for each, mark in (shares or {name: value}).items():
            table.add_row(each.replace("_", " "), f"{mark:.3f}" if isinstance(mark, float) else str(mark))
    out.print(table)
