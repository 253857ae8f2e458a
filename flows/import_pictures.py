"""The flow `import-pictures`: a folder of existing pictures enters the path."""

from pathlib import Path
from zoneinfo import ZoneInfo

from prefect import flow

from flows.ingest import read_and_publish, run_name
from flows.progress import in_batches
from tasks.adopt_archive import adopt_archive
from tasks.fetch import BATCH, prepare_warehouse
from tasks.import_folder import import_batch, import_logs, labels_near, list_importable
from tasks.server_clock import must_wait_for_clock
from tasks.set_aside import SetAside, tell
from tasks.settings import load_settings


@flow(name="import-pictures", flow_run_name=run_name, timeout_seconds=12 * 3600)
def import_pictures(
    directory: str, meter: str, labels: str | None = None, pattern: str = "*", timezone: str | None = None
) -> dict[str, int]:
    """Archive every file of a folder as pictures of a meter, then read them like any others.

    Importing a folder twice changes nothing. What is no picture is kept too, with the reason, unless it is
    larger than 64 MB; log files are kept beside the pictures, and their lines are counted by level.

    Args:
        directory: The folder; its subfolders are searched too.
        meter: The configured meter they show.
        labels: A CSV with columns `file` and `timestamp`, where names and EXIF say no time.
        pattern: Only files whose names match, like `bana_*`.
        timezone: What the camera's clock was set to; the household's zone when empty.

    Raises:
        OSError: This server's clock is behind: what came now would count as from the future for ever.
    """
    settings = load_settings()
    camera = settings.meters[meter].camera
    zone = ZoneInfo(timezone) if timezone else settings.zone
    prepare_warehouse(settings)
    if must_wait_for_clock(settings):
        raise OSError(
            "Nothing is imported while this server's clock is behind. Set it, or wait until a time server "
            "has, and import again."
        )
    adopt_archive(settings)  # first: imported pictures would hide that the warehouse was empty
    files = list_importable(settings, Path(directory), pattern, Path(labels) if labels else None, zone)
    set_aside: list[SetAside] = []
    for batch in in_batches(files, BATCH, "Importing pictures"):
        set_aside += import_batch(settings, batch, camera, zone)
    tell(set_aside, None if labels else labels_near(Path(directory)))
    lines = import_logs(settings, Path(directory), camera)
    summary = read_and_publish(settings, [meter])
    return summary | {f"log_lines_{level}": count for level, count in lines.items()}
