"""What stands about a counter in a camera's picture: walls, cases, plates with what they carry, cables."""

import cv2
import numpy as np

from models.rendering.degrade import Floats, chance
from models.rendering.fittings import FITTINGS, Box, fit
from models.rendering.inscriptions import Font, bar_code, inscribe, lines, table
from models.rendering.lettering import contrasting

# What stands on a plate or case, and how often.
_KINDS = {
    "words": 0.3,
    "serial": 0.13,
    "bars": 0.08,
    "dial": 0.06,
    "screw": 0.04,
    "slot": 0.06,
    "rule": 0.03,
    "sticker": 0.04,
    "table": 0.09,
    "lines": 0.08,
    "terminals": 0.04,
    "buttons": 0.03,
    "diagram": 0.02,
}


def wall(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """A background of `size` (width, height): flat, shaded, grained, boarded, tiled or cluttered."""
    # Walls are soft: half the size is enough, and four times as quick.
    width, height = (size[0] + 1) // 2, (size[1] + 1) // 2
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:] = np.clip(rng.uniform(5, 235) + rng.normal(0, 22, 3), 0, 255)
    kind = rng.choice(["flat", "grain", "boards", "tiles", "clutter"], p=[0.2, 0.3, 0.1, 0.1, 0.3])
    if kind in {"grain", "clutter", "boards"}:
        for cells in (rng.integers(2, 8), rng.integers(20, 80)):
            coarse = rng.normal(0, rng.uniform(2, 28), (int(cells), int(cells), 3)).astype(np.float32)
            canvas += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if kind in {"boards", "tiles"}:
        _seams(rng, canvas, crossed=kind == "tiles")
    if kind == "clutter":
        _clutter(rng, canvas)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _seams(rng: np.random.Generator, canvas: Floats, *, crossed: bool) -> None:
    height, width = canvas.shape[:2]
    ink, thickness = contrasting(rng, canvas.mean((0, 1))).tolist(), int(rng.integers(1, 6))
    step = int(rng.uniform(0.08, 0.4) * width)
    for x in range(int(rng.integers(step)), width, step):
        cv2.line(canvas, (x, 0), (x + int(rng.normal(0, 8)), height), ink, thickness, cv2.LINE_AA)
    if crossed:
        for y in range(int(rng.integers(step)), height, step):
            cv2.line(canvas, (0, y), (width, y + int(rng.normal(0, 8))), ink, thickness, cv2.LINE_AA)


def _clutter(rng: np.random.Generator, canvas: Floats) -> None:
    """Boxes, pipes, discs and cables of any colour, in place."""
    height, width = canvas.shape[:2]
    for _ in range(int(rng.integers(2, 12))):
        ink = np.clip(rng.uniform(0, 255) + rng.normal(0, 40, 3), 0, 255).tolist()
        (x0, y0), (x1, y1) = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int).tolist()
        kind = int(rng.integers(4))
        if kind == 0:
            cv2.rectangle(canvas, (x0, y0), (x1, y1), ink, int(rng.choice([-1, -1, 2, 6])))
        elif kind == 1:
            cv2.circle(canvas, (x0, y0), int(rng.uniform(0.02, 0.25) * width), ink, -1, cv2.LINE_AA)
        else:
            cable(rng, canvas)


def cable(rng: np.random.Generator, canvas: Floats) -> None:
    """A cable, pipe or seal's wire right across the picture, lit along its middle, in place."""
    height, width = canvas.shape[:2]
    a, b = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int).tolist()
    thickness = int(rng.choice([1, 2, 3, 8, 30], p=[0.2, 0.25, 0.25, 0.2, 0.1]) * width / 640) + 1
    ink = np.clip(rng.uniform(0, 255) + rng.normal(0, 30, 3), 0, 255)
    cv2.line(canvas, a, b, ink.tolist(), thickness, cv2.LINE_AA)
    if thickness > 3:  # noqa: PLR2004 thinner ones show no light along them
        cv2.line(canvas, a, b, (ink * 0.5 + 120).tolist(), max(1, thickness // 4), cv2.LINE_AA)


def body(rng: np.random.Generator, canvas: Floats, box: Box, *, is_round: bool) -> None:
    """A case or plate over `box`, round or cornered, with a rim and now and then a shadow, in place."""
    x0, y0, x1, y1 = (round(value) for value in box)
    ground = np.clip(rng.choice([rng.uniform(10, 90), rng.uniform(120, 250)]) + rng.normal(0, 10, 3), 0, 255)
    rim = contrasting(rng, ground.astype(np.float32)).tolist()
    thickness = int(rng.choice([0, 1, 2, 6, 14])) if chance(rng, 0.7) else 0
    if is_round:
        centre, radius = ((x0 + x1) // 2, (y0 + y1) // 2), (x1 - x0) // 2
        cv2.circle(canvas, centre, radius + thickness, rim, -1, cv2.LINE_AA)
        cv2.circle(canvas, centre, radius, ground.tolist(), -1, cv2.LINE_AA)
        return
    if chance(rng, 0.4):
        offset = int(rng.integers(4, 16))
        cv2.rectangle(canvas, (x0 + offset, y0 + offset), (x1 + offset, y1 + offset), (15, 15, 15), -1)
    cv2.rectangle(
        canvas, (x0 - thickness, y0 - thickness), (x1 + thickness, y1 + thickness), rim, -1, cv2.LINE_AA
    )
    cv2.rectangle(canvas, (x0, y0), (x1, y1), ground.tolist(), -1)


def furnish(rng: np.random.Generator, canvas: Floats, box: Box, kept_free: Box, font: Font) -> list[Box]:
    """Prints and mounts what meters carry within `box`, in place and out of the way of `kept_free`.

    Returns:
        Where the things are that might be taken for a counter.
    """
    x0, y0, x1, y1 = box
    wide = kept_free[2] - kept_free[0]
    mounted: list[Box] = []
    for _ in range(int(rng.integers(3, 26))):
        kind = rng.choice(
            list(_KINDS),
            p=list(_KINDS.values()),
        )
        width = wide * float(np.exp(rng.uniform(np.log(0.06), np.log(1.1))))
        height = _height_of(rng, kind, width)
        for _ in range(4):
            x, y = rng.uniform(x0, max(x1 - width, x0 + 1)), rng.uniform(y0, max(y1 - height, y0 + 1))
            if not _overlap((x, y, x + width, y + height), kept_free):
                mounted += _mount(rng, canvas, kind, (x, y, x + width, y + height), font)
                break
    return mounted


def _height_of(rng: np.random.Generator, kind: str, width: float) -> float:
    shares = {
        "words": (0.06, 0.3),
        "serial": (0.1, 0.24),
        "bars": (0.1, 0.4),
        "slot": (0.07, 0.2),
        "table": (0.15, 0.6),
        "lines": (0.2, 0.8),
        "terminals": (0.08, 0.3),
        "buttons": (0.2, 0.5),
    }
    if kind in {"dial", "screw"}:
        return width
    low, high = shares.get(kind, (0.1, 0.7))
    return max(3.0, width * rng.uniform(low, high))


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _mount(rng: np.random.Generator, canvas: Floats, kind: str, box: Box, font: Font) -> list[Box]:
    """Mounts a thing in place; returns where something is that might be taken for a counter."""
    height, width = canvas.shape[:2]
    x, y = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
    ground = canvas[min(y + 2, height - 1), x].copy()
    ink = contrasting(rng, ground) if chance(rng, 0.85) else np.array([200, 30, 30], np.float32)
    if kind in {"words", "serial"}:
        return [inscribe(rng, canvas, box, ink, font, serial=kind == "serial")]
    if kind in {"table", "lines"}:
        return (table if kind == "table" else lines)(rng, canvas, box, ink, font)
    if kind in {"dial", "screw", "rule"}:
        _adorn(rng, canvas, kind, box, ink)
        return []
    if kind == "bars":
        bar_code(rng, canvas, box, ink, font)
    elif kind in FITTINGS:
        fit(rng, canvas, kind, box, ink)
    elif kind == "slot":
        _slot(rng, canvas, box, ground)
    else:
        body(rng, canvas, box, is_round=False)
        inscribe(rng, canvas, box, contrasting(rng, canvas[y, x]), font, serial=chance(rng, 0.5))
    return [box]


def _adorn(rng: np.random.Generator, canvas: Floats, kind: str, box: Box, ink: Floats) -> None:
    """What nobody takes for a counter: a dial, a screw, a line."""
    if kind == "dial":
        _dial(rng, canvas, box, ink)
    elif kind == "screw":
        _screw(rng, canvas, box)
    else:
        start = round(box[0]), round(box[1])
        end = (round(box[2]), start[1]) if chance(rng, 0.6) else (start[0], round(box[3]))
        cv2.line(canvas, start, end, ink.tolist(), int(rng.integers(1, 4)), cv2.LINE_AA)


def _dial(rng: np.random.Generator, canvas: Floats, box: Box, ink: Floats) -> None:
    """A pointer on its scale, or a star wheel."""
    centre = (round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    radius = max(4, round((box[2] - box[0]) / 2))
    if chance(rng, 0.5):
        cv2.circle(canvas, centre, radius, (238, 238, 234), -1, cv2.LINE_AA)
        ink = np.full(3, 30, np.float32)
    cv2.circle(canvas, centre, radius, ink.tolist(), max(1, radius // 14), cv2.LINE_AA)
    for angle in np.linspace(0, 2 * np.pi, 11)[:-1]:
        along = np.array([np.cos(angle), np.sin(angle)])
        a, b = (np.array(centre) + along * radius * f for f in (0.75, 0.95))
        cv2.line(canvas, a.astype(int).tolist(), b.astype(int).tolist(), ink.tolist(), 1, cv2.LINE_AA)
    red = np.array([200, 30, 25], np.float32) if chance(rng, 0.75) else ink
    angle = rng.uniform(0, 2 * np.pi)
    tip = np.array(centre) + 0.75 * radius * np.array([np.cos(angle), np.sin(angle)])
    side = 0.25 * radius * np.array([-np.sin(angle), np.cos(angle)])
    needle = np.array([tip, np.array(centre) + side, np.array(centre) - side]).astype(np.int32)
    cv2.fillPoly(canvas, [needle], red.tolist(), cv2.LINE_AA)
    cv2.circle(canvas, centre, max(2, radius // 4), red.tolist(), -1, cv2.LINE_AA)


def _screw(rng: np.random.Generator, canvas: Floats, box: Box) -> None:
    """A screw or seal head."""
    centre = (round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    radius = max(3, round((box[2] - box[0]) / 6))
    level = rng.uniform(60, 220)
    cv2.circle(canvas, centre, radius, (level * 0.6,) * 3, -1, cv2.LINE_AA)
    cv2.circle(canvas, centre, max(1, radius - 2), (level,) * 3, -1, cv2.LINE_AA)
    angle = rng.uniform(0, np.pi)
    reach = radius * np.array([np.cos(angle), np.sin(angle)])
    a, b = (np.array(centre) - reach).astype(int).tolist(), (np.array(centre) + reach).astype(int).tolist()
    cv2.line(canvas, a, b, (level * 0.4,) * 3, max(1, radius // 4), cv2.LINE_AA)


def _slot(rng: np.random.Generator, canvas: Floats, box: Box, ground: Floats) -> None:
    """The slot of the rotor disc, an empty window or a dark plate: like a counter's band, without digits."""
    x0, y0, x1, y1 = (round(value) for value in box)
    shade = contrasting(rng, ground)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), shade.tolist(), -1)
    if chance(rng, 0.6):
        middle = (y0 + y1) // 2
        light = contrasting(rng, shade).tolist()
        cv2.rectangle(canvas, (x0 + 4, middle - max(1, (y1 - y0) // 8)), (x1 - 4, middle + 1), light, -1)
        if chance(rng, 0.4):
            cv2.arrowedLine(
                canvas, ((x0 + x1) // 2, middle), (x1 - 6, middle), light, 2, cv2.LINE_AA, tipLength=0.3
            )
