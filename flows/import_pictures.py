"""The flow `import-pictures`: a folder of existing pictures enters the path."""

from pathlib import Path

from prefect import flow

from flows.ingest import read_and_publish, run_name
from flows.progress import in_batches
from tasks.fetch import BATCH, import_batch, list_importable, prepare_warehouse
from tasks.settings import load_settings


@flow(name="import-pictures", flow_run_name=run_name, timeout_seconds=12 * 3600)
def import_pictures(
    directory: str, meter: str, labels: str | None = None, pattern: str = "*"
) -> dict[str, int]:
    """Archive every file of a folder as pictures of a meter, then read them like any others.

    Importing a folder twice changes nothing. What is no picture is kept too, with the reason.

    Args:
        directory: The folder; its subfolders are searched too.
        meter: The configured meter they show.
        labels: A CSV with columns `file` and `timestamp`, where names and EXIF say no time.
        pattern: Only files whose names match, like `bana_*`.
    """
    settings = load_settings()
    camera = settings.meters[meter].camera
    prepare_warehouse(settings)
    files = list_importable(Path(directory), pattern)
    for batch in in_batches(files, BATCH, "Importing pictures"):
        import_batch(settings, batch, camera, Path(labels) if labels else None)
    return read_and_publish(settings, [meter])
