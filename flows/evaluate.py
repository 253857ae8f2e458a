"""The flow `evaluate`: how well the reader reads this household's own pictures."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.ingest import run_name
from flows.progress import in_batches
from models.evaluation import Reading
from tasks.evaluate import (
    BATCH,
    Labelled,
    list_corrected,
    list_labelled,
    read_labelled,
    summarise,
    wrong_ones,
)
from tasks.fetch import prepare_warehouse
from tasks.settings import Settings, load_settings

SHOWN_WRONG = 50


@flow(name="evaluate", flow_run_name=run_name, timeout_seconds=6 * 3600)
def evaluate(
    meter: str | None = None, directory: str | None = None, *, window: bool = False
) -> list[dict[str, Any]]:
    """Read labelled pictures and show how many were read right; nothing in the warehouse changes.

    Without a folder, the pictures are those that people corrected: the hard ones, most of them misread when
    they were corrected. A share of them says whether a new reader or window does better, not how good it is.

    Args:
        meter: Only corrected pictures of this meter; all of them when empty.
        directory: A folder with `labels.csv` and pictures instead of the corrected ones.
        window: The folder's pictures are register windows already.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    sources = _sources(settings, meter, directory)
    read = {name: _read(settings, name, labelled, window=window) for name, labelled in sources.items()}
    rows = [summarise(name, readings) for name, readings in read.items()]
    create_table_artifact(key="evaluation", table=rows, description="How labelled pictures were read.")
    wrong = [row for readings in read.values() for row in wrong_ones(readings, SHOWN_WRONG)]
    create_table_artifact(key="evaluation-wrong", table=wrong, description="Pictures that were read wrongly.")
    return rows


def _sources(settings: Settings, meter: str | None, directory: str | None) -> dict[str, Labelled]:
    """What is read, by the name that the result gives it."""
    if directory:
        return {directory: list_labelled(Path(directory))}
    meters = [meter] if meter else sorted(settings.meters)
    registers = [each for name in meters for each in settings.register_ids(name)]
    return {register_id: list_corrected(settings, register_id) for register_id in registers}


def _read(settings: Settings, name: str, labelled: Labelled, *, window: bool) -> list[Reading]:
    readings: list[Reading] = []
    for labels in in_batches(labelled.labels, BATCH, f"Reading {name}"):
        part = Labelled(tuple(labels), labelled.directory, labelled.register_id)
        readings += read_labelled(settings, part, window=window)
    return readings
