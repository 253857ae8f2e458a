"""Proof: for every number of the newest days its pictures, and of the whole time those in doubt."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import polars as pl

from tasks.proof_pictures import Source, make_small, small_name
from tasks.reports.document import Navigation
from tasks.reports.language import say, speaking
from tasks.reports.proof_page import (
    Candidate,
    ProofPicture,
    anchor_of,
    build_day_proof,
    build_gallery,
)
from tasks.settings import Settings
from tasks.site_files import code_mark, fingerprint_of, remove_all_but, write_whole
from warehouse.connection import Warehouse

MOST_NEW = 300
MOST_OF_DAY = 150
MOST_IN_DOUBT = 120
MOST_CANDIDATES = 5
GALLERY = "gallery.html"
PICTURES = "pictures"


@dataclass(slots=True)
class Allowance:
    """How many pictures may still be drawn small in this run; the rest follow with the next."""

    left: int = MOST_NEW


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved of a meter, and where.

    Attributes:
        meter: its name.
        days: those with a page, by the picture keys on it.
        months: those with a first picture.
    """

    meter: str
    days: dict[date, frozenset[str]] = field(default_factory=dict)
    months: frozenset[date] = frozenset()

    def page_of(self, local_date: date) -> str | None:
        """Where the pictures of a day are; for older days, the first picture of the month."""
        folder = f"proof/{quote(self.meter)}"
        if local_date in self.days:
            return f"{folder}/{local_date:%Y-%m-%d}.html"
        if local_date.replace(day=1) in self.months:
            return f"{folder}/{GALLERY}#m{local_date:%Y-%m}"
        return None

    def place_of(self, picture_key: str) -> str | None:
        """Where a picture is shown with its candidates."""
        for local_date, keys in self.days.items():
            if picture_key in keys:
                return f"proof/{quote(self.meter)}/{local_date:%Y-%m-%d}.html#{anchor_of(picture_key)}"
        return None

    @property
    def gallery(self) -> str | None:
        """The page of pictures in doubt; None where there is no picture at all."""
        return f"proof/{quote(self.meter)}/{GALLERY}" if self.days or self.months else None


@dataclass(frozen=True, slots=True)
class _Work:
    """What writing the proof of a meter works with; `shown` grows by each file that a page needs."""

    warehouse: Warehouse
    settings: Settings
    meter: str
    links: list[Navigation]
    allowance: Allowance
    shown: set[Path] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.settings.site / "proof" / self.meter

    @property
    def language(self) -> str:
        return self.settings.report.language


def write_proof(
    warehouse: Warehouse, settings: Settings, meter: str, page: str, allowance: Allowance
) -> Proof:
    """Write the pages that prove a meter's numbers, and the small pictures that they show.

    Args:
        warehouse: the published copy.
        settings: of the installation.
        meter: its name.
        page: file of its report.
        allowance: how many pictures may be drawn small.
    """
    work = _Work(warehouse, settings, meter, _links(settings, meter, page), allowance)
    newest = warehouse.query("proof_days", meter=meter, limit=settings.report.proof_days)
    days = {each: _write_day(work, each) for each in newest["local_date"]}
    months = _write_gallery(work)
    remove_all_but(work.shown, work.folder)
    return Proof(meter, days, months)


def _write_day(work: _Work, local_date: date) -> frozenset[str]:
    of_day = work.warehouse.query("proof_of_day", meter=work.meter, local_date=local_date)
    pictures = _pictures(work, _thinned(of_day))
    _make_all(work, pictures, "frame")
    shots = _proofs(work, pictures, "frame")

    def build(mark: str) -> str:
        return build_day_proof(
            work.meter, local_date, shots, links=work.links, language=work.language, fingerprint=mark
        )

    _write(work, f"{local_date:%Y-%m-%d}.html", shots, build)
    return frozenset(pictures["picture_key"])


def _write_gallery(work: _Work) -> frozenset[date]:
    firsts = work.warehouse.query("proof_of_months", meter=work.meter)
    in_doubt = work.warehouse.query("proof_in_doubt", meter=work.meter, limit=MOST_IN_DOUBT)
    evidence = _pictures(work, firsts.select("picture_key", "taken_at"))
    doubtful = _pictures(work, in_doubt).reverse()
    if evidence.is_empty() and doubtful.is_empty():
        return frozenset()
    _make_all(work, doubtful, "frame")
    _make_all(work, evidence.reverse(), "evidence")
    shots = _proofs(work, doubtful, "frame")
    by_key = {each.key: each for each in _proofs(work, evidence, "evidence")}
    months = [(start, by_key[key]) for start, key in firsts.select("month_start", "picture_key").iter_rows()]

    def build(mark: str) -> str:
        return build_gallery(
            work.meter, months, shots, links=work.links, language=work.language, fingerprint=mark
        )

    _write(work, GALLERY, [*shots, *months], build)
    return frozenset(firsts["month_start"])


def _write(work: _Work, name: str, content: object, build: Callable[[str], str]) -> None:
    """Write a page unless the same is there."""
    path = work.folder / name
    work.shown.add(path)
    made_of = repr((content, work.links, work.language, code_mark()))
    mark = hashlib.sha256(made_of.encode()).hexdigest()[:24]
    if fingerprint_of(path) != mark:
        write_whole(path, build(mark).encode())


def _thinned(of_day: pl.DataFrame) -> pl.DataFrame:
    """As many pictures of a day as a page shows, evenly spread."""
    step = -(-of_day.height // MOST_OF_DAY)
    return of_day.gather_every(step) if step > 1 else of_day


def _pictures(work: _Work, wanted: pl.DataFrame) -> pl.DataFrame:
    """What became of the pictures, in order of their time."""
    incoming = wanted.select(pl.col("picture_key").cast(pl.String), "taken_at")
    register_id = work.settings.register_of(work.meter).register_id
    return work.warehouse.query("proof_pictures", incoming=incoming, register_id=register_id)


def _make_all(work: _Work, pictures: pl.DataFrame, frame: Literal["frame", "evidence"]) -> None:
    """Draw small what is not there yet, as far as the allowance goes."""
    register_id = work.settings.register_of(work.meter).register_id
    folder = work.folder / PICTURES
    for key, corners in pictures.select("picture_key", "window_corners").iter_rows():
        if work.allowance.left <= 0:
            return
        if not (folder / small_name(key, frame)).exists():
            source = Source(work.settings.archive, register_id, key, corners)
            work.allowance.left -= make_small(source, folder, frame)


def _proofs(work: _Work, pictures: pl.DataFrame, frame: Literal["frame", "evidence"]) -> list[ProofPicture]:
    register = work.settings.register_of(work.meter)

    def address(key: str, part: Literal["frame", "evidence", "window"]) -> str | None:
        path = work.folder / PICTURES / small_name(key, part)
        if not path.exists():
            return None
        work.shown.add(path)
        return quote(f"{PICTURES}/{path.name}")

    return [
        ProofPicture(
            key=row["picture_key"],
            taken_local=row["read_local"],
            value_kwh=None if row["value_wh"] is None else row["value_wh"] / 1000,
            decimals=register.decimals,
            quality=row["quality"],
            reason=row["reason"],
            log_odds=row["log_odds"],
            settled=row["settled"],
            candidates=candidates_of(row, register.unit_wh),
            frame=address(row["picture_key"], frame),
            window=address(row["picture_key"], "window"),
        )
        for row in pictures.iter_rows(named=True)
    ]


def candidates_of(row: dict[str, Any], unit_wh: int) -> tuple[Candidate, ...]:
    """The candidates of a picture; the one that the reading is, is chosen."""
    chosen = None if row["value_wh"] is None else row["value_wh"] // unit_wh
    return tuple(
        Candidate(text + (" ½" if half else ""), probability, units is not None and units == chosen)
        for text, probability, half, units in zip(
            row["texts"] or (),
            row["probabilities"] or (),
            row["half_steps"] or (),
            row["values_units"] or (),
            strict=True,
        )
    )[:MOST_CANDIDATES]


def _links(settings: Settings, meter: str, page: str) -> list[Navigation]:
    with speaking(settings.report.language):
        return [
            (
                say("Report"),
                [(say("Report of {meter}", meter=meter), f"../../{page}"),
                 (say("Pictures in doubt and as evidence"), GALLERY)],
            )
        ]  # fmt: skip
