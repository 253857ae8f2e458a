"""The flow `backup`: everything into the archive, then room in the store."""

from prefect import flow

from flows.ingest import fetch_everything, run_name
from flows.progress import in_batches
from tasks.backup import BATCH, Outcome, free_batch, plan_backup, report_backup, verify_batch
from tasks.custody import Fate
from tasks.fetch import prepare_warehouse
from tasks.settings import load_settings


@flow(name="backup", flow_run_name=run_name, timeout_seconds=12 * 3600)
def backup(
    *, dry_run: bool = False, keep_days: float | None = None, grace_hours: float | None = None
) -> dict[str, int]:
    """Archive what is new, then free the store of old pictures that the archive proves to have.

    Each copy is read back from the disk and compared by name, size and content hash; then exactly that
    revision is deleted in the store. It may be interrupted anywhere and run again.

    Args:
        dry_run: Only say what would go: nothing is fetched, nothing deleted.
        keep_days: Pictures younger than this stay in the store; as in the settings when empty.
        grace_hours: Pictures archived less than this ago stay; as in the settings when empty.
    """
    settings = load_settings()
    prepare_warehouse(settings)
    if not dry_run:
        fetch_everything(settings)
    plan = plan_backup(
        settings,
        settings.backup.keep_days if keep_days is None else keep_days,
        settings.backup.grace_hours if grace_hours is None else grace_hours,
    )
    outcome = Outcome()
    work = verify_batch if dry_run else free_batch
    for held in in_batches(
        plan.of(Fate.FREE), BATCH, "Checking pictures" if dry_run else "Freeing the store"
    ):
        outcome += work(settings, held)
    return report_backup(settings, plan, outcome, dry_run=dry_run)
