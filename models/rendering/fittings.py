"""Things on a meter that might be taken for its counter: terminals, buttons, wiring diagrams."""

from typing import TypeAlias

import cv2
import numpy as np

from models.rendering.degrade import Floats, chance

Box: TypeAlias = tuple[float, float, float, float]
FITTINGS = ("terminals", "buttons", "diagram")


def fit(rng: np.random.Generator, canvas: Floats, kind: str, box: Box, ink: Floats) -> None:
    """Mounts one of `FITTINGS` in place."""
    if kind == "terminals":
        _terminals(rng, canvas, box)
    elif kind == "buttons":
        _buttons(rng, canvas, box)
    else:
        _diagram(rng, canvas, box, ink)


def _terminals(rng: np.random.Generator, canvas: Floats, box: Box) -> None:
    """A dark block with a row or two of screws or wire holes, in place."""
    x0, y0, x1, y1 = (round(value) for value in box)
    level = rng.uniform(8, 80) if chance(rng, 0.8) else rng.uniform(120, 220)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), _grey(rng, level), -1)
    count, rows = int(rng.integers(4, 13)), int(rng.integers(1, 3))
    pitch = (x1 - x0) / count
    radius = max(1, round(min(0.4 * pitch, 0.4 * (y1 - y0) / rows) * rng.uniform(0.5, 1)))
    metal, hole = _grey(rng, rng.uniform(90, 235)), _grey(rng, rng.uniform(0, 60))
    has_walls = chance(rng, 0.6)
    for index in range(count):
        x = round(x0 + (index + 0.5) * pitch)
        if has_walls:
            wall = round(x0 + index * pitch)
            ridge = _grey(rng, level * 1.7 + 12)
            cv2.line(canvas, (wall, y0), (wall, y1), ridge, max(1, round(0.08 * pitch)))
        for row in range(rows):
            y = round(y0 + (row + 0.5) * (y1 - y0) / rows)
            cv2.circle(canvas, (x, y), radius, metal if row == 0 else hole, -1, cv2.LINE_AA)
            angle = rng.uniform(0, np.pi)
            reach = 0.8 * radius * np.array([np.cos(angle), np.sin(angle)])
            a, b = ((np.array([x, y]) + reach * sign).astype(int).tolist() for sign in (-1, 1))
            cv2.line(canvas, a, b, hole, max(1, radius // 4), cv2.LINE_AA)


def _buttons(rng: np.random.Generator, canvas: Floats, box: Box) -> None:
    """A row or column of push buttons or lamps on a panel, in place."""
    x0, y0, x1, y1 = box
    wide, high = x1 - x0, y1 - y0
    count = int(rng.integers(2, 5))
    if chance(rng, 0.6):
        cv2.rectangle(
            canvas, (round(x0), round(y0)), (round(x1), round(y1)), _grey(rng, rng.uniform(30, 240)), -1
        )
    along = np.array([wide, 0]) if wide > high else np.array([0, high])
    size = 0.42 * min(max(wide, high) / count, wide, high)
    face, rim = _grey(rng, rng.uniform(40, 250)), _grey(rng, rng.uniform(10, 200))
    is_round = chance(rng, 0.6)
    for index in range(count):
        middle = np.array([x0 + wide / 2, y0 + high / 2]) + along * ((index + 0.5) / count - 0.5)
        x, y = middle.astype(int).tolist()
        for reach, ink in ((size, rim), (0.78 * size, face)):
            if is_round:
                cv2.circle(canvas, (x, y), max(1, round(reach)), ink, -1, cv2.LINE_AA)
            else:
                half = round(reach)
                cv2.rectangle(canvas, (x - half, y - half // 2), (x + half, y + half // 2), ink, -1)
    if chance(rng, 0.4):
        lamp = [rng.uniform(150, 255), rng.uniform(0, 80), rng.uniform(0, 80)]
        cv2.circle(canvas, (round(x0 + wide / 2), round(y0 + high / 2)), max(1, round(0.3 * size)), lamp, -1)


def _diagram(rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats) -> None:
    """A wiring diagram: rules, boxes and small circles, in place."""
    x0, y0, x1, y1 = (round(value) for value in box)
    colour = ink.tolist()
    if chance(rng, 0.6):
        cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, 1)
    for _ in range(int(rng.integers(4, 14))):
        x, y = int(rng.integers(x0, max(x1, x0 + 1))), int(rng.integers(y0, max(y1, y0 + 1)))
        kind = int(rng.integers(4))
        if kind == 0:
            cv2.line(canvas, (x, y0), (x, y1), colour, 1)
        elif kind == 1:
            cv2.line(canvas, (x, y), (int(rng.integers(x0, max(x1, x0 + 1))), y), colour, 1)
        elif kind == 2:  # noqa: PLR2004 one of the four
            cv2.circle(canvas, (x, y), max(2, (y1 - y0) // 12), colour, 1, cv2.LINE_AA)
        else:
            side = max(2, (y1 - y0) // 6)
            cv2.rectangle(canvas, (x, y), (min(x + side, x1), min(y + side, y1)), colour, 1)


def _grey(rng: np.random.Generator, level: float) -> list[float]:
    """A grey with a little tint, as OpenCV takes colours."""
    tinted: list[float] = np.clip(level + rng.normal(0, 5, 3), 0, 255).tolist()
    return tinted
