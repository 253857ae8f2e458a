"""The flow `backup`: everything into the archive, then room in the store."""

from collections import Counter

from prefect import flow

from flows.ingest import fetch_everything, run_name
from flows.progress import in_batches
from tasks.backup import (
    BATCH,
    Outcome,
    free_agent_files,
    free_batch,
    plan_backup,
    report_backup,
    verify_batch,
)
from tasks.custody import Fate
from tasks.fetch import prepare_warehouse
from tasks.settings import Settings, load_settings
from tasks.thin import BATCH as THIN_BATCH
from tasks.thin import list_thinnable, thin_batch


@flow(name="backup", flow_run_name=run_name, timeout_seconds=12 * 3600)
def backup(
    *,
    dry_run: bool = False,
    keep_days: float | None = None,
    grace_hours: float | None = None,
    prune_archive_days: float | None = None,
) -> dict[str, int]:
    """Archive what is new, then free the store of old pictures that the archive proves to have.

    Each copy is read back from the disk and compared by name, size and content hash; then exactly that
    revision is deleted in the store. It may be interrupted anywhere and run again.

    Args:
        dry_run: Only say what would go: nothing is fetched, nothing deleted.
        keep_days: Pictures younger than this stay in the store; as in the settings when empty.
        grace_hours: Pictures archived less than this ago stay; as in the settings when empty.
        prune_archive_days: Also keep only the register windows of archived pictures older than this. Nothing
            when empty: no schedule does it.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    if not dry_run:
        fetch_everything(settings)
    grace_hours = settings.backup.grace_hours if grace_hours is None else grace_hours
    keep_days = settings.backup.keep_days if keep_days is None else keep_days
    plan = plan_backup(settings, keep_days, grace_hours)
    outcome = Outcome()
    work = verify_batch if dry_run else free_batch
    for held in in_batches(
        plan.of(Fate.FREE), BATCH, "Checking pictures" if dry_run else "Freeing the store"
    ):
        outcome += work(settings, held)
    if plan.agent_files and not dry_run:
        free_agent_files(settings, plan.agent_files, grace_hours)
    summary = report_backup(settings, plan, outcome, dry_run=dry_run)
    return summary if prune_archive_days is None else summary | _thin(settings, prune_archive_days, dry_run)


def _thin(settings: Settings, older_than_days: float, dry_run: bool) -> dict[str, int]:  # noqa: FBT001 - of a flow
    """Thin the archive, or say what would go."""
    frames = list_thinnable(settings, older_than_days)
    if dry_run:
        return {"would_thin": len(frames), "would_thin_bytes": sum(each.size_bytes for each in frames)}
    done = Counter({"thinned": 0, "archive_freed_bytes": 0})
    for batch in in_batches(frames, THIN_BATCH, "Thinning the archive"):
        done.update(thin_batch(settings, batch))
    return dict(done)
