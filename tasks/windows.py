"""Where each camera sees its register: found once, kept in the home folder, compared with every picture."""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.finder import Found, consensus, find_register, read_window, wider_cut
from models.picture import UnreadablePicture, open_picture
from models.recognizer import Recognition, Recognizer
from models.registration import Reference, packed, reference_of, register_window, unpacked
from models.views import is_dark
from models.window import Corner, Window, cut_window, window_from_box
from tasks.settings import BOX_NUMBERS, MeterSettings, Settings

log = logging.getLogger(__name__)
_ENOUGH_TO_FIND, _MOST_TO_LOOK_AT = 3, 12
_SURE = 0.3
_SURE_AFTER_A_MOVE = 0.4


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture's register window cut out, or the reason why there is none.

    `wider` is the cut with room beside it, where the picture shows more than the window.
    """

    window: Window | None
    cut: NDArray[np.uint8] | None
    reason: str | None
    wider: NDArray[np.uint8] | None = None


def window_of(meter: MeterSettings) -> Window | None:
    """The window that the settings give; None when they say `auto`, or that pictures are cut already."""
    if meter.window is None or meter.window == "auto":
        return None
    if len(meter.window) == BOX_NUMBERS:
        x0, y0, x1, y1 = meter.window
        return window_from_box((x0, y0, x1, y1), meter.mirror, meter.rotation)
    x, y = meter.window[0::2], meter.window[1::2]
    return Window(((x[0], y[0]), (x[1], y[1]), (x[2], y[2]), (x[3], y[3])))


def reference_file(settings: Settings, register_id: str) -> Path:
    """The file that keeps where a register's window is and what surrounds it."""
    return settings.home / "windows" / f"{register_id.replace('/', '_').replace(':', '_')}.json"


def kept_reference(settings: Settings, register_id: str) -> Reference | None:
    """The reference found earlier; None when there is none, or the settings' window or camera has changed."""
    try:
        kept = json.loads(reference_file(settings, register_id).read_text(encoding="utf-8"))
        face = settings.face(register_id)
        if kept["settings"] != _fingerprint(face) or kept.get("camera", face.camera) != face.camera:
            return None
        corners: list[Corner] = [(float(x), float(y)) for x, y in kept["window"]]
        x0, y0, x1, y1 = (int(value) for value in kept["box"])
        width, height = (int(value) for value in kept["picture_size"])
        return Reference(
            Window((corners[0], corners[1], corners[2], corners[3])),
            (width, height),
            (x0, y0, x1, y1),
            unpacked(base64.b64decode(kept["surroundings_png"])),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, IndexError, OSError) as error:
        name = reference_file(settings, register_id).name
        log.warning("%s can't be used (%s); the window is found anew", name, error)
        return None


def keep_reference(settings: Settings, register_id: str, reference: Reference) -> None:
    """Writes the reference, whole or not at all."""
    path = reference_file(settings, register_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        "window": reference.window.corners,
        "orientation": reference.window.orientation,
        "picture_size": reference.picture_size,
        "box": reference.box,
        "settings": _fingerprint(settings.face(register_id)),
        "camera": settings.face(register_id).camera,
        "surroundings_png": base64.b64encode(packed(reference.patch)).decode("ascii"),
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _fingerprint(meter: MeterSettings) -> list[Any]:
    window = list(meter.window) if isinstance(meter.window, tuple) else meter.window
    return [window, meter.mirror, meter.rotation]


def windows_of(
    settings: Settings, register_id: str, keys: Sequence[str], recognizer: Recognizer
) -> dict[str, Seen]:
    """The register window of each archived picture.

    A meter without `window` has pictures that are cut already. Else each picture is compared with the
    reference, which the first usable pictures give: a picture that no longer shows the meter where it was has
    no window, and the reason `moved`.
    """
    chosen = settings.face(register_id)
    seen: dict[str, Seen] = {}
    reference = kept_reference(settings, register_id) if chosen.window is not None else None
    if chosen.window is not None and reference is None:
        reference = _first_reference(settings, register_id, keys, recognizer)
    for key in keys:
        picture, reason = opened(settings.archive / key)
        if picture is None:
            log.warning("%s: %s", key, reason)
            seen[key] = Seen(None, None, "unreadable_picture")
        elif chosen.window is None:
            seen[key] = Seen(None, picture, None)
        else:
            seen[key] = _seen(picture, reference, chosen, recognizer)
    return seen


def read_seen(recognizer: Recognizer, seen: Mapping[str, Seen], digits: int) -> dict[str, Recognition]:
    """What stands in the windows, by picture; those of which there is no cut are left out."""
    cuts = {key: each.cut for key, each in seen.items() if each.cut is not None}
    wider = [seen[key].wider for key in cuts]
    return dict(zip(cuts, recognizer.read(list(cuts.values()), digits=digits, recut=wider), strict=True))


def opened(path: Path) -> tuple[NDArray[np.uint8] | None, str | None]:
    """A picture's pixels, or why there are none."""
    try:
        return open_picture(path), None
    except UnreadablePicture as error:
        return None, error.reason
    except OSError as error:
        return None, error.strerror or str(error)


def _first_reference(
    settings: Settings, register_id: str, keys: Sequence[str], recognizer: Recognizer
) -> Reference | None:
    """The reference from the first usable pictures, and kept from now on; None when none is usable."""
    chosen = settings.face(register_id)
    pictures = (opened(settings.archive / key)[0] for key in keys[:_MOST_TO_LOOK_AT])
    given = window_of(chosen)
    usable: list[tuple[NDArray[np.uint8], Found]] = []
    for picture in pictures:
        found = None if picture is None else _judged(picture, given, chosen, recognizer)
        if picture is not None and found is not None and found.confidence >= _SURE:
            usable.append((picture, found))
        if len(usable) == _ENOUGH_TO_FIND:
            break
    agreed = consensus([found for _, found in usable])
    if agreed is None:
        return None
    picture = next(picture for picture, found in usable if found is agreed)
    reference = reference_of(picture, agreed.window)
    keep_reference(settings, register_id, reference)
    log.info("%s: the register window is kept from now on, %s", register_id, agreed.window.orientation)
    return reference


def _judged(
    picture: NDArray[np.uint8], given: Window | None, meter: MeterSettings, recognizer: Recognizer
) -> Found | None:
    """The window found in a picture, or the given one, and what it says."""
    if given is None:
        return find_register(picture, recognizer, digits=meter.digits)
    try:
        recognition = read_window(picture, given, recognizer, digits=meter.digits)
    except ValueError:
        return None
    best = recognition.best
    return Found(given, best.probability if best else 0.0, recognition, recognition.reason)


def _seen(
    picture: NDArray[np.uint8], reference: Reference | None, meter: MeterSettings, recognizer: Recognizer
) -> Seen:
    """The window where the reference says it is, or, for `auto`, where it is found after a move."""
    given = window_of(meter)
    if reference is None and given is not None:
        return _cut_out(picture, given)
    if reference is not None:
        registered = register_window(picture, reference)
        if registered.window is not None:
            return _cut_out(picture, registered.window)
        if given is not None:
            return Seen(None, None, "dark" if is_dark(picture) else "moved")
    # A camera that is nudged stays as it hangs.
    hanging = reference.window.orientation if reference is not None else None
    found = find_register(picture, recognizer, digits=meter.digits, orientation=hanging)
    if found is None or found.confidence < _SURE_AFTER_A_MOVE:
        return Seen(None, None, _why_unseen(picture, found, reference))
    return _cut_out(picture, found.window)


def _why_unseen(picture: NDArray[np.uint8], found: Found | None, reference: Reference | None) -> str:
    if is_dark(picture):
        return "dark"
    if reference is not None:
        return "moved"
    return found.reason if found is not None and found.reason is not None else "no_counter"


def _cut_out(picture: NDArray[np.uint8], window: Window) -> Seen:
    try:
        return Seen(window, cut_window(picture, window), None, wider_cut(picture, window))
    except ValueError as error:
        log.warning("%s", error)
        return Seen(window, None, "unreadable_picture")
