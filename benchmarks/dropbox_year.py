"""A year of pictures in a Dropbox: first sync and idle sync; prints calls, time and memory.

    python -P benchmarks/dropbox_year.py --pictures 35000 --fetched 2000

The Dropbox is the emulator on this machine: times are of our own side and of TLS, without a line in between.
"""

import argparse
import logging
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from flows.playground.dropbox_emulator.server import DropboxEmulator
from raspi_agent.picture_key import synced_key
from tasks.fetch import BATCH, News, fetch_batch, keep_cursor, list_new_pictures, prepare_warehouse
from tasks.settings import Settings, load_settings

SETTINGS = """
[store]
url = "dropbox:/"
downloads_at_once = {at_once}

[meters.home]
camera = "cellar"
digits = 7
"""
PICTURE_BYTES = 2000
STARTED_AT = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Fill the Dropbox, sync, and sync again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=35_000, help="pictures in the Dropbox")
    parser.add_argument("--fetched", type=int, default=35_000, help="how many of them are fetched")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 8], help="downloads at a time")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    console = Console(width=100)
    table = Table("step", "pictures", "API calls", "token calls", "seconds", "peak MB", box=None)
    with DropboxEmulator(quota_bytes=1 << 40) as emulator:
        os.environ.update(emulator.environment())
        for number in track(range(options.pictures), "filling", console=console):
            key = synced_key("cellar", STARTED_AT + timedelta(minutes=15) * number, number)
            emulator.files.put(f"/{key}", os.urandom(PICTURE_BYTES))
        for at_once in options.at_once:
            with tempfile.TemporaryDirectory() as home:
                _measure(emulator, Path(home), at_once, options.fetched, table)
    console.print(table)


def _measure(emulator: DropboxEmulator, home: Path, at_once: int, fetched: int, table: Table) -> None:
    os.environ["SMARTMETER_HOME"] = str(home)
    (home / "smartmeter.toml").write_text(SETTINGS.format(at_once=at_once))
    emulator.link(home)
    settings = load_settings()
    prepare_warehouse.fn(settings)
    listing = _timed(emulator, table, "list everything", lambda: list_new_pictures.fn(settings))
    chosen = replace(listing, revisions=listing.revisions[:fetched])
    _timed(emulator, table, f"fetch, {at_once} at once", lambda: _fetch(settings, chosen))
    keep_cursor.fn(settings, listing.cursor)
    _timed(emulator, table, "idle sync", lambda: list_new_pictures.fn(settings))


def _fetch(settings: Settings, listing: News) -> News:
    for start in range(0, len(listing.revisions), BATCH):
        if fetch_batch.fn(settings, listing.revisions[start : start + BATCH]):
            raise SystemExit("a picture did not arrive")
    return listing


def _timed(emulator: DropboxEmulator, table: Table, name: str, step: Callable[[], News]) -> News:
    emulator.calls.clear()
    started_s = time.monotonic()
    listing = step()
    took_s = time.monotonic() - started_s
    tokens = emulator.calls.pop("oauth2/token", 0)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = (len(listing.revisions), emulator.calls.total(), tokens, f"{took_s:.1f}", f"{peak_mb:.0f}")
    table.add_row(name, *(str(value) for value in row))
    return listing


if __name__ == "__main__":
    main()
