"""The flow `restore`: pictures that left the store come back."""

from datetime import date

from prefect import flow

from flows.ingest import run_name
from flows.progress import in_batches
from tasks.fetch import prepare_warehouse
from tasks.restore import BATCH, Restored, list_absent, restore_batch
from tasks.settings import load_settings


@flow(name="restore", flow_run_name=run_name, timeout_seconds=12 * 3600)
def restore(
    first_day: date | None = None, last_day: date | None = None, *, dry_run: bool = False
) -> dict[str, int]:
    """Bring pictures that left the store back into it; what is there now is never replaced.

    The store's own bin comes first (Dropbox keeps deleted files for 30 days or longer), then the archive.
    The next backups take them for new and leave them alone for as long as they would a new picture.

    Args:
        first_day: Only pictures taken on this local day or later.
        last_day: Only pictures taken on this local day or earlier.
        dry_run: Only say how many would come back.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    absent = list_absent(settings, first_day, last_day)
    if dry_run:
        return {"would_restore": len(absent), "bytes": sum(each.size_bytes for each in absent)}
    done = Restored()
    for batch in in_batches(absent, BATCH, "Restoring pictures"):
        done += restore_batch(settings, batch)
    return {
        "brought_back": done.brought_back,
        "uploaded": done.uploaded,
        "name_taken": done.taken,
        "thinned": done.thinned,
        "lost": done.lost,
    }
