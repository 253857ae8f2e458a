"""The flow `reread`: archived pictures seen by today's reader through today's window."""

from datetime import date, datetime, timedelta
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.ingest import run_name
from flows.progress import in_batches
from tasks.decode import adopt_rereading, compare_rereading, decode_series
from tasks.derive import derive_energy
from tasks.fetch import prepare_warehouse
from tasks.local_times import span_of_days
from tasks.publish import publish_report
from tasks.recognize import list_pictures_to_reread, recognize_batch, rereading_of
from tasks.settings import Settings, load_settings


@flow(name="reread", flow_run_name=run_name, timeout_seconds=24 * 3600)
def reread(
    meter: str | None = None, first: date | None = None, last: date | None = None, *, adopt: bool = False
) -> dict[str, dict[str, Any]]:
    """Read archived pictures again with today's reader and window settings, and say what would change.

    What was read before stays. The new recognitions count only when adopted; then the series is decoded and
    derived anew.

    Args:
        meter: Only this meter; all of them when empty.
        first: Only pictures of this local day or later.
        last: Only pictures of this local day or earlier.
        adopt: Let the new recognitions count.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    found = {}
    for name in [meter] if meter else sorted(settings.meters):
        for register_id in settings.register_ids(name):
            rereading = rereading_of(settings, register_id, *_span(settings, first, last))
            pictures = list_pictures_to_reread(settings, rereading)
            for batch in in_batches(pictures, settings.reader.batch_size, f"Reading {register_id} again"):
                recognize_batch(settings, register_id, batch)
            found[register_id] = compare_rereading(settings, rereading)
            if adopt:
                adopt_rereading(settings, rereading)
                decode_series(settings, register_id)
                derive_energy(settings, register_id)
    if adopt:
        publish_report(settings)
    create_table_artifact(
        key="reread",
        table=[{"register": name, **each["counts"]} for name, each in found.items()],
        description="What reading again changed." if adopt else "What would change if it were adopted.",
    )
    return found


def _span(
    settings: Settings, first: date | None, last: date | None
) -> tuple[datetime | None, datetime | None]:
    """Local days as instants, the last day included."""
    begin_at, end_at = span_of_days(first, last, settings.zone)
    return begin_at, None if end_at is None else end_at - timedelta(microseconds=1)
