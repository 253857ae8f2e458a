"""Decode: from every picture's candidates to what the register really showed."""

import logging
from datetime import UTC, datetime

import numpy as np
import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks.metering.decoding import decode
from tasks.metering.register import Register
from tasks.settings import Settings
from warehouse.connection import open_warehouse
from warehouse.loading import save_readings

log = logging.getLogger(__name__)


@task(
    cache_policy=NO_CACHE,
    retries=4,
    retry_delay_seconds=exponential_backoff(2),
    retry_jitter_factor=0.5,
    timeout_seconds=1800,
)
def decode_readings(settings: Settings, meter: str) -> int:
    """Decode the meter's series from its last firmly settled reading on; return how many rows changed."""
    register = settings.register_of(meter)
    with open_warehouse(settings.warehouse) as warehouse:
        anchor = warehouse.query("decoding_anchor", register_id=register.register_id)
        since = anchor.get_column("read_at").item() if anchor.height else datetime(1970, 1, 1, tzinfo=UTC)
        window = warehouse.query("decoding_window", register_id=register.register_id, since=since)
        readings = readings_of(window, anchor, register)
        changed = save_readings(warehouse, readings)
    log.info("%s: decoded %d pictures, %d readings are new or changed", meter, readings.height, changed)
    return changed
