"""Strips glued from pictures of real drums, meters kept apart for validation."""

import hashlib
import io
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from models.rendering.cutting import crop
from models.rendering.degrade import Floats, chance
from models.rendering.drums import drum_positions, label_of, tenth_of
from models.rendering.legibility import legibly_photographed
from models.rendering.lettering import contrasting
from models.rendering.plate import Plate, surround
from models.rendering.strips import (
    STRIP_HEIGHT,
    STRIP_WIDTH,
    WINDOW_HEIGHT,
    Light,
    Strip,
    edge_strengths,
    random_digits,
    random_position,
    told,
)

DRUM_HEIGHT, DRUM_WIDTH = 32, 20
_ENOUGH_DIGITS = 7
_ROLLING_FROM = 0.05
# So many digits of one device, none of them between two positions, are a display's.
_TELLING_DIGITS = 20
# Of the counters glued from one meter, so many are a display: few meters of the collection are, many at home.
_DISPLAY_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class DrumBank:
    """Pictures of single drums: RGB `(n, 32, 20, 3)`, position in tenths of a step (0 to 99), meter."""

    pictures: NDArray[np.uint8]
    tenths: NDArray[np.int64]
    meters: NDArray[np.str_]
    is_lcd: NDArray[np.bool_]
    by_tenth: dict[tuple[str, int], NDArray[np.int64]]
    whole_meters: tuple[str, ...]
    displays: frozenset[str]


def is_held_out(name: str) -> bool:
    """Whether a meter or a font family is kept for validation: one in seven, by its name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 7 == 0


def make_of(meter: str) -> str:
    """The make in a drum's meter name, without date and series: one device may stand under several dates."""
    return "/".join(meter.split("/")[:2]).split("_20")[0].replace(".", " ")


def load_drums(path: Path, *, held_out: bool) -> DrumBank:
    """The drums of the training meters, or of the held-out ones, without those labelled unreadable."""
    table = pl.read_parquet(path).filter(pl.col("position") != "N")
    keep = [is_held_out(make_of(meter)) == held_out for meter in table["meter"]]
    table = table.filter(pl.Series(keep))
    pictures = np.empty((len(table), DRUM_HEIGHT, DRUM_WIDTH, 3), np.uint8)
    for row, jpeg in enumerate(table["jpeg"]):
        with Image.open(io.BytesIO(jpeg)) as opened:
            picture = np.asarray(opened.convert("RGB"))
        pictures[row] = cv2.resize(picture, (DRUM_WIDTH, DRUM_HEIGHT), interpolation=cv2.INTER_AREA)
    tenths = np.round(table["position"].cast(pl.Float64).to_numpy() * 10).astype(np.int64) % 100
    meters = table["meter"].to_numpy().astype(np.str_)
    is_lcd = table["kind"].str.starts_with("lcd").to_numpy() | _never_turning(meters, tenths)
    return _indexed(pictures, tenths, meters, is_lcd)


def _never_turning(meters: NDArray[np.str_], tenths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows belong to displays that the collection files among the drums."""
    rows = pl.DataFrame({"meter": meters, "turns": tenths % 10 != 0})
    found = (~pl.col("turns").any() & (pl.len() >= _TELLING_DIGITS)).over("meter")
    return rows.select(found).to_series().to_numpy()


def _indexed(
    pictures: NDArray[np.uint8],
    tenths: NDArray[np.int64],
    meters: NDArray[np.str_],
    is_lcd: NDArray[np.bool_],
) -> DrumBank:
    lists: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, (tenth, meter, lcd) in enumerate(
        zip(tenths.tolist(), meters.tolist(), is_lcd.tolist(), strict=True)
    ):
        lists[meter, tenth].append(index)
        if not lcd:
            lists["", tenth].append(index)
    by_tenth = {key: np.array(indices) for key, indices in lists.items()}
    standing = {
        (meter, round(tenth / 10) % 10) for meter, tenth in by_tenth if abs(tenth - round(tenth, -1)) <= 1
    }
    whole = [
        m
        for m in sorted(set(meters.tolist()))
        if sum((m, d) in standing for d in range(10)) >= _ENOUGH_DIGITS
    ]
    displays = frozenset(meters[is_lcd].tolist())
    return DrumBank(pictures, tenths, meters, is_lcd, by_tenth, tuple(whole), displays)


def _pick(rng: np.random.Generator, bank: DrumBank, meter: str, tenth: int, slack: int) -> int | None:
    """A drum of the meter near a position; `slack` in tenths; of any meter where it has none."""
    for name in (meter, ""):
        near = [
            bank.by_tenth[name, (tenth + d) % 100]
            for d in range(-slack, slack + 1)
            if (name, (tenth + d) % 100) in bank.by_tenth
        ]
        if near:
            chosen = near[int(rng.integers(len(near)))]
            return int(chosen[int(rng.integers(len(chosen)))])
    return None


def glued_strip(
    rng: np.random.Generator, bank: DrumBank, light: Light = "fair", *, pales: bool = False
) -> Strip:
    """A counter put together from real drums, most of one meter, photographed again as in `drawn_strip`.

    Args:
        rng: Source of everything random.
        bank: What to glue from.
        light: As in `drawn_strip`.
        pales: Whether displays may be seen aslant, paler towards an edge than their pictures are.
    """
    while True:
        chosen = _chosen(rng, bank)
        seen = _glue(rng, bank, chosen, light, pales=pales and chosen.is_lcd)
        if seen is not None:
            text, half_step = label_of(chosen.position, len(chosen.drums))
            return Strip(seen, text, half_step, None if chosen.is_lcd else tenth_of(chosen.position))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Rows of a bank's drums that make up a counter at a position of the register."""

    drums: list[int]
    position: float
    is_lcd: bool


def _meter(rng: np.random.Generator, bank: DrumBank) -> str:
    """A meter whose digits make whole counters, displays more often than their number; empty for none."""
    mechanical = [meter for meter in bank.whole_meters if meter not in bank.displays]
    displays = [meter for meter in bank.whole_meters if meter in bank.displays]
    chosen = displays if displays and (not mechanical or chance(rng, _DISPLAY_SHARE)) else mechanical
    return chosen[int(rng.integers(len(chosen)))] if chosen else ""


def _chosen(rng: np.random.Generator, bank: DrumBank) -> _Chosen:
    while True:
        digits = random_digits(rng)
        meter = _meter(rng, bank) if chance(rng, 0.75) else ""
        lcd = meter in bank.displays
        position = np.floor(random_position(rng, digits) * 10) / 10
        if lcd or chance(rng, 0.2):
            position = np.floor(position)
        standing = drum_positions(float(position) + 1e-6, digits)
        chosen = [
            _pick(rng, bank, meter, int(p * 10), 0 if p % 1 > _ROLLING_FROM else 1) for p in standing[:-1]
        ]
        # As in `drawn_cells`: few windows are centred on their drums.
        off = 0 if lcd else int(rng.choice([-1, 0, 1], p=[0.15, 0.7, 0.15]))
        chosen.append(_pick(rng, bank, meter, int(standing[-1] * 10) + off, 0))
        found = [index for index in chosen if index is not None]
        if len(found) == digits:
            return _Chosen(found, float(position) + 1e-6, lcd)


def _glue(
    rng: np.random.Generator, bank: DrumBank, chosen: _Chosen, light: Light, *, pales: bool
) -> NDArray[np.uint8] | None:
    width = int(rng.uniform(24, 42))
    cells: list[Floats] = []
    # Pictures of a display's digits show the edges of their neighbours, which in a row are elsewhere.
    away = rng.uniform(0.03, 0.12, 2) if chosen.is_lcd else np.zeros(2)
    rows, columns = (
        slice(round(share * length), length - round(share * length))
        for share, length in zip(away, (DRUM_HEIGHT, DRUM_WIDTH), strict=True)
    )
    for index in chosen.drums:
        drum = bank.pictures[index][rows, columns]
        cell = cv2.resize(drum, (width, WINDOW_HEIGHT), interpolation=cv2.INTER_CUBIC)
        cells.append(np.asarray(cell, np.float32))
    cells = paled(rng, cells) if pales else cells
    ground = np.median(np.concatenate([cells[0][:, :2], cells[-1][:, -2:]]).reshape(-1, 3), axis=0).astype(
        np.float32
    )
    last = cells[-1].mean((0, 1))
    decimals = int(last[0] > 1.25 * last[1:].max())
    plate = Plate(ground, contrasting(rng, ground), decimals, is_display=chosen.is_lcd)
    canvas, box = surround(rng, cells, plate, None)
    cut = crop(rng, canvas, box, (STRIP_WIDTH, STRIP_HEIGHT))
    if light == "clean" or chance(rng, 0.25):
        return np.clip(cut.picture, 0, 255).astype(np.uint8)
    return legibly_photographed(cut.picture, rng, told(cut, light), worst_blur=0.7)


def paled(rng: np.random.Generator, cells: list[Floats]) -> list[Floats]:
    """A display's digits as they look from aslant; most of a digit's picture is glass."""
    strengths = edge_strengths(rng, cells[0].shape[1], len(cells))
    glasses = [np.median(cell, axis=(0, 1)) for cell in cells]
    return [
        glass + (cell - glass) * strength[..., None]
        for cell, glass, strength in zip(cells, glasses, strengths, strict=True)
    ]
