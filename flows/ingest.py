"""The flow `ingest`: from the store to the report."""

from prefect import flow, runtime

from flows.progress import in_batches
from tasks.adopt_archive import adopt_archive
from tasks.decode import decode_series
from tasks.derive import derive_energy
from tasks.fetch import (
    BATCH,
    date_by_boot,
    fetch_agent_files,
    fetch_batch,
    keep_cursor,
    list_new_pictures,
    prepare_warehouse,
)
from tasks.publish import announce, publish_report
from tasks.recognize import list_unread_pictures, recognize_batch
from tasks.server_clock import judge_times_again, must_wait_for_clock
from tasks.settings import Settings, load_settings


def run_name() -> str:
    """A name that says what runs and when it was due."""
    due = runtime.flow_run.scheduled_start_time
    return f"{runtime.flow_run.flow_name}-{due:%Y%m%d-%H%M%S}"


@flow(name="ingest", flow_run_name=run_name, timeout_seconds=12 * 3600)
def ingest(meter: str | None = None) -> dict[str, int]:
    """Fetch new pictures, read them, decode the series, derive intervals and publish the report.

    It may be interrupted anywhere and run again: each step continues where the last one stopped.

    Args:
        meter: Only this meter; all of them when empty.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    fetch_everything(settings)
    return read_and_publish(settings, [meter] if meter else sorted(settings.meters))


def fetch_everything(settings: Settings) -> None:
    """Bring what is new in the store into the archive; a new warehouse first learns of the archive."""
    if must_wait_for_clock(settings):
        return
    adopt_archive(settings)
    listing = list_new_pictures(settings)
    left = []
    for revisions in in_batches(listing.revisions, BATCH, "Fetching pictures"):
        left += fetch_batch(settings, revisions)
    for revisions in in_batches(listing.agent_files, BATCH, "Fetching reports and logs"):
        left += fetch_agent_files(settings, revisions)
    if not left:
        keep_cursor(settings, listing.cursor)
    date_by_boot(settings)
    judge_times_again(settings)


def read_and_publish(settings: Settings, meters: list[str]) -> dict[str, int]:
    """Recognize, decode and derive what each meter's archived pictures show, then publish."""
    for register_id in (each for meter in meters for each in settings.register_ids(meter)):
        unread = list_unread_pictures(settings, register_id)
        for pictures in in_batches(unread, settings.reader.batch_size, f"Reading {register_id}"):
            recognize_batch(settings, register_id, pictures)
        decode_series(settings, register_id)
        derive_energy(settings, register_id)
    publish_report(settings)
    return announce(settings, meters)
