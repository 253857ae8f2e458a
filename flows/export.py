"""The flow `export`: a dataset of pictures, register windows and labels."""

from datetime import date
from pathlib import Path

from prefect import flow

from flows.ingest import run_name
from flows.progress import in_batches
from tasks.export import BATCH, SPLITS, begin_dataset, export_batch, finish_dataset, list_labels
from tasks.fetch import prepare_warehouse
from tasks.settings import load_settings


@flow(name="export", flow_run_name=run_name, timeout_seconds=12 * 3600)
def export(dataset: str, first_day: date | None = None, last_day: date | None = None) -> dict[str, int]:
    """Write pictures, register windows and labels as a dataset, without metadata that tells of people.

    It gets its name when it is whole; what a kill left behind is removed by the next run.

    Args:
        dataset: The folder to make; it must not exist, or be empty.
        first_day: Only pictures taken on this local day or later.
        last_day: Only pictures taken on this local day or earlier.
    """
    settings = load_settings()
    target = Path(dataset)
    prepare_warehouse(settings)
    labels = list_labels(settings, first_day, last_day)
    draft = begin_dataset(target)
    written = 0
    for split in SPLITS:
        part = labels.filter(split=split)
        for places in in_batches(range(part.height), BATCH, f"Exporting {split}"):
            start = places[0]
            written += export_batch(settings, part.slice(start, len(places)), draft, start // BATCH)
    return {"exported": written} | finish_dataset(settings, labels, draft, target)
