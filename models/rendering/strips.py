"""Random counter strips to train the reader with: drums and displays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.cutting import Cut, crop
from models.rendering.degrade import Floats, chance
from models.rendering.drums import DrumShape, drum_positions, drum_texture, drum_view, label_of, tenth_of
from models.rendering.glyphs import Typeface
from models.rendering.legibility import DrumBox, legibly_photographed
from models.rendering.plate import Plate, surround

Light = Literal["clean", "fair", "harsh"]

STRIP_HEIGHT, STRIP_WIDTH = 40, 192
WINDOW_HEIGHT = 48


@dataclass(frozen=True, slots=True)
class Strip:
    """One training example; `text` is empty where the picture holds no counter.

    `tenth` is what `tenth_of` says of the last drum, None where nothing turns.
    """

    picture: NDArray[np.uint8]
    text: str
    half_step: bool
    tenth: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a row of drums, RGB from 0 to 255."""

    ground: Floats
    ink: Floats
    decimal_ground: Floats
    decimal_ink: Floats
    is_dark: bool


def random_position(rng: np.random.Generator, digits: int) -> float:
    """A register position: often leading zeros, nines about to carry, or a drum between two digits."""
    figures = rng.integers(0, 10, digits)
    if chance(rng, 0.35):
        figures[: int(rng.integers(1, digits - 1))] = 0
    if chance(rng, 0.15):
        figures[digits - int(rng.integers(1, min(4, digits))) :] = 9
    whole = int("".join(map(str, figures)))
    fraction = rng.random() if chance(rng, 0.65) else abs(float(np.clip(rng.normal(0, 0.06), -0.2, 0.2)))
    return float(whole + fraction)


def random_digits(rng: np.random.Generator) -> int:
    """How many drums a random counter has."""
    return int(rng.choice([4, 5, 6, 7, 8, 9], p=[0.05, 0.17, 0.32, 0.22, 0.2, 0.04]))


def colour(rng: np.random.Generator, level: float, spread: float = 12.0) -> Floats:
    """A grey of about `level` with a random tint."""
    return np.clip(level + rng.normal(0, spread, 3), 0, 255).astype(np.float32)


def random_look(rng: np.random.Generator) -> Look:
    """White on black, black on white, or worn to little contrast; decimals often red."""
    style = rng.choice(["light on dark", "dark on light", "worn"], p=[0.64, 0.26, 0.1])
    if style == "light on dark":
        ground, ink = colour(rng, rng.uniform(8, 75)), colour(rng, rng.uniform(130, 250))
    elif style == "dark on light":
        ground, ink = colour(rng, rng.uniform(150, 245)), colour(rng, rng.uniform(5, 90))
    else:
        level = rng.uniform(60, 200)
        ground = colour(rng, level)
        ink = colour(rng, level + float(rng.choice([-1, 1])) * rng.uniform(35, 60))
    is_dark = bool(ground.mean() < ink.mean())
    red = np.array([rng.uniform(120, 225), rng.uniform(10, 80), rng.uniform(10, 70)], np.float32)
    decimals = rng.choice(["red drum", "red digits", "inverted", "alike"], p=[0.35, 0.4, 0.1, 0.15])
    if decimals == "red drum":
        return Look(ground, ink, red, ink if is_dark else colour(rng, rng.uniform(190, 250)), is_dark)
    if decimals == "red digits":
        pale = ground if not is_dark else colour(rng, rng.uniform(140, 240))
        return Look(ground, ink, pale, red, is_dark)
    if decimals == "inverted":
        return Look(ground, ink, ink, ground, is_dark)
    return Look(ground, ink, ground, ink, is_dark)


def drawn_cells(
    rng: np.random.Generator, face: Typeface, position: float, *, digits: int, look: Look, decimals: int
) -> list[Floats]:
    """The drums of a counter at `position`, each `WINDOW_HEIGHT` rows high."""
    pitch = int(WINDOW_HEIGHT / rng.uniform(0.8, 1.6))
    height = max(8, int(pitch * rng.uniform(0.5, 0.88)))
    shape = DrumShape(
        pitch,
        int(rng.uniform(22, 48)),
        height,
        stretch=rng.uniform(0.75, 1.2),
        curvature=rng.uniform(0, 1.1),
        shift=rng.uniform(-0.08, 0.08),
        upwards=chance(rng, 0.95),
    )
    texture = drum_texture(face, shape)
    standing = drum_positions(position, digits) + rng.normal(0, rng.choice([0.02, 0.06]), digits)
    # Few windows are centred on their drums, and the last is often off by its own amount: nobody can tell
    # from one picture on which side of the middle it stands.
    standing[-1] = position + rng.normal(0, rng.choice([0.02, 0.08]))
    standing = (standing + rng.normal(0, 0.03)) % 10
    shade = np.cos(np.linspace(-1, 1, WINDOW_HEIGHT) * rng.uniform(0, 1.2)).astype(np.float32)[:, None, None]
    wear = rng.uniform(0.7, 1)
    # Red fades sooner than white, and a drum in a frame of its own gets less light.
    decimal_wear = wear * (rng.uniform(0.45, 1) if chance(rng, 0.35) else 1.0)
    ticks = chance(rng, 0.3)
    cells = []
    for index in range(digits):
        is_decimal = index >= digits - decimals
        printed = drum_view(texture, shape, float(standing[index]), WINDOW_HEIGHT)
        alpha = (printed * (decimal_wear if is_decimal else wear))[..., None]
        ground = look.decimal_ground if is_decimal else look.ground
        ink = look.decimal_ink if is_decimal else look.ink
        cell = ground * (1 - alpha) + ink * alpha
        if ticks and index == digits - 1:
            _graduate(cell, float(standing[index]), pitch, ink, rng)
        cells.append((cell * shade).astype(np.float32))
    return cells


def _graduate(cell: Floats, position: float, pitch: int, ink: Floats, rng: np.random.Generator) -> None:
    """Draws the tenths that some last drums carry at their right edge, in place."""
    height, width = cell.shape[:2]
    short = int(rng.integers(2, 8))
    for tenth in range(-12, 24):
        row = int(height / 2 + (tenth / 10 - position % 1) * pitch)
        if 0 <= row < height:
            reach = short + 3 if tenth % 10 == 0 else short
            cell[row : row + 1, max(0, width - reach) :] = ink


def display_cells(rng: np.random.Generator, face: Typeface, text: str) -> tuple[list[Floats], Floats]:
    """The digits of a liquid-crystal or lit display and its glass's colour; a space is an unlit place."""
    if chance(rng, 0.8):
        glass = np.array([rng.uniform(90, 205), rng.uniform(110, 215), rng.uniform(80, 200)], np.float32)
        ink = glass * np.float32(rng.uniform(0.1, 0.6))
    else:
        glass = np.array([rng.uniform(5, 60), rng.uniform(5, 60), rng.uniform(10, 160)], np.float32)
        ink = np.full(3, rng.uniform(150, 255), np.float32)
    ruled = chance(rng, 0.35)
    height = int(rng.uniform(26, 38) if ruled else rng.uniform(30, 46))
    width = int(height * rng.uniform(0.5, 0.85))
    slant = rng.uniform(0.03, 0.16) if chance(rng, 0.35) else 0.0
    shape = DrumShape(WINDOW_HEIGHT, width, height, stretch=rng.uniform(0.85, 1.1))
    texture = drum_texture(face, shape)
    ghost = rng.uniform(0, 0.14) if chance(rng, 0.5) else 0.0
    unlit = drum_view(texture, shape, 8.0, WINDOW_HEIGHT) * ghost
    # The glass is a little above its ground, on which lit segments cast a shadow.
    shadow = rng.uniform(0.1, 0.4) if chance(rng, 0.35) else 0.0
    away = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    rules = _rules(rng, unlit.shape, (WINDOW_HEIGHT - height) // 2) if ruled else np.zeros_like(unlit)
    strengths = edge_strengths(rng, unlit.shape[1], len(text))
    cells = []
    for figure, strength in zip(text, strengths, strict=True):
        is_lit = figure.isdigit()
        lit = drum_view(texture, shape, float(figure), WINDOW_HEIGHT) if is_lit else np.zeros_like(unlit)
        cast = np.roll(lit, away, (0, 1)) * shadow
        alpha = np.maximum(np.max([lit, cast, unlit], axis=0) * strength, rules)[..., None]
        cell = (glass * (1 - alpha) + ink * alpha).astype(np.float32)
        if slant:
            lean = np.array([[1, -slant, slant * WINDOW_HEIGHT / 2], [0, 1, 0]], np.float32)
            size = (cell.shape[1], cell.shape[0])
            cell = np.asarray(cv2.warpAffine(cell, lean, size, borderMode=cv2.BORDER_REPLICATE), np.float32)
        cells.append(cell)
    return cells, glass


def edge_strengths(rng: np.random.Generator, width: int, digits: int) -> list[Floats]:
    """How far segments stand out in each digit, see `edge_strength`.

    The whole display pales where it is seen aslant; a reflection takes single digits.
    """
    if chance(rng, 0.7):
        return list(np.split(edge_strength(rng, width * digits), digits, axis=1))
    return [edge_strength(rng, width) for _ in range(digits)]


def edge_strength(rng: np.random.Generator, width: int) -> Floats:
    """How far segments stand out in each place of a display, up to 1: seen aslant, they pale to one edge."""
    strength = np.ones((WINDOW_HEIGHT, width), np.float32)
    if chance(rng, 0.4):
        is_opposite, is_sideways = divmod(int(rng.integers(4)), 2)
        length = width if is_sideways else WINDOW_HEIGHT
        away = np.linspace(0, 1, length, dtype=np.float32) / np.float32(rng.uniform(0.25, 1))
        profile = 1 - np.float32(rng.uniform(0.3, 0.97)) * (1 - np.clip(away, 0, 1)) ** rng.uniform(0.4, 2)
        strength *= profile if is_sideways else profile[:, None]
        if is_opposite:
            strength = strength[::-1, ::-1]
    return strength


def _rules(rng: np.random.Generator, shape: tuple[int, ...], margin: int) -> Floats:
    """The lines that some displays show above and below their digits, easily taken for a digit's own bars."""
    height, width = shape
    rules = np.zeros((height, width), np.float32)
    thickness = int(rng.integers(1, 4))
    row = int(rng.integers(0, max(1, margin - thickness)))
    inset = int(rng.uniform(0, 0.2) * width) * chance(rng, 0.6)
    columns = slice(inset, width - inset)
    above, below = [(True, True), (True, False), (False, True)][int(rng.choice(3, p=[0.6, 0.2, 0.2]))]
    strength = rng.uniform(0.5, 1)
    rules[row : row + thickness, columns] = strength * above
    rules[height - row - thickness : height - row, columns] = strength * below
    return rules


def drawn_strip(rng: np.random.Generator, faces: Sequence[Typeface], light: Light = "fair") -> Strip:
    """A counter drawn with one of `faces`, photographed at random.

    Args:
        rng: Source of everything random.
        faces: What to print the digits with.
        light: `clean` for the drawing itself; `fair` where every drum can be told; `harsh` where a speck, a
            shade or fading may have taken some of them.
    """
    while True:
        strip, cut = _drawing(rng, faces)
        seen = strip.picture if light == "clean" else legibly_photographed(cut.picture, rng, told(cut, light))
        if seen is not None:
            return replace(strip, picture=seen)


def told(cut: Cut, light: Light) -> Sequence[DrumBox]:
    """The drums that each must be legible in such light."""
    return cut.drums if light == "fair" else ()


def _drawing(rng: np.random.Generator, faces: Sequence[Typeface]) -> tuple[Strip, Cut]:
    """A counter before it is photographed."""
    face = faces[int(rng.integers(len(faces)))]
    digits = random_digits(rng)
    position = random_position(rng, digits)
    text, half_step = label_of(position, digits)
    decimals = int(rng.choice([0, 1, 2, 3], p=[0.3, 0.5, 0.1, 0.1]))
    if face.is_lcd:
        half_step = False
        if chance(rng, 0.3):
            text = (text.lstrip("0") or "0").rjust(3, "0")
        unlit = int(rng.integers(1, 4)) if chance(rng, 0.15) else 0
        cells, glass = display_cells(rng, face, " " * unlit + text)
        plate = Plate(glass, ink=glass * 0.3, decimals=decimals, is_display=True)
    else:
        unlit = 0
        look = random_look(rng)
        cells = drawn_cells(rng, face, position, digits=digits, look=look, decimals=decimals)
        plate = Plate(look.ground, look.ink, decimals=decimals, is_display=False)
    canvas, box = surround(rng, cells, plate, None if face.is_lcd else face.font)
    cut = crop(rng, canvas, replace(box, lefts=box.lefts[unlit:]), (STRIP_WIDTH, STRIP_HEIGHT))
    clean = np.clip(cut.picture, 0, 255).astype(np.uint8)
    return Strip(clean, text, half_step, None if face.is_lcd else tenth_of(position)), cut
