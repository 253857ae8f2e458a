"""What `smartmeter read` and `smartmeter evaluate` print."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.progress import in_batches
from models.evaluation import marks, read_directory, read_labels
from models.picture import UnreadablePicture, open_picture
from models.recognizer import Recognition, Recognizer, load_recognizer
from models.window import cut_window
from tasks.settings import Settings, SettingsError
from tasks.windows import window_of

out = Console()


def print_readings(
    pictures: Sequence[Path],
    settings: Settings | None,
    meter: str | None,
    digits: int | None,
    model: str,
    *,
    as_json: bool,
) -> bool:
    """Read each picture and print a line for it; False when one could not be read."""
    recognizer = load_recognizer(model)
    lines = [_read_line(path, recognizer, settings, meter, digits) for path in pictures]
    for line in lines:
        if as_json:
            sys.stdout.write(json.dumps(line) + "\n")
        else:
            _print_line(line)
    return all(line["reading"] is not None for line in lines)


def _read_line(
    path: Path, recognizer: Recognizer, settings: Settings | None, meter: str | None, digits: int | None
) -> dict[str, Any]:
    chosen = settings.meters[meter] if settings and meter else None
    window = window_of(chosen) if chosen else None
    try:
        cut = cut_window(open_picture(path), window)
    except UnreadablePicture as error:
        return _line(path, None, reason=error.reason)
    except (OSError, ValueError) as error:
        return _line(path, None, reason=str(error))
    recognition = recognizer.read([cut], digits=digits or (chosen.digits if chosen else None))[0]
    height, width = cut.shape[:2]
    whole = ((0, 0), (width, 0), (width, height), (0, height))
    return _line(
        path,
        recognition,
        decimals=chosen.decimals if chosen else None,
        window=[list(corner) for corner in (window.corners if window else whole)],
        orientation=window.orientation if window else "upright-0",
    )


def _line(
    path: Path, recognition: Recognition | None, reason: str | None = None, **where: object
) -> dict[str, Any]:
    best = recognition.best if recognition else None
    return {
        "picture": str(path),
        "reading": best.text if best else None,
        "half_step": best.half_step if best else None,
        "decimals": where.get("decimals"),
        "confidence": round(best.probability, 4) if best else 0.0,
        "candidates": [dataclasses.asdict(each) for each in recognition.candidates] if recognition else [],
        "window": where.get("window"),
        "orientation": where.get("orientation"),
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
    prefix: bool,
    digits: int | None,
    only: str | None,
    as_json: bool,
) -> None:
    """Print how often the reader is right on labelled pictures."""
    labels = [each for each in read_labels(directory) if only in {None, each.meter}]
    if not labels:
        raise SettingsError(f"{directory / 'labels.csv'} has no row of the meter {only!r}.")
    recognizer = load_recognizer(model)
    readings = [
        reading
        for batch in in_batches(labels, 32, "Reading pictures")
        for reading in read_directory(directory, recognizer, window=window, digits=digits, labels=batch)
    ]
    facts = dataclasses.asdict(marks(readings, prefix=prefix))
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value))
    out.print(table)
