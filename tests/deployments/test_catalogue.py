from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.objects import ConcurrencyLimitStrategy

from deployments.catalogue import catalogue
from deployments.keeping import deployment, deployment_keeping_pauses
from tasks.settings import SettingsError, load_settings


def test_every_deployment_is_described_scheduled_once_and_never_piles_up(home: Path) -> None:
    built = {f"{entry.flow.name}/{entry.name}": deployment(entry) for entry in catalogue(load_settings())}
    assert set(built) == {
        f"{flow}/home"
        for flow in (
            "ingest",
            "watch",
            "backup",
            "keep-home",
            "evaluate",
            "import-pictures",
            "report",
            "restore",
            "reread",
        )
    }
    for name, each in built.items():
        assert each.description, f"{name} has no description for the UI"
        assert {"smartmeter", "server"} <= set(each.tags)
        assert each.concurrency_limit == 1
        assert each.concurrency_options is not None
        assert each.concurrency_options.collision_strategy is ConcurrencyLimitStrategy.CANCEL_NEW
        assert [schedule.slug for schedule in each.schedules or []] in (["main"], [])
        module = name.split("/")[0].replace("-", "_")
        assert each.entrypoint == f"flows.{module}.{module}"


def test_every_flow_ends_by_itself_and_every_parameter_is_typed_and_explained(home: Path) -> None:
    for entry in catalogue(load_settings()):
        assert entry.flow.timeout_seconds, entry.full_name
        for name, field in entry.flow.parameters.properties.items():
            assert field.get("description"), f"{entry.full_name} does not explain {name}"
            assert {"type", "anyOf"} & set(field), f"{entry.full_name} has no type for {name}"


def test_quarter_hours_are_utc_and_days_are_the_households(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_TIMEZONE", "America/New_York")
    zones = {
        entry.flow.name: entry.schedule.timezone for entry in catalogue(load_settings()) if entry.schedule
    }
    assert zones["ingest"] == "UTC"
    assert zones["backup"] == "America/New_York"


@pytest.mark.parametrize(
    ("cron", "fault"),
    [("61 * * * *", "is no cron"), ("hourly", "schedule.ingest"), ("* * * * * ; rm", "schedule.ingest")],
)
def test_what_is_no_cron_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, cron: str, fault: str
) -> None:
    monkeypatch.setenv("SMARTMETER_SCHEDULE__INGEST", cron)
    with pytest.raises(SettingsError, match=fault):
        catalogue(load_settings())


def test_an_empty_cron_means_on_demand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_SCHEDULE__INGEST", "")
    assert catalogue(load_settings())[0].schedule is None


@pytest.mark.parametrize(
    "flow",
    [
        "backup",
        "capture",
        "evaluate",
        "import_pictures",
        "ingest",
        "keep_home",
        "report",
        "reread",
        "restore",
        "watch",
    ],
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


@pytest.mark.prefect
def test_a_pause_of_a_whole_deployment_survives_too(home: Path, prefect_server: str) -> None:
    from prefect import get_client

    from deployments.__main__ import run_at_start

    entry = catalogue(load_settings())[0]
    deployment_id = deployment(entry).apply()
    assert isinstance(deployment_id, UUID)
    with get_client(sync_client=True) as client:
        client.pause_deployment(deployment_id)
        assert not run_at_start(entry), "what is paused does not run because serving begins"
        assert client.read_deployment(deployment_id).paused
        client.resume_deployment(deployment_id)
        assert run_at_start(entry)
