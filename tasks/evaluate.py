"""Evaluate: how the reader does on pictures of which a person has said what they show."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from models.evaluation import Evaluation, Label, Reading, marks, read_directory, read_labels
from models.finding.evaluation import find_directory
from models.recognizer import Recognition, load_recognizer
from tasks.settings import Settings, SettingsError
from tasks.step import step
from tasks.windows import read_seen, windows_of
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)
BATCH = 32


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures with labels: a folder's, or a register's own in the archive."""

    labels: tuple[Label, ...]
    directory: Path | None = None
    register_id: str | None = None


@step(timeout_s=600)
def list_corrected(settings: Settings, register_id: str) -> Labelled:
    """The register's archived pictures that somebody has corrected, each with what it shows."""
    register = settings.register(register_id)
    with open_warehouse(settings.warehouse) as warehouse:
        corrections = warehouse.query("corrections").filter(
            pl.col("undone_at").is_null(), pl.col("register_id") == register_id
        )
    labels = tuple(
        Label(key, str(value_wh // register.unit_wh).zfill(register.digits), "", "ok", None, register_id)
        for key, value_wh in corrections.select("picture_key", "value_wh").iter_rows()
        if (settings.archive / key).is_file()
    )
    return Labelled(labels, register_id=register_id)


@step(timeout_s=600)
def list_labelled(directory: Path) -> Labelled:
    """The rows of a folder's `labels.csv`.

    Raises:
        SettingsError: There is none that can be used.
    """
    try:
        return Labelled(tuple(read_labels(directory)), directory=directory)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{directory} is no labelled folder (labels.csv and images/): {error}") from error


@step(timeout_s=1800)
def read_labelled(settings: Settings, labelled: Labelled, *, window: bool) -> list[Reading]:
    """Read these pictures with the installation's reader; nothing of it enters the warehouse.

    Args:
        settings: Of the installation.
        labelled: Which pictures.
        window: A folder's pictures are register windows already; else the register is sought in them.
    """
    recognizer = load_recognizer(settings.reader.model, settings.reader.engine)
    if labelled.register_id is not None:
        return _read_own(settings, labelled.register_id, labelled.labels)
    directory = labelled.directory or Path()
    if window:
        return read_directory(directory, recognizer, window=True, labels=labelled.labels)
    found = find_directory(directory, recognizer, digits=None, labels=labelled.labels)
    return [each.reading for each in found]


def _read_own(settings: Settings, register_id: str, labels: Sequence[Label]) -> list[Reading]:
    """Archived pictures, seen through the register's window as an ingest sees them."""
    recognizer = load_recognizer(settings.reader.model, settings.reader.engine)
    seen = windows_of(settings, register_id, [each.file for each in labels], recognizer)
    known = read_seen(recognizer, seen, settings.face(register_id).digits)

    def recognised(label: Label) -> Recognition:
        refused = Recognition((), seen[label.file].reason, recognizer.name, recognizer.version, 0.0)
        return known.get(label.file, refused)

    return [Reading(label, recognised(label)) for label in labels]


def summarise(name: str, readings: Sequence[Reading]) -> dict[str, str | int | float]:
    """A line of the result: how many pictures, and the shares read right, of all and of the surest 90 %."""
    found: Evaluation = marks(readings)
    return {
        "pictures of": name,
        "pictures": found.pictures,
        "read right": round(found.exact_at[1.0], 4),
        "read right of the surest 90 %": round(found.exact_at[0.9], 4),
        "drums right": round(found.per_drum, 4),
        "right among five candidates": round(found.in_top_5, 4),
        "refused": sum(not each.recognition.candidates for each in readings),
        "milliseconds each": round(found.milliseconds, 1),
        "reader": f"{found.reader} {found.reader_version}",
    }


def wrong_ones(readings: Iterable[Reading], limit: int) -> list[dict[str, str]]:
    """Complete labels that the reader's best candidate does not match, for a person to look at."""
    wrong = (
        {
            "picture": each.label.file,
            "shows": each.label.reading,
            "read": each.recognition.best.text if each.recognition.best else "-",
            "reason": each.recognition.reason or "",
        }
        for each in readings
        if each.label.is_complete
        and (each.recognition.best is None or each.recognition.best.text != each.label.reading)
    )
    return [row for row, _ in zip(wrong, range(limit), strict=False)]
