"""What `smartmeter find-window` prints, draws and writes."""

import json
import os
import shutil
import sys
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import tomlkit
from numpy.typing import NDArray

from flows.commands.common import out
from flows.progress import in_batches
from models.finder import Found, consensus, find_register
from models.preview import draw_window
from models.recognizer import load_recognizer
from models.window import Window
from tasks.settings import FILE_NAME, Settings, SettingsError
from tasks.windows import opened


def print_window(
    pictures: Sequence[Path], *, digits: int | None, model: str, preview: Path, as_json: bool
) -> Window | None:
    """Find the register window that the pictures agree on, print it and draw it; None when there is none."""
    recognizer = load_recognizer(model)
    seen: list[tuple[Path, NDArray[np.uint8], Found]] = []
    for batch in in_batches(list(pictures), 1, "Looking for the register"):
        picture, reason = opened(batch[0])
        found = None if picture is None else find_register(picture, recognizer, digits=digits)
        if picture is not None and found is not None:
            seen.append((batch[0], picture, found))
        _print_found(batch[0], found, reason, as_json=as_json)
    chosen = consensus([found for _, _, found in seen])
    if chosen is None:
        return None
    picture = next(picture for _, picture, found in seen if found is chosen)
    preview.write_bytes(draw_window(picture, chosen.window))
    if not as_json:
        out.print(f"window = {toml_corners(chosen.window)}", highlight=False, soft_wrap=True)
        out.print(f"Drawn in {preview}: green around the register, red at its top left.", soft_wrap=True)
    return chosen.window


def _print_found(path: Path, found: Found | None, reason: str | None, *, as_json: bool) -> None:
    best = found.recognition.best if found else None
    if as_json:
        line = {
            "picture": str(path),
            "window": [list(corner) for corner in found.window.corners] if found else None,
            "orientation": found.window.orientation if found else None,
            "reading": best.text if best else None,
            "confidence": round(found.confidence, 4) if found else 0.0,
            "reason": found.reason if found else reason or "no_counter",
        }
        sys.stdout.write(json.dumps(line) + "\n")
    elif found is None:
        out.print(f"{path.name}: no register found ({reason or 'no_counter'})", highlight=False)
    else:
        shown = best.text if best else f"not read ({found.reason})"
        note = f"{found.window.orientation}, confidence {found.confidence:.2f}"
        out.print(f"{path.name}: {shown}  {note}", highlight=False, soft_wrap=True)


def toml_corners(window: Window) -> list[float]:
    """The eight numbers of the settings' `window`."""
    return [round(value, 1) for corner in window.corners for value in corner]


def write_window(settings: Settings, meter: str, window: Window) -> Path:
    """Put the window into the meter's table of the settings; comments, order and the file's mode stay.

    Raises:
        SettingsError: The file has no table of that meter.
    """
    path = (settings.home / FILE_NAME).resolve()
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    table = document.get("meters", {}).get(meter)
    if not isinstance(table, MutableMapping):
        raise SettingsError(f"{path} has no table [meters.{meter}] to write the window into: add it.")
    table["window"] = toml_corners(window)
    # Four corners in reading order say how the register is turned; these two would turn it again.
    for word in ("mirror", "rotation"):
        table.pop(word, None)
    part = path.with_suffix(".part")
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    shutil.copymode(path, part)
    with suppress(PermissionError):  # the group that a service reads it by; anybody else's own file stays so
        os.chown(part, path.stat().st_uid, path.stat().st_gid)
    part.replace(path)
    return path
