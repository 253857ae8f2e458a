"""`python -m deployments` beside serving: a check for health, and another kind of pool."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def pool(prefect_server: str) -> Iterator[str]:
    """A pool for processes on this machine."""
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="house", type="process"))
        client.create_work_pool(WorkPoolCreate(name="whales", type="docker"))
        yield "house"
        client.delete_work_pool("house")
        client.delete_work_pool("whales")


def run(monkeypatch: pytest.MonkeyPatch, home: Path, *words: str) -> int:
    from deployments.__main__ import main

    monkeypatch.setattr(sys, "argv", ["deployments", "--home", str(home), *words])
    return main()


@pytest.mark.prefect
def test_the_same_catalogue_goes_to_a_pool(
    home: Path, pool: str, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect import get_client

    from deployments.catalogue import catalogue
    from tasks.settings import load_settings

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    assert run(monkeypatch, home, "deploy", "--pool", pool) == 0
    with get_client(sync_client=True) as client:
        for entry in catalogue(load_settings()):
            deployed = client.read_deployment_by_name(entry.full_name)
            assert deployed.work_pool_name == pool
            assert deployed.job_variables["env"]["SMARTMETER_HOME"] == str(home)
            client.delete_deployment(deployed.id)


@pytest.mark.prefect
def test_a_pool_that_can_not_run_it_is_refused(
    home: Path,
    pool: str,
    prefect_server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    assert run(monkeypatch, home, "deploy", "--pool", "nowhere") == 2
    assert "prefect work-pool create nowhere" in capsys.readouterr().err
    assert run(monkeypatch, home, "deploy", "--pool", "whales") == 2
    assert "name the image with --image" in capsys.readouterr().err


@pytest.mark.prefect
def test_a_check_says_that_nobody_serves(
    home: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    assert run(monkeypatch, home, "check") == 1
    assert "Nobody" in capsys.readouterr().err


@pytest.mark.parametrize("variables", ["{", "[1]"])
def test_variables_of_a_pool_are_an_object(
    home: Path, variables: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(monkeypatch, home, "deploy", "--pool", "house", "--variables", variables)
    assert left.value.code == 2
    assert "JSON" in capsys.readouterr().err
