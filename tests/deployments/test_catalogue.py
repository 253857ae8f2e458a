from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.objects import ConcurrencyLimitStrategy

from deployments.catalogue import catalogue
from deployments.keeping import deployment, deployment_keeping_pauses
from tasks.settings import load_settings


def test_every_deployment_is_described_scheduled_once_and_never_piles_up(home: Path) -> None:
    built = {f"{entry.flow.name}/{entry.name}": deployment(entry) for entry in catalogue(load_settings())}
    assert set(built) == {
        f"{flow}/home"
        for flow in (
            "ingest",
            "backup",
            "import-pictures",
            "report",
            "restore",
            "reread",
            "watch",
            "keep-home",
        )
    }
    for name, each in built.items():
        assert each.description, f"{name} has no description for the UI"
        assert each.concurrency_limit == 1
        assert each.concurrency_options is not None
        assert each.concurrency_options.collision_strategy is ConcurrencyLimitStrategy.CANCEL_NEW
        assert [schedule.slug for schedule in each.schedules or []] in (["main"], [])
        module = name.split("/")[0].replace("-", "_")
        assert each.entrypoint == f"flows.{module}.{module}"


@pytest.mark.parametrize(
    "flow",
    ["ingest", "backup", "report", "restore", "reread", "import_pictures", "capture", "watch", "keep_home"],
)
def test_flow_modules_keep_their_annotations(flow: str) -> None:
    # With the future import, a served flow fails every run when its parameters are validated.
    source = Path(__file__).parents[2] / "flows" / f"{flow}.py"
    assert "from __future__ import annotations" not in source.read_text()


@pytest.mark.prefect
def test_a_pause_in_the_ui_survives_and_undeclared_schedules_go(home: Path, prefect_server: str) -> None:
    from prefect import get_client

    entry = catalogue(load_settings())[0]
    deployment_id = deployment(entry).apply()
    assert isinstance(deployment_id, UUID)
    with get_client(sync_client=True) as client:
        schedule = client.read_deployment_schedules(deployment_id)[0]
        client.update_deployment_schedule(deployment_id, schedule.id, active=False)
    deployment_keeping_pauses(entry).apply()
    with get_client(sync_client=True) as client:
        kept = client.read_deployment_schedules(deployment_id)
    assert [(each.slug, each.active) for each in kept] == [("main", False)]
