"""Kill loads and migrations with SIGKILL at random moments, and look whether anything is half done or lost.

    python -m benchmarks.kills [--kills 200] [--seed 0]

Each child loads batches, saves readings and tells what it has committed; or it migrates a warehouse of the
first release. After every kill another process opens the file and checks it. In the end everything is done
once more without a kill and compared with a warehouse that was never killed. Exit code 1 when they differ.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from warehouse.connection import open_warehouse
from warehouse.loading import load_pictures, load_recognitions, load_registers, save_readings
from warehouse.migrate import RELEASED, migrate

START_AT = datetime(2026, 3, 1, tzinfo=UTC)
REGISTER = "home/1-0:1.8.0"
BATCH, BATCHES = 40, 100
FIRST_RELEASE = ("0001_raw.sql", "0002_core.sql", "0003_store_cursors.sql")
TABLES = ("raw.pictures", "raw.recognitions", "raw.candidates", "core.register_readings")
OLD_ROWS = """
insert into core.registers
values ('home/1-0:1.8.0', 'home', 'cellar', '1-0:1.8.0', 7, 1, 24000, 'Europe/Berlin');
insert into raw.pictures
select
    'k' || i, 'cellar', timestamptz '2026-03-01 00:00:00+00' + to_minutes(i), 'name',
    timestamptz '2026-03-02 00:00:00+00', 'x', 1, null, null, null, null, null, 'file:store'
from range(5000) t(i);
insert into raw.recognitions
select 'k' || i, 'home/1-0:1.8.0', 'r', '1', timestamptz '2026-03-02 00:00:00+00', null, 1, null, 'upright-0'
from range(5000) t(i);
insert into raw.candidates
select 'k' || i, 'home/1-0:1.8.0', 'r', '1', 1, lpad(i::varchar, 7, '0'), false, i, 0.9 from range(5000) t(i);
insert into core.register_readings
select
    'home/1-0:1.8.0', 'k' || i, timestamptz '2026-03-01 00:00:00+00' + to_minutes(i), i * 100,
    'measured', null, lpad(i::varchar, 7, '0'), 0.9, 20, true, timestamptz '2026-03-02 00:00:00+00',
    timestamptz '2026-03-02 00:00:01+00'
from range(5000) t(i);
"""


def main() -> int:
    """Kill, check, compare; print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - chooses moments, no secret
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faults = kill_loads(folder, options.kills - options.kills // 4, chance)
        faults += kill_migrations(folder, options.kills // 4, chance)
    for fault in faults:
        print(fault)
    print(f"{options.kills} kills, {len(faults)} faults")
    return 1 if faults else 0


def kill_loads(folder: Path, kills: int, chance: random.Random) -> list[str]:
    """Kill a process that loads; return what was wrong afterwards."""
    path, reference = folder / "w.duckdb", folder / "reference.duckdb"
    in_child(lambda _: prepare(path))
    shutil.copyfile(path, reference)
    faults = []
    for _ in range(kills):
        acknowledged = killed_after(chance.uniform(0.02, 0.5), lambda tell: load_all(path, tell))
        faults += in_child(partial(check_loads, path, acknowledged))
    in_child(lambda tell: load_all(path, tell))
    in_child(lambda tell: load_all(reference, tell))
    return faults + in_child(lambda tell: compare(path, reference, tell))


def kill_migrations(folder: Path, kills: int, chance: random.Random) -> list[str]:
    """Kill a process that migrates a warehouse of the first release; return what was wrong afterwards."""
    old, path, reference = folder / "old.duckdb", folder / "m.duckdb", folder / "migrated.duckdb"
    in_child(lambda _: first_release(old, folder / "migrations"))
    shutil.copyfile(old, reference)
    took = time.perf_counter()
    in_child(lambda _: migrate_file(reference))
    took = time.perf_counter() - took
    faults = []
    for _ in range(kills):
        for each in folder.glob("m.duckdb*"):
            each.unlink()
        shutil.copyfile(old, path)
        killed_after(chance.uniform(0, took), lambda _: migrate_file(path))
        in_child(lambda _: migrate_file(path))
        faults += in_child(lambda tell: compare(path, reference, tell))
    return faults


def first_release(path: Path, folder: Path) -> None:
    """A warehouse as the first release left it."""
    folder.mkdir()
    for name in FIRST_RELEASE:
        (folder / name).write_text((RELEASED / name).read_text(encoding="utf-8"))
    with open_warehouse(path) as warehouse:
        migrate(warehouse, folder)
        warehouse.script(OLD_ROWS)


def migrate_file(path: Path) -> None:
    """Bring a file up to date."""
    with open_warehouse(path) as warehouse:
        migrate(warehouse)


def prepare(path: Path) -> None:
    """An empty warehouse that knows its register."""
    register = {
        "register_id": REGISTER,
        "meter": "home",
        "camera": "cellar",
        "obis_code": "1-0:1.8.0",
        "digits": 7,
        "decimals": 1,
        "max_power_w": 24_000,
        "timezone": "Europe/Berlin",
        "runs_backwards": False,
        "place": 0,
    }
    with open_warehouse(path) as warehouse:
        migrate(warehouse)
        load_registers(warehouse, pl.DataFrame([register]))


def load_all(path: Path, tell: Callable[[str], None]) -> None:
    """Load every batch that is not known to be there; tell of each once it is committed."""
    with open_warehouse(path) as warehouse:
        done = warehouse.sql("select count(*) from core.register_readings").item() // BATCH
        for number in range(max(done - 2, 0), BATCHES):
            pictures, recognitions, candidates, readings = batch(number)
            load_pictures(warehouse, pictures)
            load_recognitions(warehouse, recognitions, candidates)
            save_readings(warehouse, readings)
            tell(str(number))


def batch(number: int) -> tuple[pl.DataFrame, ...]:
    """Pictures, recognitions, candidates and readings of one batch."""
    taken_at = pl.lit(START_AT).cast(pl.Datetime("us", "UTC")) + pl.col("i") * timedelta(minutes=1)
    base = pl.DataFrame({"i": range(number * BATCH, (number + 1) * BATCH)}).select(
        taken_at=taken_at,
        picture_key=pl.format("images/cellar/{}.jpg", "i"),
        value=pl.col("i").cast(pl.Int64),
    )
    common = {"register_id": REGISTER, "reader": "r", "reader_version": "1"}
    named = [pl.lit(value).alias(name) for name, value in common.items()]
    pictures = base.select(
        "picture_key",
        "taken_at",
        camera=pl.lit("cellar"),
        time_source=pl.lit("name"),
        received_at="taken_at",
        content_sha256=pl.lit("x"),
        size_bytes=pl.lit(1),
        reason=pl.lit(None, dtype=pl.String),
        source=pl.lit("file:store"),
    )
    recognitions = base.select("picture_key", "taken_at", *named, recognised_at="taken_at")
    candidates = base.select(
        "picture_key",
        *named,
        rank=pl.lit(1, dtype=pl.UInt8),
        text=pl.col("value").cast(pl.String).str.zfill(7),
        half_step=pl.lit(value=False),
        value_units="value",
        probability=pl.lit(0.9),
    )
    readings = base.select(
        "picture_key",
        pl.lit(REGISTER).alias("register_id"),
        read_at="taken_at",
        value_wh=pl.col("value") * 100,
        quality=pl.lit("measured"),
        reason=pl.lit(None, dtype=pl.String),
        recognised_text=pl.lit("x"),
        probability=pl.lit(0.9),
        log_odds=pl.lit(20.0),
        settled=pl.lit(value=True),
        recognised_at="taken_at",
    )
    return pictures, recognitions, candidates, readings


def check_loads(path: Path, acknowledged: list[str], tell: Callable[[str], None]) -> None:
    """Tell what is half done or lost after a kill."""
    with open_warehouse(path) as warehouse:
        counts = {name: warehouse.sql(f"select count(*) from {name}").item() for name in TABLES}  # noqa: S608 - ours
        keys = warehouse.sql("select count(distinct picture_key) from core.register_readings").item()
        marks = warehouse.sql("select count(*) from core.pending where step = 'decode'").item()
    if any(count % BATCH for count in counts.values()):
        tell(f"half a batch: {counts}")
    if counts["raw.recognitions"] != counts["raw.candidates"] or keys != counts["core.register_readings"]:
        tell(f"rows without their others: {counts}")
    if acknowledged and min(counts.values()) < (int(acknowledged[-1]) + 1) * BATCH:
        tell(f"acknowledged and lost: batch {acknowledged[-1]}, {counts}")
    if counts["raw.recognitions"] and not marks:
        tell("recognitions that nothing waits for")


def compare(path: Path, reference: Path, tell: Callable[[str], None]) -> None:
    """Tell which tables differ from those of a warehouse that was never killed."""
    frames = []
    for each in (path, reference):
        with open_warehouse(each) as warehouse:
            rows = {name: warehouse.sql(f"select * from {name} order by all") for name in TABLES}  # noqa: S608 - ours
            rows["steps"] = warehouse.sql("select distinct register_id, step from core.pending order by all")
            rows["names"] = warehouse.sql("select name, sha256 from schema_migrations order by all")
            frames.append({name: frame.drop("decided_at", strict=False) for name, frame in rows.items()})
    for name, frame in frames[0].items():
        if not frame.equals(frames[1][name]):
            tell(f"{name} differs: {frame.height} rows for {frames[1][name].height}")


def killed_after(patience_s: float, work: Callable[[Callable[[str], None]], None]) -> list[str]:
    """Let a child work, kill it after a time; return what it told until then."""
    child, told = fork(work)
    time.sleep(patience_s)
    os.kill(child, signal.SIGKILL)
    return finish(child, told)


def in_child(work: Callable[[Callable[[str], None]], None]) -> list[str]:
    """Let a child work to its end; return what it told. DuckDB lives in children only: forking is safe."""
    return finish(*fork(work))


def fork(work: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """A child at work, and where to read what it tells, line by line."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    code = 0
    try:
        work(lambda line: void(os.write(writing, f"{line}\n".encode())))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault to tell
        os.write(writing, f"{type(error).__name__}: {error}\n".encode())
        code = 1
    os._exit(code)


def void(_: object) -> None:
    """Nothing."""


def finish(child: int, told: int) -> list[str]:
    """Wait for a child; return what it told."""
    with os.fdopen(told) as lines:
        found = lines.read().splitlines()
    os.waitpid(child, 0)
    return found


if __name__ == "__main__":
    sys.exit(main())
