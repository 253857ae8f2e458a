"""What failed runs leave in the home folder goes when the server has forgotten the runs."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import flow
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings
from pydantic import TypeAdapter

from deployments.old_results import KEPT, remove_daily, remove_old
from flows.backend import prefect_environment

DAY = timedelta(days=1)


def written(folder: Path, *days_ago: float) -> list[Path]:
    folder.mkdir(parents=True)
    paths = [folder / f"{number:032x}" for number, _ in enumerate(days_ago)]
    for path, ago in zip(paths, days_ago, strict=True):
        path.write_text("{}")
        written_s = time.time() - ago * DAY.total_seconds()
        os.utime(path, (written_s, written_s))
    return paths


def test_serving_removes_what_is_older_than_the_servers_memory_of_runs(tmp_path: Path) -> None:
    young, old, older = written(tmp_path / "prefect" / "storage", 89, 91, 800)
    remove_daily(tmp_path)
    deadline_s = time.monotonic() + 30
    while (old.exists() or older.exists()) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert [path.exists() for path in (young, old, older)] == [True, False, False]


def test_it_goes_by_the_servers_memory_of_runs(tmp_path: Path) -> None:
    period = prefect_environment(tmp_path)["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"]
    assert TypeAdapter(timedelta).validate_python(period) == KEPT
    assert remove_old(tmp_path / "nowhere", KEPT) == 0


@pytest.mark.prefect
def test_a_failed_run_leaves_a_file_that_goes(tmp_path: Path, prefect_server: str) -> None:
    @flow
    def fails() -> None:
        raise ValueError("on purpose")

    with (
        temporary_settings({PREFECT_LOCAL_STORAGE_PATH: tmp_path}),
        pytest.raises(ValueError, match="purpose"),
    ):
        fails()
    assert remove_old(tmp_path, DAY) == 0
    assert remove_old(tmp_path, -DAY) == 1
