"""Derive: from register readings to quarter-hours and days."""

import logging
from datetime import datetime, timedelta

import polars as pl

from tasks.metering.cumulative import counted_wh
from tasks.metering.knots import TICK_REACH, Interpolation, choose_interpolation
from tasks.metering.readings import IntervalData, derive_intervals
from tasks.register_events import register_events
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
                reach_s=reach_of(settings, register_id).total_seconds(),
            )
            since = start.item() if start.height else None
        data = derive_since(warehouse, settings, register_id, since) if since else None
        counted = None
        if data is None:
            since = None
            data, counted = derive_all(warehouse, settings, register_id)
        replace_intervals(
            warehouse,
            register_id,
            since,
            quarter_hours=data.quarter_hours,
            days=data.days,
            counted_wh=counted,
            done=pending,
        )
    log.info(
        "%s: %d quarter-hours on %d days derived", register_id, data.quarter_hours.height, data.days.height
    )
    return data.quarter_hours.height


def derive_all(warehouse: Warehouse, settings: Settings, register_id: str) -> tuple[IntervalData, int]:
    """All interval data of a register, and what its readings count in all: the two must agree."""
    register = settings.register(register_id)
    readings = warehouse.query("accepted_readings", register_id=register_id, since=None)
    events = register_events(warehouse, register_id)
    data = derive_intervals(
        readings,
        register,
        settings.timezone,
        events=events,
        interpolation=choose_interpolation(register)[0],
    )
    return data, counted_wh(readings.filter(pl.col("quality") != "estimated"), register, events)


def derive_since(
    warehouse: Warehouse, settings: Settings, register_id: str, since: datetime
) -> IntervalData | None:
    """Interval data from a local midnight on; None where they do not join those before it.

    The day before is derived too and must come out as it is stored: so the whole adds up.
    """
    register = settings.register(register_id)
    begin = warehouse.query(
        "local_midnight", register_id=register_id, since=since - timedelta(hours=1)
    ).item()
    reach_s = int(reach_of(settings, register_id).total_seconds())
    readings = accepted_readings(warehouse, register_id, begin, unit_wh=register.unit_wh, reach_s=reach_s)
    data = derive_intervals(
        readings,
        register,
        settings.timezone,
        since=begin,
        events=register_events(warehouse, register_id),
        interpolation=choose_interpolation(register)[0],
    )
    before = pl.col("start_at") < since
    stored = warehouse.query("stored_energy", register_id=register_id, from_at=begin, to_at=since)
    if not data.quarter_hours.filter(before).select("start_at", "energy_wh").equals(stored):
        log.warning("%s: interval data before %s do not join; deriving all of them anew", register_id, since)
        return None
    return IntervalData(data.quarter_hours.filter(~before), data.days.filter(~before))


def reach_of(settings: Settings, register_id: str) -> timedelta:
    """How far a changed reading moves the interpolated path."""
    interpolation, _ = choose_interpolation(settings.register(register_id))
    return TICK_REACH if interpolation is Interpolation.TICKS else timedelta(0)
