"""The Pi's side of Prefect for real: an agent, the program that serves its flow, and a run on demand."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import TypeVar

import pytest

from deployments.capture import deployed
from raspi_agent.settings import AgentSettings, load_settings

ROOT = Path(__file__).parents[2]
COME_ALONG = {"httpx", "prefect", "prometheus_client", "rich", "tzdata"}  # with 'agent-prefect'
PATIENCE_S = 120.0
Seen = TypeVar("Seen")
SETTINGS = 'camera = "cellar"\ncamera_url = "folder:pictures"\ninterval_minutes = {minutes}\nfree_mb = 0\n'


@pytest.fixture
def pi(tmp_path: Path, photo: bytes, prefect_server: str) -> Iterator[Path]:
    """The home of a running agent whose flow is served."""
    (tmp_path / "agent.toml").write_text(SETTINGS.format(minutes=60))
    (tmp_path / "pictures").mkdir()
    put(tmp_path / "pictures" / "first.jpg", photo)
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    programs = [
        subprocess.Popen([sys.executable, "-m", *module, "--home", str(tmp_path), *verb], env=environment)
        for module, verb in ((["raspi_agent"], ["run"]), (["deployments.capture"], []))
    ]
    yield tmp_path
    for program in programs:
        program.send_signal(signal.SIGTERM)
    assert [program.wait(timeout=PATIENCE_S) for program in programs] == [0, 0]


def put(picture: Path, data: bytes) -> None:
    """Lay down a picture to which nobody has written for long."""
    picture.write_bytes(data)
    os.utime(picture, (0, 0))


def wait_for(look: Callable[[], Seen | None]) -> Seen:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline_s, "it never came"
        time.sleep(0.5)
    return found


@pytest.mark.prefect
def test_a_run_that_somebody_asks_for_shows_the_picture(pi: Path, photo: bytes, prefect_server: str) -> None:
    from prefect import get_client
    from prefect.client.schemas.objects import State
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:

        def served() -> DeploymentResponse | None:
            try:
                return client.read_deployment_by_name("capture/cellar")
            except ObjectNotFound:
                return None

        found = wait_for(served)
        put(pi / "pictures" / "second.jpg", photo + b"2")  # should the hour have turned meanwhile
        run = client.create_flow_run_from_deployment(found.id)

        def ended() -> State[object] | None:
            state = client.read_flow_run(run.id).state
            return state if state and state.is_final() else None

        state = wait_for(ended)
        client.delete_deployment(found.id)
    assert state.is_completed()
    assert list((pi / "store" / "images" / "cellar").iterdir())


def test_it_is_served_with_no_more_than_the_pi_carries() -> None:
    program = """
        import sys
        import deployments.capture, deployments.keeping, deployments.leftovers, flows.capture
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """
    answer = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    of_the_server = {re.split(r"[^a-z0-9-]", each)[0].replace("-", "_") for each in extras["server"]}
    assert of_the_server & set(answer.stdout.split()) <= COME_ALONG


@pytest.mark.parametrize(("minutes", "interval"), [(1, timedelta(minutes=1)), (90, timedelta(minutes=90))])
def test_the_schedule_is_the_agents_from_a_fixed_instant(
    tmp_path: Path, minutes: int, interval: timedelta
) -> None:
    (tmp_path / "agent.toml").write_text(SETTINGS.format(minutes=minutes))
    schedule = deployed(load_settings(tmp_path)).schedule
    assert schedule is not None
    assert (schedule.interval, schedule.slug) == (interval, "main")
    assert schedule.anchor_date.isoformat() == "2020-01-01T00:00:00+00:00"


def test_daily_times_alone_need_no_schedule() -> None:
    settings = AgentSettings.model_validate(
        {"camera": "cellar", "camera_url": "folder:x", "interval_minutes": 0, "daily_times": ["12:00"]}
    )
    assert deployed(settings).schedule is None
