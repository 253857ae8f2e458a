"""What stands around the drums: band, frames, unit, scales, lettering."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ImageFont

from models.rendering.beside import stand_beside
from models.rendering.cutting import Box
from models.rendering.degrade import Floats, chance
from models.rendering.lettering import contrasting, lettering, stamp

_UNITS = ("kWh", "kWh", "kWh", "kWh", "KWH", "kwh", "m3", "m³", "MWh", "kW.h", "kVArh")
_SCALES = ("10000", "1000", "100", "10", "1", "1/10", "0,1", "x0,1", "x10", "0.01", "10 000")
_WORDS = (
    "kWh",
    "Nr.",
    "220V",
    "3x5A",
    "50Hz",
    "No",
    "Cl. 2",
    "600 imp",
    "TYPE",
    "2021",
    "m3",
    "AC",
    "METER",
    "10(40)A",
    "rev/kWh",
    "WATT",
    "ELECTRIC",
    "PHASE",
    "Q3=4",
    "DIN",
    "Made in",
    "0123",
)
_ROOM, _MOST_BESIDE = 70, 0.3
_RIM_ROOM = 4


@dataclass(frozen=True, slots=True)
class Plate:
    """The colours about the drums, and how many of the last drums are decimals."""

    ground: Floats
    ink: Floats
    decimals: int
    is_display: bool


def surround(
    rng: np.random.Generator, cells: Sequence[Floats], plate: Plate, font: ImageFont.FreeTypeFont | None
) -> tuple[Floats, Box]:
    """Sets the drums on a plate with everything that real plates print around them."""
    height, width = cells[0].shape[:2]
    gap = (
        int(rng.uniform(0, 0.5 * width))
        if chance(rng, 0.75) and not plate.is_display
        else int(rng.uniform(0, 6))
    )
    decimal_gap = int(rng.uniform(0, 14)) if plate.decimals and chance(rng, 0.5) else 0
    row = len(cells) * width + (len(cells) - 1) * gap + decimal_gap
    unit_room = int(rng.uniform(60, 150)) if chance(rng, 0.45) else 0
    # A loose cut shows what the plate has beside the row.
    left, right = (_ROOM + int(rng.uniform(0, _MOST_BESIDE) * row) for _ in range(2))
    first_decimal = max(len(cells) - plate.decimals, 0)
    lefts = [
        left + index * (width + gap) + decimal_gap * (index >= first_decimal > 0)
        for index in range(len(cells))
    ]
    box = Box(left, _ROOM, left + row, _ROOM + height, left + row + unit_room, tuple(lefts), width)
    canvas = np.empty((height + 2 * _ROOM, box.unit_right + right, 3), np.float32)
    canvas[:] = np.clip(rng.uniform(15, 245) + rng.normal(0, 12, 3), 0, 255)
    if chance(rng, 0.75) or plate.is_display:
        _band(rng, canvas, box, plate)
    around = canvas[box.top + height // 2, box.right + 2].copy()
    _print_around(rng, canvas, box, font)
    if unit_room:
        size = rng.uniform(0.4, 1.15) * height
        text = lettering(font, _UNITS[int(rng.integers(len(_UNITS)))], size)
        x = box.right + int(rng.uniform(4, 22))
        stamp(
            canvas, text, (x, int(box.top + (height - size) * rng.uniform(0.2, 1))), contrasting(rng, around)
        )
    stand_beside(rng, canvas, box, plate.ink, font, is_display=plate.is_display)
    _place(rng, canvas, cells, box=box, plate=plate, gap=gap)
    return canvas, box


def _band(rng: np.random.Generator, canvas: Floats, box: Box, plate: Plate) -> None:
    """The dark or pale band in which most counters sit."""
    shade = (
        plate.ground * np.float32(rng.uniform(0.6, 1.2))
        if chance(rng, 0.8)
        else contrasting(rng, plate.ground)
    )
    top, bottom = int(rng.uniform(0, 22)), int(rng.uniform(0, 22))
    reach = 10 if chance(rng, 0.5) else _ROOM
    left, right = int(rng.uniform(0, reach)), int(rng.uniform(0, reach))
    inside = slice(box.top - top, box.bottom + bottom), slice(box.left - left, box.unit_right + right)
    canvas[inside] = np.clip(shade, 0, 255)
    if chance(rng, 0.3):
        line = contrasting(rng, shade).tolist()
        corner, other = (inside[1].start, inside[0].start), (inside[1].stop, inside[0].stop)
        cv2.rectangle(canvas, corner, other, line, int(rng.integers(1, 4)))


def _place(
    rng: np.random.Generator,
    canvas: Floats,
    cells: Sequence[Floats],
    *,
    box: Box,
    plate: Plate,
    gap: int,
) -> None:
    """Puts the drums in their windows, some with rims, marks beneath and a frame about the decimals."""
    width = box.drum_width
    first_decimal = len(cells) - plate.decimals
    rim = contrasting(rng, plate.ground) if chance(rng, 0.3) and gap > _RIM_ROOM else None
    rim_thickness = int(rng.integers(1, 3))
    mark = contrasting(rng, plate.ground) if chance(rng, 0.25) else None
    framed = plate.decimals and not plate.is_display and chance(rng, 0.5)
    pale = chance(rng, 0.5)
    paint = [225, 225, 220] if pale else [200, 40, 35]
    frame = np.asarray(np.array(paint) + rng.normal(0, 15, 3), np.float32)
    edge = int(rng.integers(3, 12))
    bracket = int(rng.uniform(0.3, 0.9) * width) if framed and chance(rng, 0.5) else 0
    apart = _apart(rng) if not plate.is_display and chance(rng, 0.35) else None
    beside_wheel = plate.decimals > 0 and not plate.is_display and chance(rng, 0.35)
    for index, (cell, x) in enumerate(zip(cells, box.lefts, strict=True)):
        if framed and index >= first_decimal:
            reach = edge + bracket * (index == len(cells) - 1)
            canvas[box.top - edge : box.bottom + edge, x - min(edge, gap + 3) : x + width + reach] = frame
            if reach > edge:
                _notches(rng, canvas, (x + width, x + width + reach), box, frame)
        seen = cell if apart is None or index < first_decimal else _seen_through(cell, apart)
        if beside_wheel and index == len(cells) - 1:
            seen = _beside_wheel(rng, seen)
        canvas[box.top : box.bottom, x : x + width] = seen
        if rim is not None:
            cv2.rectangle(
                canvas, (x - 2, box.top - 1), (x + width + 1, box.bottom), rim.tolist(), rim_thickness
            )
        if mark is not None and chance(rng, 0.9):
            middle = x + width // 2
            corners = np.array(
                [(middle - 6, box.bottom + 12), (middle + 6, box.bottom + 12), (middle, box.bottom + 3)]
            )
            cv2.fillPoly(canvas, [corners.astype(np.int32)], mark.tolist(), cv2.LINE_AA)
        if plate.is_display and index == first_decimal - 1 and plate.decimals:
            cv2.circle(canvas, (x + width + gap // 2, box.bottom - 5), 3, plate.ink.tolist(), -1, cv2.LINE_AA)


def _apart(rng: np.random.Generator) -> Floats:
    """How decimals look that sit on drums of another size: an affine map about the middle of a cell."""
    scale = rng.uniform(0.85, 1.3)
    return np.array([[scale, 0, 0], [0, scale, rng.uniform(-0.05, 0.05)]], np.float32)


def _seen_through(cell: Floats, apart: Floats) -> Floats:
    height, width = cell.shape[:2]
    matrix = apart * np.array([[1, 1, width], [1, 1, height]], np.float32)
    middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
    matrix[:, 2] += middle - matrix[:, :2] @ middle
    seen = cv2.warpAffine(
        cell, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.float32)


def _beside_wheel(rng: np.random.Generator, cell: Floats) -> Floats:
    """A last drum that its window cuts at a side, so that the wheel that turns it is seen beside it."""
    height, width = cell.shape[:2]
    drum = max(2, round(width * rng.uniform(0.66, 0.92)))
    cut_off = int(rng.uniform(0, 1) * (width - drum))
    seen = np.empty_like(cell)
    seen[:, :drum] = cell[:, cut_off : cut_off + drum]
    seen[:, drum:] = rng.uniform(10, 110)
    tooth, first = height / rng.uniform(2, 6), rng.uniform(0, 1)
    light = np.float32(rng.uniform(60, 220))
    for index in range(7):
        top = int((index + first - 1) * tooth)
        seen[max(top, 0) : max(top + int(tooth * rng.uniform(0.2, 0.7)), 0), drum:] = light
    return seen


def _notches(
    rng: np.random.Generator, canvas: Floats, columns: tuple[int, int], box: Box, frame: Floats
) -> None:
    """The marks beside a last drum in a broad frame, against which its scale is read, in place."""
    ink = contrasting(rng, frame)
    thickness = int(rng.integers(2, 6))
    rows = (
        np.linspace(box.top, box.bottom, int(rng.integers(2, 5)))
        if chance(rng, 0.5)
        else [box.top + (box.bottom - box.top) / 2]
    )
    start = columns[0] + int(rng.uniform(0, 0.6) * (columns[1] - columns[0]))
    for row in rows:
        canvas[int(row) : int(row) + thickness, start : columns[1]] = ink


def _print_around(
    rng: np.random.Generator, canvas: Floats, box: Box, font: ImageFont.FreeTypeFont | None
) -> None:
    """Words, scales and rules above, below and beside the drums."""
    if chance(rng, 0.35):
        above = chance(rng, 0.3)
        size = rng.uniform(8, 18)
        y = int(box.top - size - rng.uniform(6, 18)) if above else int(box.bottom + rng.uniform(6, 18))
        step = (box.right - box.left) / 6
        ink = contrasting(rng, canvas[min(max(y, 0), canvas.shape[0] - 1), box.left])
        for index in range(6):
            scale = lettering(font, _SCALES[min(index, len(_SCALES) - 1)], size)
            stamp(canvas, scale, (int(box.left + index * step), y), ink)
    for _ in range(int(rng.integers(0, 6))):
        size = rng.uniform(8, 44)
        text = lettering(font, _WORDS[int(rng.integers(len(_WORDS)))], size)
        above = chance(rng, 0.55)
        y = int(box.top - size - rng.uniform(4, 30)) if above else int(box.bottom + rng.uniform(6, 30))
        x = int(rng.integers(0, canvas.shape[1]))
        ground = canvas[min(max(y + int(size / 2), 0), canvas.shape[0] - 1), min(x, canvas.shape[1] - 1)]
        stamp(canvas, text, (x - text.shape[1] // 2, y), contrasting(rng, ground))
    if chance(rng, 0.3):
        y = int(rng.choice([box.top - rng.integers(8, 30), box.bottom + rng.integers(8, 30)]))
        ink = contrasting(rng, canvas[y, box.left]).tolist()
        cv2.line(canvas, (0, y), (canvas.shape[1], y), ink, int(rng.integers(1, 4)), cv2.LINE_AA)
