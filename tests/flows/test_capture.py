"""The flow that runs on the Pi, against a real Prefect server and a real agent's socket."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from raspi_agent.ask import AskServer
from raspi_agent.cameras.camera import CameraError
from raspi_agent.capture import Taken
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.outbox import Outbox

SETTINGS = 'camera = "cellar"\ncamera_url = "http://127.0.0.1/capture"\n'
FACTS = CaptureFacts(
    camera="cellar",
    taken_at=datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC),
    clock_synchronised=True,
    slot_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    details={"light": "on", "exposure_us": 20000},
)


@pytest.fixture
def agent_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "agent.toml").write_text(SETTINGS)
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def agent(agent_home: Path, photo: bytes) -> Iterator[Callable[[str], None]]:
    """A function that tells what an agent answers from now on: taken, filled or a trouble."""
    outbox = Outbox(agent_home / "outbox")
    answers = ["taken"]

    def ask(*, is_extra: bool) -> "Future[Taken | None]":
        promised: Future[Taken | None] = Future()
        match answers[-1]:
            case "taken":
                key = outbox.add(photo, FACTS)
                promised.set_result(Taken(key, FACTS, 1.0))
            case "filled":
                promised.set_result(None)
            case trouble:
                promised.set_exception(CameraError(trouble))
        return promised

    server = AskServer(agent_home, ask, timeout_s=5)
    server.start()
    yield answers.append
    server.stop()


def artifacts() -> dict[str, str]:
    """The newest artifacts by key."""
    from prefect import get_client
    from prefect.client.schemas.sorting import ArtifactSort

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(sort=ArtifactSort.CREATED_DESC)
    return {str(each.key): str(each.data) for each in reversed(found)}


@pytest.mark.prefect
def test_a_run_shows_the_picture_its_facts_and_the_outbox(
    prefect_server: str, agent: Callable[[str], None]
) -> None:
    from flows.capture import capture

    facts: Any = capture()
    assert facts["picture"] == "images/cellar/20260301/20260301_120003Z_000001.jpg"
    assert (facts["how"], facts["exposure_us"]) == ("taken for this run", 20000)
    shown = artifacts()
    assert shown["capture-cellar-picture"].startswith("data:image/jpeg;base64,")
    assert len(shown["capture-cellar-picture"]) < 20_000
    assert "| taken at | 2026-03-01 12:00:03 UTC |" in shown["capture-cellar"]
    assert "| waiting in the outbox | 1 pictures" in shown["capture-cellar"]
    agent("filled")
    again: Any = capture()
    assert again["picture"] == facts["picture"]
    assert again["how"] == "no picture was due, or the agent had taken it already"


@pytest.mark.prefect
def test_trouble_is_shown_and_the_newest_picture_with_it(
    prefect_server: str, agent: Callable[[str], None]
) -> None:
    from flows.capture import capture

    capture()
    agent("the camera hangs")
    state = capture(extra=True, return_state=True)
    assert state.is_failed()
    assert state.message == "the camera hangs"
    assert "| how | the camera hangs |" in artifacts()["capture-cellar"]
    assert "_000001.jpg |" in artifacts()["capture-cellar"]


@pytest.mark.prefect
def test_without_an_agent_the_run_says_so(prefect_server: str, agent_home: Path) -> None:
    from flows.capture import capture

    state = capture(return_state=True)
    assert state.is_failed()
    assert "is smartmeter-agent.service running?" in str(state.message)


@pytest.mark.prefect
def test_runs_that_nobody_served_are_dropped_and_late_ones_end_as_missed(
    prefect_server: str, agent: Callable[[str], None], agent_home: Path
) -> None:
    from prefect import get_client
    from prefect.states import Scheduled

    from deployments.capture import deployed
    from deployments.keeping import deployment
    from deployments.leftovers import drop_missed
    from flows.capture import is_late
    from raspi_agent.settings import load_settings

    entry = deployed(load_settings(agent_home))
    deployment_id = deployment(entry).apply()
    assert isinstance(deployment_id, UUID)
    now_at = datetime.now(UTC)
    with get_client(sync_client=True) as client:
        for minutes in (-90, -40, 60):
            due_at = now_at + timedelta(minutes=minutes)
            client.create_flow_run_from_deployment(deployment_id, state=Scheduled(scheduled_time=due_at))
        assert drop_missed("capture/cellar", timedelta(minutes=15), "Too late.") == 2
        assert drop_missed("capture/cellar", timedelta(minutes=15), "Too late.") == 0
        client.delete_deployment(deployment_id)
    assert drop_missed("capture/nowhere", timedelta(minutes=15), "Too late.") == 0
    assert not is_late(timedelta(minutes=15))
