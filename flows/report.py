"""The flow `report`: the page and the read-only SQL copy from what the warehouse holds."""

from prefect import flow

from flows.ingest import run_name
from tasks.fetch import prepare_warehouse
from tasks.publish import publish_report
from tasks.settings import load_settings


@flow(name="report", flow_run_name=run_name, timeout_seconds=3600)
def report() -> str:
    """Publish the report page and the read-only SQL copy anew; the result is the page's path."""
    settings = load_settings()
    prepare_warehouse(settings)
    return publish_report(settings)
