"""The still parts of a meter in its cupboard: wall, case, plate with lettering, and the register's bezel."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.rendering.degrade import Floats, chance
from models.rendering.drums import DrumShape
from models.rendering.glyphs import Typeface, own_typefaces
from models.rendering.lettering import lettering, stamp

WIDTH, HEIGHT = 648, 486
REGISTER_TOP, DRUM_HEIGHT = 168, 42
_WIDEST_REGISTER = 330
_SCALED_DRUMS = 5
_MAKERS = ("ELEKTRA", "NORDWERK", "AMPERIA", "VOLTANA", "LUMEN & SOHN")
_INK = np.array([38, 40, 42], np.float32)


@dataclass(frozen=True, slots=True)
class Register:
    """Where the drums stand on the plate, in pixels of the upright scene, and how they are printed."""

    lefts: tuple[int, ...]
    top: int
    width: int
    typeface: Typeface
    shape: DrumShape
    ground: Floats
    ink: Floats
    decimal_ground: Floats
    offsets: tuple[float, ...]

    @property
    def right(self) -> int:
        """The right edge of the last drum."""
        return self.lefts[-1] + self.width


def register_of(digits: int, decimals: int, seed: int) -> Register:
    """The register of a meter; the same numbers always give the same one."""
    rng = np.random.default_rng([seed, 1])
    gap = int(rng.integers(6, 10))
    width = min(32, (_WIDEST_REGISTER - (digits - 1) * gap) // digits)
    row = digits * width + (digits - 1) * gap
    left = (WIDTH - row) // 2 - 18
    faces = [
        face
        for face in own_typefaces()
        if face.name in {"own round-0.9/0.14", "own round-0.8/0.1", "own cornered-0.9/0.14", "aileron"}
    ]
    pitch = int(rng.integers(29, 34))
    # Twice the size of the frame: the drums are drawn large and shrunk, so that small turns show.
    shape = DrumShape(
        2 * pitch, 2 * width, int(2 * pitch * rng.uniform(0.70, 0.78)), stretch=1.0, curvature=0.85
    )
    dark = rng.uniform(16, 30)
    decimal = (
        np.array([150, 24, 26], np.float32) if decimals and chance(rng, 0.4) else np.full(3, dark, np.float32)
    )
    return Register(
        lefts=tuple(left + index * (width + gap) for index in range(digits)),
        top=REGISTER_TOP,
        width=width,
        typeface=faces[int(rng.integers(len(faces)))],
        shape=shape,
        ground=np.full(3, dark, np.float32),
        ink=np.array([232, 230, 222], np.float32) * np.float32(rng.uniform(0.88, 1)),
        decimal_ground=decimal,
        offsets=(*(float(value) for value in rng.normal(0, 0.02, digits - 1)), 0.0),
    )


@lru_cache(maxsize=8)
def still_scene(digits: int, decimals: int, seed: int) -> NDArray[np.uint8]:
    """The upright scene without what moves, RGB `(486, 648, 3)`."""
    rng = np.random.default_rng([seed, 2])
    register = register_of(digits, decimals, seed)
    canvas = _wall(rng)
    _case(canvas, rng)
    _plate(canvas, rng)
    _lettering(canvas, rng, register, decimals)
    _bezel(canvas, register, decimals)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _wall(rng: np.random.Generator) -> Floats:
    """Painted plaster with a cable along it."""
    canvas = np.empty((HEIGHT, WIDTH, 3), np.float32)
    canvas[:] = np.array([176, 172, 158], np.float32) * np.float32(rng.uniform(0.75, 0.95))
    grain = rng.normal(0, 1, (HEIGHT // 6, WIDTH // 6)).astype(np.float32)
    rough = cv2.resize(grain, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    canvas += (3.0 * rough)[..., None]
    x = int(rng.integers(18, 40))
    for offset, level in ((0, 0.35), (3, 0.55), (6, 0.8), (9, 0.6), (12, 0.3)):
        cv2.line(canvas, (x + offset, 0), (x + offset + 14, HEIGHT), (60 + 120 * level,) * 3, 4, cv2.LINE_AA)
    return canvas


def _rounded(canvas: Floats, corners: tuple[int, int, int, int], radius: int, ink: Floats) -> None:
    """Fills a rectangle with round corners in place; `corners` is x0, y0, x1, y1."""
    x0, y0, x1, y1 = corners
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.rectangle(mask, (x0 + radius, y0), (x1 - radius, y1), 255, -1)
    cv2.rectangle(mask, (x0, y0 + radius), (x1, y1 - radius), 255, -1)
    for x in (x0 + radius, x1 - radius):
        for y in (y0 + radius, y1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    canvas += (ink - canvas) * (mask.astype(np.float32) / 255)[..., None]


def _case(canvas: Floats, rng: np.random.Generator) -> None:
    """The meter's dark case, its shadow on the wall, its glass rim, and the seal screws."""
    shadow = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    _rounded(shadow, (76, 42, 608, 470), 60, np.ones(3, np.float32))
    canvas *= 1 - 0.55 * cv2.GaussianBlur(shadow, (0, 0), 14)
    _rounded(
        canvas, (62, 26, 590, 458), 54, np.array([46, 47, 49], np.float32) * np.float32(rng.uniform(0.8, 1.2))
    )
    _rounded(canvas, (74, 36, 578, 446), 46, np.array([92, 95, 96], np.float32))
    _rounded(canvas, (78, 41, 574, 442), 44, np.array([70, 72, 74], np.float32))


def _plate(canvas: Floats, rng: np.random.Generator) -> None:
    """The printed plate under the glass, a little uneven and scuffed, with its two screws."""
    tint = np.array([206, 208, 202], np.float32) * np.float32(rng.uniform(0.92, 1.04))
    _rounded(canvas, (98, 60, 554, 424), 18, tint)
    scuffs = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 5)
    canvas[62:422, 100:552] += (14 * scuffs)[62:422, 100:552, None]
    for x, y in ((118, 242), (534, 242)):
        cv2.circle(canvas, (x, y), 9, (120, 122, 122), -1, cv2.LINE_AA)
        cv2.circle(canvas, (x - 1, y - 1), 7, (176, 178, 176), -1, cv2.LINE_AA)
        angle = rng.uniform(0, np.pi)
        dx, dy = int(6 * np.cos(angle)), int(6 * np.sin(angle))
        cv2.line(canvas, (x - dx, y - dy), (x + dx, y + dy), (80, 80, 80), 2, cv2.LINE_AA)


def _lettering(canvas: Floats, rng: np.random.Generator, register: Register, decimals: int) -> None:
    """Maker, kind of meter, ratings, serial number with its bar code, the unit beside the register."""
    serial = "".join(str(figure) for figure in rng.integers(0, 10, 7))
    lines = [
        (_MAKERS[int(rng.integers(len(_MAKERS)))], 124, 78, 19),
        ("Single-phase electricity meter", 124, 108, 11),
        ("230 V   10(40) A   50 Hz   Cl. 2", 124, 352, 11),
        ("375 rev/kWh", 420, 352, 11),
        (f"No. {serial[:1]} {serial[1:4]} {serial[4:]}", 124, 384, 15),
        ("Property of the", 420, 78, 9),
        ("grid operator", 420, 92, 9),
        ("1987", 512, 384, 11),
    ]
    for text, x, y, size in lines:
        stamp(canvas, lettering(None, text, size), (x, y), _INK)
    stamp(canvas, lettering(None, "kWh", 25), (register.right + 26, register.top + 9), _INK)
    x = 300
    for bar in rng.integers(1, 4, 34).tolist():
        cv2.rectangle(canvas, (x, 380), (x + bar - 1, 402), _INK.tolist(), -1)
        x += bar + int(rng.integers(1, 4))
    for index, left in enumerate(register.lefts):
        place = len(register.lefts) - 1 - index - decimals
        if place < _SCALED_DRUMS:
            scale = lettering(
                None, str(10**place) if place >= 0 else f"1/{10**-place}", 7 if place >= 0 else 9
            )
            stamp(canvas, scale, (left + (register.width - scale.shape[1]) // 2, register.top - 24), _INK)


def _bezel(canvas: Floats, register: Register, decimals: int) -> None:
    """The black band about the drums, the red frame about the decimals, and the slot of the rotor disc."""
    left, right, top = register.lefts[0], register.right, register.top
    _rounded(
        canvas,
        (left - 13, top - 12, right + 13, top + DRUM_HEIGHT + 12),
        5,
        np.array([120, 122, 120], np.float32),
    )
    _rounded(canvas, (left - 11, top - 10, right + 11, top + DRUM_HEIGHT + 10), 4, np.full(3, 20, np.float32))
    if decimals:
        first = register.lefts[len(register.lefts) - decimals]
        red = np.array([176, 30, 30], np.float32)
        _rounded(canvas, (first - 5, top - 7, right + 6, top + DRUM_HEIGHT + 7), 3, red)
    _rounded(canvas, (190, 268, 462, 306), 6, np.array([96, 98, 98], np.float32))
    _rounded(canvas, (192, 271, 460, 304), 5, np.array([28, 29, 30], np.float32))
