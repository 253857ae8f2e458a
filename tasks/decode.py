"""Decode: from every picture's candidates to what the register really showed."""

import logging

from tasks.metering.readings import decode_readings
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import open_warehouse
from warehouse.loading import save_readings

log = logging.getLogger(__name__)


@step(timeout_s=1800)
def decode_series(settings: Settings, meter: str) -> int:
    """Decode the series from a settled reading well before what is new; return how many rows changed."""
    register = settings.register_of(meter)
    with open_warehouse(settings.warehouse) as warehouse:
        start = warehouse.query("decoding_anchor", register_id=register.register_id).row(0, named=True)
        window = warehouse.query(
            "decoding_window", register_id=register.register_id, since=start["anchor_at"]
        )
    if start["undecided_from"] is None:
        log.info("%s: no new recognitions", meter)
        return 0
    anchor = None if start["anchor_at"] is None else (start["anchor_at"], start["anchor_wh"])
    series = decode_readings(window, register, anchor=anchor)
    # A year takes seconds to decode; nobody waits for the file meanwhile.
    with open_warehouse(settings.warehouse) as warehouse:
        saved = save_readings(warehouse, series.readings)
    log.info("%s: %d pictures decoded, %s", meter, window.height, saved)
    if series.exchange is not None:
        log.warning("%s: the pictures tell two stories: %s; was the meter exchanged?", meter, series.exchange)
    return saved.inserted + saved.revised
