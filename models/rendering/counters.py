"""One counter on its band or behind its glass, with the truth of where drums and band stand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from models.rendering.degrade import Floats, chance
from models.rendering.drums import label_of
from models.rendering.fittings import Box
from models.rendering.glyphs import Typeface
from models.rendering.inscriptions import Font
from models.rendering.lettering import contrasting, lettering, stamp
from models.rendering.strips import display_cells, drawn_cells, random_digits, random_look, random_position

_UNITS = ("kWh", "kWh", "kWh", "KWH", "m³", "m3", "MWh", "kW.h")
_SCALES = ("10000", "1000", "100", "10", "1", "1/10")
_DECIMALS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Drums:
    """The drums or digits of a counter, each alike in size, the colours about them, and what they show.

    `text` is None where nobody knows what a reader should say.
    """

    cells: Sequence[Floats]
    ground: Floats
    ink: Floats
    decimals: int
    is_display: bool
    text: str | None = None


CellSource: TypeAlias = Callable[[np.random.Generator], Drums]


def drawn_drums(rng: np.random.Generator, faces: Sequence[Typeface]) -> Drums:
    """Drums or a display drawn with one of `faces`."""
    wants_display = chance(rng, 0.25)
    suited = [face for face in faces if face.is_lcd == wants_display] or list(faces)
    face = suited[int(rng.integers(len(suited)))]
    digits = random_digits(rng)
    position = random_position(rng, digits)
    decimals = int(rng.choice(_DECIMALS, p=[0.3, 0.45, 0.1, 0.15]))
    if face.is_lcd:
        text = str(int(position)).zfill(digits)[-digits:]
        cells, glass = display_cells(rng, face, text)
        return Drums(cells, glass, glass * np.float32(0.3), decimals, is_display=True, text=text)
    look = random_look(rng)
    drums = drawn_cells(rng, face, position, digits=digits, look=look, decimals=min(decimals, digits - 1))
    text, _ = label_of(position, digits)
    return Drums(drums, look.ground, look.ink, min(decimals, digits - 1), is_display=False, text=text)


def width_of(drums: Drums) -> int:
    """The width of all drums side by side without gaps, as they come."""
    return sum(cell.shape[1] for cell in drums.cells)


def mount_counter(
    rng: np.random.Generator, canvas: Floats, drums: Drums, place: tuple[float, float, float], font: Font
) -> tuple[Box, Box]:
    """Sets the drums into the canvas in place, with band, rims, unit and scales.

    Args:
        rng: Where chance comes from.
        canvas: RGB from 0 to 255.
        drums: What to set in.
        place: The middle of the drums (x, y) and the width of their row.
        font: For unit and scales.

    Returns:
        The box of the drums, and that of the band, glass or windows around them.
    """
    x, y, width = place
    count, native = len(drums.cells), drums.cells[0].shape
    gap_share = (
        0.0 if drums.is_display else float(rng.choice([0.0, rng.uniform(0, 0.25), rng.uniform(0, 0.6)]))
    )
    apart = _room_before_decimals(rng, drums)
    cell_width = width / (count + (count - 1) * gap_share + apart)
    height = cell_width * native[0] / native[1]
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    band = _band(rng, canvas, drums, box)
    _unit_and_scales(rng, canvas, drums, box=box, band=band, font=font)
    _frame_decimals(rng, canvas, drums, box, cell_width * (1 + gap_share))
    size = (max(2, round(cell_width)), max(3, round(height)))
    rim = contrasting(rng, drums.ground).tolist() if chance(rng, 0.25) and not drums.is_display else None
    for index, cell in enumerate(drums.cells):
        passed = index * (1 + gap_share) + (apart if index >= count - drums.decimals else 0)
        left, top = round(box[0] + passed * cell_width), round(box[1])
        shrunk = cv2.resize(
            cell, size, interpolation=cv2.INTER_AREA if size[1] < native[0] else cv2.INTER_LINEAR
        )
        _paste(canvas, np.asarray(shrunk, np.float32), left, top)
        if rim is not None:
            cv2.rectangle(canvas, (left - 1, top - 1), (left + size[0], top + size[1]), rim, 1)
    return box, band


def _room_before_decimals(rng: np.random.Generator, drums: Drums) -> float:
    """How far the decimals stand apart from the drums before them, in widths of a drum."""
    if drums.is_display or not drums.decimals or not chance(rng, 0.3):
        return 0.0
    return float(rng.uniform(0.1, 0.8))


def _paste(canvas: Floats, cell: Floats, left: int, top: int) -> None:
    height, width = canvas.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + cell.shape[1], width), min(top + cell.shape[0], height)
    if x1 > x0 and y1 > y0:
        canvas[y0:y1, x0:x1] = cell[y0 - top : y1 - top, x0 - left : x1 - left]


def _band(rng: np.random.Generator, canvas: Floats, drums: Drums, box: Box) -> Box:
    """The band or glass about the drums; without one, the drums' own box and a narrow rim."""
    width, height = box[2] - box[0], box[3] - box[1]
    if drums.is_display:
        # Many displays are larger than what they show, on one side more than on the other.
        far, tall = (0.45, 1.0)[int(chance(rng, 0.25))], (0.9, 1.8)[int(chance(rng, 0.25))]
        sides = rng.uniform(0.03, (far, 0.45), 2) * width
        lids = rng.uniform(0.08, (tall, 0.9), 2)[:: int(rng.choice([-1, 1]))] * height
    elif chance(rng, 0.22):
        return box
    elif chance(rng, 0.45):
        sides, lids = rng.uniform(0.03, 0.55, 2) * width, rng.uniform(0.04, 0.4, 2) * height
    else:
        sides, lids = rng.uniform(0.0, 0.08, 2) * width, rng.uniform(0.0, 0.4, 2) * height
    band = (box[0] - sides[0], box[1] - lids[0], box[2] + sides[1], box[3] + lids[1])
    shade = drums.ground
    if not drums.is_display:
        shade = shade * np.float32(rng.uniform(0.6, 1.2)) if chance(rng, 0.85) else contrasting(rng, shade)
    x0, y0, x1, y1 = (round(value) for value in band)
    if chance(rng, 0.45):
        edge = int(rng.integers(1, max(2, round(0.2 * height))))
        rim = np.clip(shade * rng.uniform(0.4, 1.8) + rng.uniform(-40, 40), 0, 255).tolist()
        cv2.rectangle(canvas, (x0 - edge, y0 - edge), (x1 + edge, y1 + edge), rim, -1)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), np.clip(shade, 0, 255).tolist(), -1)
    return band


def _unit_and_scales(
    rng: np.random.Generator, canvas: Floats, drums: Drums, *, box: Box, band: Box, font: Font
) -> None:
    height, width = box[3] - box[1], box[2] - box[0]
    if chance(rng, 0.65):
        size = max(3.0, rng.uniform(0.35, 1.0) * height)
        text = lettering(font, _UNITS[int(rng.integers(len(_UNITS)))], size)
        y = int(box[1] + (height - size) * rng.uniform(0, 1.2))
        x = int(box[2] + rng.uniform(0.08, 0.6) * height)
        stamp(canvas, text, (x, y), contrasting(rng, _colour_at(canvas, x, y)))
    if chance(rng, 0.3):
        below = chance(rng, 0.7)
        size = max(3.0, rng.uniform(0.16, 0.35) * height)
        y = int(band[3] + 0.1 * height) if below else int(band[1] - size - 0.1 * height)
        ink = contrasting(rng, _colour_at(canvas, int(box[0]), y))
        for index, scale in enumerate(_SCALES):
            stamp(canvas, lettering(font, scale, size), (int(box[0] + index * width / len(_SCALES)), y), ink)
    if drums.is_display:
        for _ in range(int(rng.integers(0, 5))):
            size = max(3.0, rng.uniform(0.15, 0.4) * height)
            text = lettering(font, _annunciator(rng), size)
            x, y = int(rng.uniform(band[0], band[2])), int(rng.uniform(band[1], band[3] - size))
            if not (box[0] - text.shape[1] < x < box[2] and box[1] - size < y < box[3]):
                stamp(canvas, text, (x, y), drums.ink)


def _annunciator(rng: np.random.Generator) -> str:
    """What a display shows besides its digits; one in three a number of its own, such as an OBIS code."""
    if chance(rng, 0.35):
        return "".join(map(str, rng.integers(0, 10, int(rng.integers(2, 9)))))
    return str(rng.choice(["T1", "kWh", "1.8.0", "L1 L2 L3", "A+", "Total", "▲", "V A", "kW h"]))


def _colour_at(canvas: Floats, x: int, y: int) -> Floats:
    height, width = canvas.shape[:2]
    return np.asarray(canvas[min(max(y, 0), height - 1), min(max(x, 0), width - 1)].copy(), np.float32)


def _frame_decimals(rng: np.random.Generator, canvas: Floats, drums: Drums, box: Box, step: float) -> None:
    if not drums.decimals or drums.is_display or not chance(rng, 0.45):
        return
    edge = max(1, round(rng.uniform(0.03, 0.2) * (box[3] - box[1])))
    frame = np.array([200, 40, 35] if chance(rng, 0.6) else [225, 225, 220], np.float32)
    left = round(box[2] - drums.decimals * step)
    corners = (left - edge // 2, round(box[1]) - edge), (round(box[2]) + edge, round(box[3]) + edge)
    cv2.rectangle(canvas, *corners, np.clip(frame + rng.normal(0, 15, 3), 0, 255).tolist(), -1)
