"""A step of a flow: a Prefect task that tries again where trying again can help."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from raspi_agent.store import StoreUnavailable
from warehouse.errors import WarehouseBusy

LONGEST_WAIT_S = 60.0
LISTING_S = 6 * 3600  # a folder is listed by reading all of it: 600 GB of a slow disk

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
PASSING = (StoreUnavailable, WarehouseBusy, OSError)


def step(timeout_s: int) -> Callable[[Callable[Parameters, Result]], Task[Parameters, Result]]:
    """A task that ends after `timeout_s`, and is tried five times where the trouble may pass.

    What it has done already is in the warehouse, so nothing is cached by Prefect.
    """
    return task(
        cache_policy=NO_CACHE,
        retries=4,
        retry_delay_seconds=exponential_backoff(2),
        retry_jitter_factor=0.5,
        retry_condition_fn=may_pass,
        timeout_seconds=timeout_s,
    )


def may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the trouble lies outside: a store or disk that does not answer, a warehouse that is held.

    A store that asks to be left alone for longer is asked by the next run.
    """
    try:
        state.result()
    except StoreUnavailable as error:
        return (error.retry_after_s or 0) <= LONGEST_WAIT_S
    except PASSING:
        return True
    except Exception:  # noqa: BLE001  (whatever else it is, it would come again)
        return False
    return False
