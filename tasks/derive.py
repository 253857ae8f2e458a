"""Derive: from register readings to quarter-hours and days."""

import logging
from datetime import datetime, timedelta

import polars as pl

from tasks.metering.knots import TICK_REACH, choose_interpolation
from tasks.metering.readings import IntervalData, derive_intervals
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import Warehouse, open_warehouse
from warehouse.loading import accepted_readings, pending_work, replace_intervals

log = logging.getLogger(__name__)


@step(timeout_s=600)
def derive_energy(settings: Settings, register_id: str) -> int:
    """Derive the intervals anew from the earliest changed reading on; return how many there are."""
    return derive_pending(settings, register_id)


def derive_pending(settings: Settings, register_id: str) -> int:
    """As the step of a flow does, for commands that wait for it."""
    with open_warehouse(settings.warehouse) as warehouse:
        pending = pending_work(warehouse, register_id, "derive")
        if not pending.marks:
            return 0
        since = None
        if pending.from_at is not None:
            start = warehouse.query(
                "derivation_start",
                register_id=register_id,
                from_at=pending.from_at,
                reach_s=TICK_REACH.total_seconds(),
            )
            since = start.item() if start.height else None
        data = derive_since(warehouse, settings, register_id, since) if since else None
        if data is None:
            since, data = None, derive_since(warehouse, settings, register_id, None)
        if data is None:
            raise AssertionError("intervals of the whole series join nothing")
        replace_intervals(
            warehouse,
            register_id,
            since,
            quarter_hours=data.quarter_hours,
            days=data.days,
            done=pending,
        )
    log.info(
        "%s: %d quarter-hours on %d days derived", register_id, data.quarter_hours.height, data.days.height
    )
    return data.quarter_hours.height


def derive_since(
    warehouse: Warehouse, settings: Settings, register_id: str, since: datetime | None
) -> IntervalData | None:
    """Interval data from a local midnight on (None: all); None where they do not join those before it.

    The day before is derived too and must come out as it is stored: so the whole adds up.
    """
    register = settings.register(register_id)
    begin = since
    if since is not None:
        begin = warehouse.query(
            "local_midnight", register_id=register_id, since=since - timedelta(hours=1)
        ).item()
    readings = accepted_readings(
        warehouse, register_id, begin, unit_wh=register.unit_wh, reach_s=int(TICK_REACH.total_seconds())
    )
    data = derive_intervals(
        readings,
        register,
        settings.timezone,
        since=begin,
        interpolation=choose_interpolation(register)[0],
    )
    if since is None:
        return data
    before = pl.col("start_at") < since
    stored = warehouse.query("stored_energy", register_id=register_id, from_at=begin, to_at=since)
    if not data.quarter_hours.filter(before).select("start_at", "energy_wh").equals(stored):
        log.warning("%s: interval data before %s do not join; deriving all of them anew", register_id, since)
        return None
    return IntervalData(data.quarter_hours.filter(~before), data.days.filter(~before))
