import pytest
from prefect import Task, flow

from raspi_agent.store import StoreUnavailable
from tasks.adopt_archive import adopt_archive
from tasks.backup import plan_backup
from tasks.fetch import list_new_pictures
from tasks.restore import list_absent
from tasks.settings import SettingsError
from tasks.step import step
from tasks.thin import list_thinnable
from warehouse.errors import MigrationChanged, WarehouseBusy


@pytest.mark.prefect
@pytest.mark.parametrize(
    ("trouble", "tries"),
    [
        (StoreUnavailable("away"), 3),
        (WarehouseBusy("held"), 3),
        (OSError("disk"), 3),
        (SettingsError("wrong"), 1),
        (MigrationChanged("edited"), 1),
        (ValueError("a bug"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_step_tries_again_where_the_trouble_may_pass(
    prefect_server: str, trouble: Exception, tries: int
) -> None:
    tried = []

    @step(timeout_s=60)
    def troubled() -> int:
        tried.append(1)
        if len(tried) < 3:
            raise trouble
        return len(tried)

    @flow
    def work() -> int:
        return troubled.with_options(retry_delay_seconds=0)()

    if tries == 1:
        with pytest.raises(type(trouble)):
            work()
    else:
        assert work() == tries
    assert len(tried) == tries


@pytest.mark.parametrize(
    "reads",
    [adopt_archive, list_new_pictures, plan_backup, list_absent, list_thinnable],
    ids=lambda it: it.name,
)
def test_half_a_terabyte_of_a_slow_disk_is_listed_in_time(reads: Task[..., object]) -> None:
    slow_bytes_per_s = 30e6
    assert (reads.timeout_seconds or 0) * slow_bytes_per_s > 500e9
