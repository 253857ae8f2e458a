"""Derive: from register readings to quarter-hours and days."""

import logging

from tasks.metering.readings import derive_intervals
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse
from warehouse.loading import replace_intervals

log = logging.getLogger(__name__)


@step(timeout_s=600)
def derive_energy(settings: Settings, meter: str) -> int:
    """Derive the meter's intervals anew from the earliest changed reading on; return how many there are."""
    register = settings.register_of(meter)
    with open_warehouse(settings.warehouse) as warehouse:
        start = warehouse.query("derivation_start", register_id=register.register_id).row(0, named=True)
        if start["decided_until"] is None:
            return 0
        since = start["since"]
        accepted = warehouse.query("accepted_readings", register_id=register.register_id, since=since)
        data = derive_intervals(accepted, register, settings.timezone, since=since)
        replace_intervals(
            warehouse,
            register.register_id,
            since,
            quarter_hours=data.quarter_hours,
            days=data.days,
            decided_until=start["decided_until"],
        )
    log.info("%s: %d quarter-hours on %d days derived", meter, data.quarter_hours.height, data.days.height)
    return data.quarter_hours.height
