"""What is written on meters: words, numbers, ratings in tables and lines, bar codes, chalk on the glass."""

from itertools import pairwise
from string import ascii_uppercase
from typing import TypeAlias

import cv2
import numpy as np
from PIL import ImageFont

from models.rendering.degrade import Floats, chance
from models.rendering.fittings import Box
from models.rendering.lettering import lettering, stamp

Font: TypeAlias = ImageFont.FreeTypeFont | None

_WORDS = (
    *("kWh", "220/380V", "3x5A", "10(40)A", "50 Hz", "Cl. 2", "450 rev/kWh", "600 imp/kWh", "DIN 43857"),
    *("Electricity meter", "Drehstromzähler", "Wechselstromzähler", "Eigentum des", "Compteur d'eau"),
    *("CÔNG TƠ ĐIỆN 1 PHA", "CONTADOR", "MEDIDOR", "Счётчик воды", "РОСКОНТРОЛЬ", "G4 RF1", "Qmax 6 m³/h"),
    *("Pmax 0,5 bar", "MODEL DTS27", "IEC 62052-11", "Nr.", "TYPE", "MADE IN", "CE M21", "H-R80/V-R40"),
    *("Property of the grid", "27°C", "m³", "ACTARIS", "ITELMA", "Power Corporation", "2012", "x 0,001"),
)
_UNITS = ("V", "A", "Hz", "kWh", "imp/kWh", "m³", "°C", "bar")
_LABELS = ("Nr. ", "No ", "S/N ", "Số SX: ", "TYPE ", "")
_FEWEST_BARS, _MOST_BARS = 18, 46
_DARK_BELOW = 90
_LEAST_CELL = 4


def words(rng: np.random.Generator) -> str:
    """What a plate may say: a usual word, a type, a rating, a labelled number."""
    kind = int(rng.integers(6))
    if kind <= 2:  # noqa: PLR2004 half of them
        return _WORDS[int(rng.integers(len(_WORDS)))]
    number = int(rng.integers(1, 10 ** int(rng.integers(1, 9))))
    if kind == 3:  # noqa: PLR2004 one of the six
        letters = "".join(rng.choice(list(ascii_uppercase), int(rng.integers(1, 5))))
        return f"{letters}{number % 1000}{rng.choice(list(ascii_uppercase))}"[: int(rng.integers(3, 9))]
    if kind == 4:  # noqa: PLR2004 one of the six
        return f"{rng.choice(['', '3 x '])}{number % 1000}{rng.choice(['', '/380'])} {rng.choice(_UNITS)}"
    return f"{rng.choice(_LABELS)}{number}"


def inscribe(
    rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats, font: Font, *, serial: bool
) -> Box:
    """Prints words, or a number with gaps as serial numbers have, within `box`; returns where they stand."""
    if serial:
        figures = "".join(str(figure) for figure in rng.integers(0, 10, int(rng.integers(4, 12))))
        text = figures if chance(rng, 0.6) else f"{figures[:2]} {figures[2:5]} {figures[5:]}".strip()
    else:
        text = words(rng)
    alpha = lettering(font, text, max(3.0, (box[3] - box[1]) * 0.8))
    if alpha.shape[1] > box[2] - box[0]:
        alpha = lettering(font, text, max(3.0, alpha.shape[0] * (box[2] - box[0]) / alpha.shape[1]))
    left, top = int(box[0]), int(box[1] + (box[3] - box[1]) * 0.1)
    stamp(canvas, alpha, (left, top), ink)
    return (left, top, left + alpha.shape[1], top + alpha.shape[0])


def lines(rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats, font: Font) -> list[Box]:
    """Some lines of print, one under the other, in place; returns where each stands."""
    count = int(rng.integers(2, 6))
    ys = np.linspace(box[1], box[3], count + 1).tolist()
    return [
        inscribe(rng, canvas, (box[0], top, box[2], bottom), ink, font, serial=chance(rng, 0.3))
        for top, bottom in pairwise(ys)
    ]


def table(rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats, font: Font) -> list[Box]:
    """Ratings in ruled cells, in place; returns its rows, which are as wide as a counter."""
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(2, 6))
    xs, ys = np.linspace(box[0], box[2], columns + 1), np.linspace(box[1], box[3], rows + 1)
    ruled = chance(rng, 0.7)
    for row in range(rows):
        for column in range(columns):
            cell = (xs[column], ys[row], xs[column + 1], ys[row + 1])
            if ruled:
                corners = (round(cell[0]), round(cell[1])), (round(cell[2]), round(cell[3]))
                cv2.rectangle(canvas, *corners, ink.tolist(), 1)
            inset = 0.1 * (cell[3] - cell[1])
            inner = (cell[0] + inset, cell[1] + inset, cell[2] - inset, cell[3] - inset)
            if inner[2] - inner[0] > _LEAST_CELL and chance(rng, 0.85):
                inscribe(rng, canvas, inner, ink, font, serial=chance(rng, 0.45))
    return [(box[0], top, box[2], bottom) for top, bottom in pairwise(ys.tolist())]


def bar_code(rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats, font: Font) -> None:
    """A bar code on its label, often with its number beneath or beside it."""
    x0, y0, x1, y1 = (round(value) for value in box)
    if ink.mean() > _DARK_BELOW:
        cv2.rectangle(canvas, (x0 - 3, y0 - 2), (x1 + 3, y1 + 2), (235, 235, 232), -1)
        ink = np.full(3, 20, np.float32)
    edges = np.sort(rng.uniform(x0, x1, 2 * int(rng.integers(_FEWEST_BARS, _MOST_BARS)))).astype(int)
    for left, right in edges.reshape(-1, 2).tolist():
        cv2.rectangle(canvas, (left, y0), (max(right - 1, left), y1), ink.tolist(), -1)
    if chance(rng, 0.5):
        wide, high = box[2] - box[0], box[3] - box[1]
        right, down = (wide + 3, 0.0) if chance(rng, 0.3) else (0.0, high)
        room = (box[0] + right, box[1] + down, box[2] + right, box[3] + down)
        inscribe(rng, canvas, room, ink, font, serial=True)


def handwriting(rng: np.random.Generator, canvas: Floats, near: Box, font: Font) -> None:
    """A letter and a number chalked on the glass, near to or across what stands in `near`, in place."""
    height = near[3] - near[1]
    text = f"{rng.choice(list('PABN'))}{int(rng.integers(1, 99)):02d}"
    size = rng.uniform(0.7, 2.5) * height
    x, y = rng.uniform(near[0] - height, near[2]), rng.uniform(near[1] - 1.2 * size, near[3])
    ink = np.clip(rng.choice([30, 235]) + rng.normal(0, 15, 3), 0, 255).astype(np.float32)
    stamp(canvas, lettering(font, text, size), (round(x), round(y)), ink)
