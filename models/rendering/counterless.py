"""Random strips without a counter to read: empty windows, lettering, counters turned the wrong way."""

import string
from collections.abc import Sequence

import cv2
import numpy as np

from models.rendering.cutting import Box, crop
from models.rendering.degrade import Floats, chance, photographed
from models.rendering.glyphs import Typeface
from models.rendering.lettering import contrasting, lettering, stamp
from models.rendering.plate import Plate, surround
from models.rendering.strips import (
    STRIP_HEIGHT,
    STRIP_WIDTH,
    WINDOW_HEIGHT,
    Strip,
    colour,
    drawn_strip,
    random_look,
)

# The digits that look like none, on drums however turned; on displays turned half round (-1), upside down in
# a mirror (0) and left for right (1): a display's 2 is its 5 in a mirror, its 6 is its 9 turned half round.
_TELLING, TELLING_ON_DISPLAYS = "2457", {-1: "347", 0: "4679", 1: "34679"}
_ENOUGH_TELLING, _DISPLAYS_TURNED = 2, 0.5
# What plates print beside counters, never digits alone, for some counters look no different: `#` is a digit,
# `@` a letter.
_PRINTED = (
    "3x###/###V",
    "###/###V",
    "###/###",
    "3 x ###/### V",
    "x ###/### V",
    "3x#(##)A",
    "#(##) A  ## Hz",
    "No ########",
    "Nr. ## ### ###",
    "@@#### / ####",
    "@@-####-@",
    "IP## Cl.# ##Hz",
    "#.#.# T#",
    "EN #####-##",
    "### imp/kWh  Cl. #",
    "Qn #,# m3/h",
    "M##-@-####",
    "##-##-####",
    "@@#@#",
    "### rev/kWh",
    "##°C  Cl. #",
    "Model @@@###@",
    "Serial number",
    "Compteur d'eau",
    "Công ty TNHH MTV",
)


def turned_strip(rng: np.random.Generator, faces: Sequence[Typeface]) -> Strip:
    """A counter upside down or in a mirror, which is to be read as nothing.

    Its digits tell: only counters with several that look like none when turned are taken.
    """
    is_display = chance(rng, _DISPLAYS_TURNED)
    suited = [face for face in faces if face.is_lcd == is_display] or list(faces)
    face = suited[int(rng.integers(len(suited)))]
    flip = int(rng.integers(-1, 2))
    telling = TELLING_ON_DISPLAYS[flip] if face.is_lcd else _TELLING
    while True:
        strip = drawn_strip(rng, [face])
        if sum(digit in telling for digit in strip.text) >= _ENOUGH_TELLING:
            break
    return Strip(np.ascontiguousarray(cv2.flip(strip.picture, flip), np.uint8), "", half_step=False)


def lettered_strip(rng: np.random.Generator, faces: Sequence[Typeface]) -> Strip:
    """Ratings, serial numbers and words of a plate, cut out as a counter would be, read as empty."""
    drums = [face for face in faces if not face.is_lcd]
    face = drums[int(rng.integers(len(drums)))]
    canvas, box = _label(rng, face) if chance(rng, 0.4) else _page(rng, face)
    worst_blur = 2.0 if chance(rng, 0.4) else 1.1
    cut = crop(rng, canvas, box, (STRIP_WIDTH, STRIP_HEIGHT))
    seen = photographed(cut.picture, rng, worst_blur=worst_blur)
    if chance(rng, 0.3):
        seen = np.ascontiguousarray(cv2.flip(seen, int(rng.integers(-1, 2))), np.uint8)
    return Strip(seen, "", half_step=False)


def _label(rng: np.random.Generator, face: Typeface) -> tuple[Floats, Box]:
    """Print in a window of its own, with everything about it that stands about counters."""
    look = random_look(rng)
    size = rng.uniform(0.45, 0.95) * WINDOW_HEIGHT
    text = lettering(face.font, _printed(rng), size)
    room = int(rng.uniform(2, 40))
    cell = np.full((WINDOW_HEIGHT, text.shape[1] + 2 * room, 3), look.ground, np.float32)
    stamp(cell, text, (room, int((WINDOW_HEIGHT - size) * rng.uniform(0.2, 0.8))), look.ink)
    return surround(rng, [cell], Plate(look.ground, look.ink, 0, is_display=False), face.font)


def _page(rng: np.random.Generator, face: Typeface) -> tuple[Floats, Box]:
    """Print among other print: lines above and below, words before and after, the rules of a table."""
    ground = colour(rng, rng.uniform(130, 245) if chance(rng, 0.7) else rng.uniform(10, 130))
    ink = contrasting(rng, ground)
    size = rng.uniform(0.55, 1) * WINDOW_HEIGHT
    text = lettering(face.font, _printed(rng), size)
    left, top = 3 * WINDOW_HEIGHT, 2 * WINDOW_HEIGHT
    right, bottom = left + text.shape[1], top + WINDOW_HEIGHT
    canvas = np.full((bottom + top, right + left, 3), ground, np.float32)
    line, leading = top + int((WINDOW_HEIGHT - size) / 2), int(size * rng.uniform(1.2, 2.4))
    stamp(canvas, text, (left, line), ink)
    for at in (line - leading, line, line + leading):
        before, after = (lettering(face.font, _printed(rng), size) for _ in range(2))
        apart = int(size * rng.uniform(0.5, 3))
        ends_at = (left if at == line else right) - apart
        stamp(canvas, before, (ends_at - before.shape[1], at), ink)
        stamp(canvas, after, (right + apart, at), ink)
    if chance(rng, 0.4):
        away, thickness = int(rng.uniform(4, 30)), int(rng.integers(1, 5))
        corners = (left - away, top - away), (right + away, bottom + away)
        cv2.rectangle(canvas, *corners, ink.tolist(), thickness)
    return canvas, Box(left, top, right, bottom, right, (), 0)


def _printed(rng: np.random.Generator) -> str:
    """A line of print."""
    made = {"#": string.digits, "@": string.ascii_uppercase}
    pattern = _PRINTED[int(rng.integers(len(_PRINTED)))]
    return "".join(str(rng.choice(list(made[each]))) if each in made else each for each in pattern)


def counterless_strip(rng: np.random.Generator, faces: Sequence[Typeface]) -> Strip:
    """A picture without a readable counter: lettering, empty windows, shapes or nothing, read as empty."""
    face = faces[int(rng.integers(len(faces)))]
    look = random_look(rng)
    blank = int(rng.integers(1, 5))
    width = int(rng.uniform(30, 90))
    cells = [np.full((WINDOW_HEIGHT, width, 3), look.ground, np.float32) for _ in range(blank)]
    plate = Plate(look.ground, look.ink, 0, is_display=bool(chance(rng, 0.3)))
    canvas, box = surround(rng, cells, plate, face.font)
    if chance(rng, 0.4):
        canvas[:] = look.ground
    for _ in range(int(rng.integers(0, 6))):
        a, b = rng.uniform(0, 1, (2, 2)) * (canvas.shape[1], canvas.shape[0])
        ink = colour(rng, rng.uniform(0, 255)).tolist()
        if chance(rng, 0.5):
            cv2.line(
                canvas,
                a.astype(int).tolist(),
                b.astype(int).tolist(),
                ink,
                int(rng.integers(1, 9)),
                cv2.LINE_AA,
            )
        else:
            cv2.circle(
                canvas, a.astype(int).tolist(), int(rng.integers(3, 40)), ink, int(rng.choice([-1, 2, 5]))
            )
    cut = crop(rng, canvas, box, (STRIP_WIDTH, STRIP_HEIGHT))
    return Strip(photographed(cut.picture, rng, worst_blur=2.0), "", half_step=False)
