"""What light, lens, dust and compression do to a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True as often as `probability` says."""
    return bool(rng.random() < probability)


def glow(picture: Floats, centre: tuple[float, float], spread: tuple[float, float], gain: float) -> None:
    """Adds a soft spot of light in place; `centre` and `spread` are (x, y) in pixels."""
    height, width = picture.shape[:2]
    across = np.exp(-(((np.arange(width, dtype=np.float32) - centre[0]) / spread[0]) ** 2))
    down = np.exp(-(((np.arange(height, dtype=np.float32) - centre[1]) / spread[1]) ** 2))
    picture += (gain * down[:, None] * across[None, :])[..., None]


def light(picture: Floats, rng: np.random.Generator) -> Floats:
    """Uneven, dim, tinted or flat light, as a new picture."""
    height, width = picture.shape[:2]
    lit = picture
    if chance(rng, 0.6):
        across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(rng.normal(0, 0.25))
        down = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(rng.normal(0, 0.2))
        lit = lit * (1 + across[None, :] + down[:, None])[..., None]
    if chance(rng, 0.2):
        edge = int(rng.integers(0, width))
        shade = np.ones(width, np.float32)
        shade[:edge] = rng.uniform(0.45, 0.9)
        lit = lit * (shade if chance(rng, 0.5) else shade[::-1])[None, :, None]
    mean = float(lit.mean())
    contrast = rng.uniform(0.35, 1.1) if chance(rng, 0.5) else rng.uniform(0.8, 1.5)
    lit = (lit - mean) * contrast + mean * rng.uniform(0.5, 1.4) + rng.uniform(-20, 20)
    if chance(rng, 0.2):
        lit = lit * rng.uniform(0.15, 0.6)
    lit = lit * (1 + rng.normal(0, 0.08 if chance(rng, 0.92) else 0.25, 3)).astype(np.float32)
    if chance(rng, 0.15):
        lit = np.repeat(lit.mean(2, keepdims=True), 3, 2)
    return lit.astype(np.float32)


def reflections(picture: Floats, rng: np.random.Generator) -> None:
    """Specks, glare and bright lines on the glass, in place."""
    height, width = picture.shape[:2]
    if chance(rng, 0.25):
        for _ in range(int(rng.integers(1, 5))):
            spread = (rng.uniform(1, 4), rng.uniform(0.8, 2.5))
            glow(picture, (rng.uniform(0, width), rng.uniform(0, height)), spread, rng.uniform(80, 230))
    if chance(rng, 0.3):
        for _ in range(int(rng.integers(1, 3))):
            spread = (rng.uniform(3, 18), rng.uniform(2, 12))
            glow(picture, (rng.uniform(0, width), rng.uniform(0, height)), spread, rng.uniform(30, 180))
    if chance(rng, 0.15):
        x = int(rng.integers(0, width))
        picture[:, x : x + int(rng.integers(1, 4))] += rng.uniform(30, 140)
    if chance(rng, 0.08):
        x = int(rng.integers(0, width))
        y = int(rng.integers(0, height))
        radius = int(rng.integers(2, 6))
        cv2.circle(picture, (x, y), radius, (rng.uniform(0, 255),) * 3, -1, cv2.LINE_AA)


def wires(picture: Floats, rng: np.random.Generator) -> None:
    """A sealing wire, a thread or a scratch across the glass, in place."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        start = np.array([rng.uniform(0, width), rng.uniform(-0.3, 0.3) * height])
        end = start + np.array([rng.normal(0, 0.12 * width), rng.uniform(0.3, 1.4) * height])
        bend = (start + end) / 2 + np.array([rng.normal(0, 0.06 * width), 0])
        along = np.linspace(0, 1, 12)[:, None]
        curve = (1 - along) ** 2 * start + 2 * along * (1 - along) * bend + along**2 * end
        level = rng.uniform(180, 255) if chance(rng, 0.7) else rng.uniform(0, 60)
        thickness = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
        cv2.polylines(picture, [curve.astype(np.int32)], False, (level,) * 3, thickness, cv2.LINE_AA)


def blur(picture: Floats, rng: np.random.Generator, worst: float) -> Floats:
    """Out of focus or moved while the shutter was open."""
    if chance(rng, 0.55):
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, worst)), np.float32)
    if chance(rng, 0.12):
        kernel = np.zeros((7, 7), np.float32)
        reach = int(rng.integers(2, 8))
        if chance(rng, 0.5):
            kernel[3, :reach] = 1 / reach
        else:
            kernel[:reach, 3] = 1 / reach
        picture = np.asarray(cv2.filter2D(picture, -1, kernel), np.float32)
    return picture


def compressed(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The picture after a round through JPEG."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def photographed(picture: Floats, rng: np.random.Generator, *, worst_blur: float = 1.1) -> NDArray[np.uint8]:
    """A random photograph of a clean drawing, RGB of the same size."""
    lit = light(picture, rng)
    reflections(lit, rng)
    if chance(rng, 0.12):
        wires(lit, rng)
    lit = blur(lit, rng, worst_blur)
    if chance(rng, 0.12):
        sharp = cv2.GaussianBlur(lit, (0, 0), 1.0)
        lit = lit + rng.uniform(0.5, 2.0) * (lit - sharp)
    if chance(rng, 0.6):
        lit = lit + rng.normal(0, rng.uniform(1, 11), lit.shape).astype(np.float32)
    seen = np.clip(lit, 0, 255).astype(np.uint8)
    return compressed(seen, int(rng.integers(25, 90))) if chance(rng, 0.4) else seen
