"""What a backup of many pictures costs: `python -P benchmarks/backup.py --pictures 35000`.

The Dropbox is the playground's, on this machine: calls and memory are those of a real one, seconds are not.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from flows.playground.dropbox_demo import dropbox_playground
from raspi_agent.picture_key import synced_key
from raspi_agent.store import Revision
from tasks.archive import PICTURE_SCHEMA
from tasks.backup import BATCH, Outcome, free_batch, plan_backup
from tasks.custody import Fate, sha256_of
from tasks.fetch import list_new_pictures, prepare_warehouse
from tasks.restore import list_absent, restore_batch
from tasks.settings import load_settings
from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures

SETTINGS = '[store]\nurl = "dropbox:/"\n\n[meters.home]\ncamera = "cellar"\ndigits = 7\n'
START_AT = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print a table of calls, seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=35_000)
    parser.add_argument("--bytes", type=int, default=4_000, help="size of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "smartmeter.toml").write_text(SETTINGS)
        os.environ["SMARTMETER_HOME"] = folder
        with dropbox_playground(home) as emulator:
            settings = load_settings()
            prepare_warehouse.fn(settings)
            pictures = {}
            for number in range(options.pictures):
                key = synced_key("cellar", START_AT + timedelta(minutes=15 * number), number)
                pictures[key] = random.Random(number).randbytes(options.bytes)  # noqa: S311 - no secret
                emulator.files.put(f"/{key}", pictures[key])
            archive(settings.archive, pictures, list_new_pictures.fn(settings).revisions)
            print(f"{options.pictures} pictures of {options.bytes} bytes; memory includes the emulator's")
            print("\n| step | API calls | seconds | peak MB |\n| --- | ---: | ---: | ---: |")

            def measured(name: str, started_s: float) -> None:
                peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                calls, seconds = emulator.calls.total(), time.perf_counter() - started_s
                print(f"| {name} | {calls} | {seconds:.1f} | {peak_mb:.0f} |", flush=True)
                emulator.calls.clear()

            emulator.calls.clear()
            started_s = time.perf_counter()
            plan = plan_backup.fn(settings, 14, 0)
            held = plan.of(Fate.FREE)
            measured("plan", started_s)
            started_s = time.perf_counter()
            outcome = Outcome()
            for start in range(0, len(held), BATCH):
                outcome += free_batch.fn(settings, held[start : start + BATCH])
            measured(f"verify and free {outcome.freed}", started_s)
            started_s = time.perf_counter()
            plan_backup.fn(settings, 14, 0)
            measured("plan again, nothing left", started_s)
            started_s = time.perf_counter()
            absent = list_absent.fn(settings, None, None)[:1000]
            restore_batch.fn(settings, absent)
            measured(f"restore {len(absent)}", started_s)


def archive(folder: Path, pictures: dict[str, bytes], revisions: tuple[Revision, ...]) -> None:
    """Archive and warehouse as a fetch of all of it leaves them."""
    rows = []
    for number, each in enumerate(revisions):
        target = folder / each.key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(pictures[each.key])
        rows.append(
            {
                "picture_key": each.key,
                "camera": "cellar",
                "taken_at": START_AT + timedelta(minutes=15 * number),
                "time_source": "name",
                "received_at": START_AT + timedelta(minutes=15 * number),
                "content_sha256": sha256_of(pictures[each.key]),
                "size_bytes": each.size,
                "reason": "not_a_picture",
                "source": f"dropbox://{each.key}@{each.revision}",
            }
        )
    with open_warehouse(load_settings().warehouse) as warehouse:
        load_pictures(warehouse, pl.DataFrame(rows, schema=PICTURE_SCHEMA))


if __name__ == "__main__":
    main()
