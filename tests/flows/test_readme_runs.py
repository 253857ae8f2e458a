"""The README's `prefect deployment run` lines: Prefect's own command makes each run, and it completes."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"^prefect deployment run .+$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
OLD_PICTURES = "/srv/old-pictures"


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], UUID]:
    """The flow run that Prefect's command line makes of a line."""
    from prefect.cli import app

    def ask(line: str) -> UUID:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as left:
            app()
        shown = capsys.readouterr().out
        assert not left.value.code, shown
        found = re.search(r"UUID: ([0-9a-f-]{36})", shown)
        assert found, shown
        return UUID(found[1])

    return ask


def test_every_deployment_has_an_example() -> None:
    from deployments.catalogue import catalogue
    from tasks.settings import Settings

    named = {shlex.split(line)[3] for line in EXAMPLES}
    assert named == {entry.full_name for entry in catalogue(Settings())}


@pytest.mark.prefect
@pytest.mark.parametrize("line", EXAMPLES)
def test_the_example_runs(
    line: str, prefect_server: str, home: Path, photo: bytes, asked_for: Callable[[str], UUID]
) -> None:
    from prefect import get_client
    from prefect.flow_engine import run_flow
    from prefect.states import Pending

    from deployments.catalogue import catalogue
    from deployments.keeping import deployment
    from tasks.settings import load_settings

    pictures = home / "old-pictures"
    pictures.mkdir()
    (pictures / "20261101_081500.jpg").write_bytes(photo)
    entry = next(each for each in catalogue(load_settings()) if each.full_name in line)
    deployment(entry).apply()
    run_id = asked_for(line.replace(OLD_PICTURES, str(pictures)))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Pending())
        run = client.read_flow_run(run_id)
    run_flow(entry.flow, flow_run=run, parameters=run.parameters, return_type="state")
    with get_client(sync_client=True) as client:
        ended = client.read_flow_run(run_id)
    assert ended.state is not None
    assert ended.state.is_completed(), ended.state.message
