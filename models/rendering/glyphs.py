"""Digits to print on drums: strokes of our own, Pillow's built-in face, seven segments, and font files."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Alpha: TypeAlias = NDArray[np.uint8]
Polyline: TypeAlias = list[tuple[float, float]]

_CAP = 64
_PASSED_OVER = (
    "italic",
    "oblique",
    "thin",
    "hairline",
    "ultralight",
    "symbol",
    "weather",
    "dseg14",
    "math",
    "d050000l",
    "segg",
    "bdita",
    "extended",
    "wide",
)
_FACES_PER_FAMILY = 4
# Points in hundredths of a digit's width, strokes parted by semicolons, digits 0 to 9.
_CORNERED = (
    "22,0 78,0 100,22 100,178 78,200 22,200 0,178 0,22 22,0",
    "20,35 55,0 55,200",
    "0,22 22,0 78,0 100,22 100,78 78,100 22,100 0,122 0,200 100,200",
    "0,22 22,0 78,0 100,22 100,78 78,100 35,100; 78,100 100,122 100,178 78,200 22,200 0,178",
    "80,200 80,0 0,130 100,130",
    "100,0 0,0 0,90 78,90 100,112 100,178 78,200 22,200 0,178",
    "100,22 78,0 22,0 0,22 0,178 22,200 78,200 100,178 100,122 78,100 0,100",
    "0,0 100,0 100,40 40,200",
    (
        "22,100 0,78 0,22 22,0 78,0 100,22 100,78 78,100 22,100;"
        "22,100 0,122 0,178 22,200 78,200 100,178 100,122 78,100 22,100"
    ),
    "0,178 22,200 78,200 100,178 100,22 78,0 22,0 0,22 0,78 22,100 100,100",
)


# The segments of each digit, clockwise from the top, the middle one last; what some displays do otherwise.
_LIT = dict(
    enumerate(("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"))
)
_OTHERWISE_LIT: tuple[dict[int, str], ...] = ({}, {7: "abcf"}, {6: "fgedc", 9: "abcfg"})


@dataclass(frozen=True, slots=True)
class Typeface:
    """The ten digits as alpha pictures of one height each, and the font for words where there is one."""

    name: str
    digits: tuple[Alpha, ...]
    font: ImageFont.FreeTypeFont | None = None
    is_lcd: bool = False

    @property
    def family(self) -> str:
        """The name without its weight: families are held out whole."""
        return self.name.split("-")[0]


def _arc(centre: tuple[float, float], radii: tuple[float, float], start: float, stop: float) -> Polyline:
    angles = np.radians(np.linspace(start, stop, 24))
    xs = centre[0] + radii[0] * np.cos(angles)
    ys = centre[1] + radii[1] * np.sin(angles)
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _round_strokes() -> list[list[Polyline]]:
    """Digits 0 to 9 as pen strokes in a box of width 1 and height 2, in the manner of DIN lettering."""
    tail = [(0.0 + 0.72 * t * t + 0.04 * t * (1 - t), 1.45 - 1.45 * t) for t in np.linspace(0, 1, 12)]
    six = [_arc((0.5, 1.45), (0.5, 0.55), 0, 360), tail]
    nine = [[(1 - x, 2 - y) for x, y in line] for line in six]
    return [
        [[*_arc((0.5, 0.5), (0.5, 0.5), 180, 360), *_arc((0.5, 1.5), (0.5, 0.5), 0, 180), (0.0, 0.5)]],
        [[(0.18, 0.42), (0.58, 0.0), (0.58, 2.0)]],
        [[*_arc((0.5, 0.52), (0.5, 0.52), 185, 385), (0.0, 2.0), (1.0, 2.0)]],
        [[*_arc((0.48, 0.49), (0.46, 0.49), 200, 450), *_arc((0.48, 1.49), (0.52, 0.51), -90, 160)]],
        [[(0.74, 2.0), (0.74, 0.0), (0.0, 1.42), (1.0, 1.42)]],
        [[(0.92, 0.0), (0.14, 0.0), (0.08, 0.95), *_arc((0.48, 1.38), (0.52, 0.62), -135, 150)]],
        six,
        [[(0.0, 0.0), (1.0, 0.0), (0.36, 2.0)]],
        [_arc((0.5, 0.48), (0.43, 0.48), 0, 360), _arc((0.5, 1.48), (0.5, 0.52), 0, 360)],
        nine,
    ]


def _cornered_strokes() -> list[list[Polyline]]:
    """Digits with cut corners, as stamped into the drums of older induction meters."""
    return [[_points(stroke) for stroke in digit.split(";")] for digit in _CORNERED]


def _points(stroke: str) -> Polyline:
    pairs = (pair.split(",") for pair in stroke.split())
    return [(int(x) / 100, int(y) / 100) for x, y in pairs]


def _pen(strokes: list[Polyline], width: float, pen: float) -> Alpha:
    """Draws strokes at four times the size and shrinks them, for clean edges."""
    scale, edge = 4 * _CAP / 2, int(4 * _CAP * pen) + 8
    picture = np.zeros((4 * _CAP + edge, int(scale * width) + edge), np.uint8)
    for stroke in strokes:
        points = np.array([(edge / 2 + x * width * scale, edge / 2 + y * scale) for x, y in stroke])
        for a, b in pairwise(points.round().astype(int).tolist()):
            cv2.line(picture, a, b, 255, max(1, int(4 * _CAP * pen)), cv2.LINE_AA)
    width_px = max(2, round(picture.shape[1] / picture.shape[0] * _CAP))
    return np.asarray(cv2.resize(picture, (width_px, _CAP), interpolation=cv2.INTER_AREA), np.uint8)


def _segment_digit(lit: str, pen: float, gap: float) -> Alpha:
    """One digit of a seven-segment display, bars with pointed ends."""
    ends = {
        "a": ((0, 0), (1, 0)),
        "b": ((1, 0), (1, 1)),
        "c": ((1, 1), (1, 2)),
        "d": ((0, 2), (1, 2)),
        "e": ((0, 1), (0, 2)),
        "f": ((0, 0), (0, 1)),
        "g": ((0, 1), (1, 1)),
    }
    picture = np.zeros((2 * _CAP, int(1.15 * _CAP)), np.uint8)
    half, left, top = pen * _CAP, 0.1 * _CAP + pen * _CAP, pen * _CAP + 1
    length = _CAP - half - 1
    wide = picture.shape[1] - 2 * left
    for name in lit:
        a, b = (np.array([left + x * wide, top + y * length]) for x, y in ends[name])
        along = (b - a) / np.hypot(*(b - a))
        across = np.array([-along[1], along[0]]) * half
        a, b = a + along * gap * _CAP, b - along * gap * _CAP
        bar = [
            a,
            a + along * half + across,
            b - along * half + across,
            b,
            b - along * half - across,
            a + along * half - across,
        ]
        cv2.fillPoly(picture, [np.array(bar).round().astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(
        cv2.resize(picture, (picture.shape[1] // 2, _CAP), interpolation=cv2.INTER_AREA), np.uint8
    )


@lru_cache
def own_typefaces() -> tuple[Typeface, ...]:
    """Faces that need no font file: strokes in several widths and weights, and Pillow's built-in face."""
    faces = []
    for name, strokes in (("round", _round_strokes()), ("cornered", _cornered_strokes())):
        for width, pen in ((0.8, 0.10), (0.9, 0.14), (1.0, 0.08), (1.05, 0.17), (1.2, 0.12)):
            digits = tuple(_pen(lines, width, pen) for lines in strokes)
            faces.append(Typeface(f"own {name}-{width}/{pen}", digits))
    default = ImageFont.load_default(_CAP)
    if isinstance(default, ImageFont.FreeTypeFont):
        faces.append(Typeface("aileron", _font_digits(default), default))
    return tuple(faces)


@lru_cache
def segment_typefaces() -> tuple[Typeface, ...]:
    """Seven-segment faces in several weights and manners."""
    return tuple(
        Typeface(
            f"own segments-{pen}/{manner}",
            tuple(_segment_digit(lit, pen, gap) for lit in (_LIT | other).values()),
            is_lcd=True,
        )
        for manner, other in enumerate(_OTHERWISE_LIT)
        for pen, gap in ((0.07, 0.02), (0.10, 0.03), (0.13, 0.01))
    )


@lru_cache
def font_typefaces(folder: Path) -> tuple[Typeface, ...]:
    """The upright faces among the font files under `folder`, at most four of a family."""
    families: dict[str, list[Typeface]] = {}
    for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
        if any(word in path.name.lower() for word in _PASSED_OVER):
            continue
        font = ImageFont.truetype(path, _CAP)
        is_lcd = path.name.startswith("DSEG7")
        face = Typeface(path.stem, _font_digits(font, same_width=is_lcd), font, is_lcd)
        families.setdefault(face.family, []).append(face)
    kept = [
        faces[:: max(1, len(faces) // _FACES_PER_FAMILY)][:_FACES_PER_FAMILY] for faces in families.values()
    ]
    return tuple(face for faces in kept for face in faces)


def _font_digits(font: ImageFont.FreeTypeFont, *, same_width: bool = False) -> tuple[Alpha, ...]:
    boxes = [font.getbbox(digit) for digit in "0123456789"]
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    widest = font.getbbox("8")
    digits = []
    for digit, box in zip("0123456789", boxes, strict=True):
        left, _, right, _ = widest if same_width else box
        picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
        ImageDraw.Draw(picture).text((1 - left, 1 - top), digit, fill=255, font=font)
        digits.append(np.asarray(picture))
    return tuple(digits)


@lru_cache(maxsize=4096)
def word(font: ImageFont.FreeTypeFont | None, text: str) -> Alpha:
    """One word as an alpha picture, cut close; without a font, in Pillow's built-in face."""
    if font is None:
        # The built-in face has no raised three.
        font, text = _built_in(), text.replace("³", "3")
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), text, fill=255, font=font)
    return np.asarray(picture)


def _built_in() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(_CAP)
    if not isinstance(font, ImageFont.FreeTypeFont):
        message = (
            "Pillow was built without FreeType, so no text can be drawn: install Pillow's ordinary wheel."
        )
        raise TypeError(message)
    return font
