"""A day of quarter-hours in minutes, through `smartmeter up`, with all thrown at it that a year brings.

    python -P benchmarks/soak.py [--minutes 12] [--seed 0]

An ingest is due each minute. Meanwhile the Prefect server and the serving process are killed with SIGKILL,
the power is cut under all of them, the store goes away, and another process locks Prefect's SQLite file. In
the end every picture must be read and every quarter-hour be there. Exit code 1 when one is missing.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from flows.backend import free_port
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.picture_key import synced_key
from warehouse.connection import open_warehouse

SLOTS = 96
FACE = MeterFace(digits=7, decimals=1, seed=7)
START_UNITS, STEP_UNITS = 36109, 3
QUIET_S = 420.0  # after the last fault: a lease of Prefect lasts five minutes
LOCKING = """
import random, sqlite3, sys, time
ends_at = time.monotonic() + float(sys.argv[2])
while time.monotonic() < ends_at:
    try:
        with sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None) as database:
            database.execute("begin immediate")
            time.sleep(random.uniform(0.2, 3))
            database.execute("rollback")
    except sqlite3.OperationalError:
        pass
    time.sleep(random.uniform(0, 0.3))
"""


@dataclass
class Soak:
    """One installation, what has been done to it and what was seen of it."""

    home: Path
    address: str
    started_s: float = field(default_factory=time.monotonic)
    up: "subprocess.Popen[bytes] | None" = None
    thrown: list[str] = field(default_factory=list)
    memory_mb: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[int] = field(default_factory=list)
    at_once: list[int] = field(default_factory=list)

    @property
    def minute(self) -> float:
        """Minutes since the beginning."""
        return (time.monotonic() - self.started_s) / 60

    def start(self) -> None:
        """Run `smartmeter up`."""
        with (self.home / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "up", "--home", str(self.home)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "SOAK": str(self.home), "PREFECT_API_URL": self.address},
            )

    def processes(self) -> dict[int, str]:
        """Every process of the installation, by number: what it is."""
        mark = f"SOAK={self.home}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = _role(words)
            except OSError:
                continue
        return found

    def kill(self, *roles: str) -> None:
        """Kill these processes with SIGKILL; all of them when none is named."""
        for pid, role in self.processes().items():
            if not roles or role in roles:
                os.kill(pid, signal.SIGKILL)

    def look(self) -> None:
        """Note memory, and how many runs wait or run."""
        for pid, role in self.processes().items():
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
            if role in {"server", "serving"}:
                self.memory_mb[role].append(pages * 4096 / 1e6)
        now_at = datetime.now(UTC)
        due = [run for run in self.runs() if datetime.fromisoformat(run["expected_start_time"]) < now_at]
        states = Counter(run["state_type"] for run in due)
        self.waiting.append(states["SCHEDULED"])
        self.at_once.append(states["RUNNING"] + states["PENDING"])

    def runs(self) -> list[dict[str, Any]]:
        """Every run that the server knows; none while it is away."""
        found: list[dict[str, Any]] = []
        while True:
            try:
                answer = httpx.post(
                    f"{self.address}/flow_runs/filter", json={"limit": 200, "offset": len(found)}, timeout=20
                )
                page = answer.json() if answer.status_code == httpx.codes.OK else []
            except httpx.HTTPError:
                return []
            found += page
            if not page:
                return found


def _role(words: str) -> str:
    for part, role in (
        ("server start", "server"),
        ("uvicorn", "server"),
        ("-m deployments", "serving"),
        ("flows.cli up", "up"),
        ("-c import random, sqlite3", "locking"),
    ):
        if part in words:
            return role
    return "run"


def main() -> int:
    """Let the minutes pass, throw things, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    console = Console(width=100)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    home = folder / "home"
    _furnish(home)
    soak = Soak(home, f"http://127.0.0.1:{free_port()}/api")
    soak.start()
    try:
        _live(soak, options.minutes, console)
        missing = _tell(soak, console)
    finally:
        soak.kill()
    if not missing:
        shutil.rmtree(folder)
    return 1 if missing else 0


def _furnish(home: Path) -> None:
    corners = ", ".join(f"{number:.1f}" for corner in register_corners(FACE) for number in corner)
    (home / "store").mkdir(parents=True)
    (home / "smartmeter.toml").write_text(
        f'[report]\naddress = "http://127.0.0.1:{free_port()}"\n[schedule]\ningest = "* * * * *"\n'
        f'[store]\nurl = "file:{home / "store"}"\n[meters.home]\ncamera = "cellar"\ndigits = 7\n'
        f"decimals = 1\nmax_power_kw = 24\nwindow = [{corners}]\n"
    )


def _faults(soak: Soak, minutes: float) -> list[tuple[float, str, Callable[[], object]]]:
    """What happens when: each fault twice, spread over the time, in an order that the seed decides."""
    store, away = soak.home / "store", soak.home / "store.away"

    def power_cut() -> None:
        soak.kill()
        soak.start()

    def lock(seconds: float) -> None:
        database = soak.home / "prefect" / "prefect.db"
        subprocess.Popen(
            [sys.executable, "-c", LOCKING, str(database), str(seconds)],
            env={**os.environ, "SOAK": str(soak.home)},
        )

    kinds: list[tuple[str, Callable[[], object]]] = [
        ("Prefect server killed", lambda: soak.kill("server")),
        ("serving process killed", lambda: soak.kill("serving")),
        ("serving process and its runs killed", lambda: soak.kill("serving", "run")),
        ("power cut: everything killed, started again", power_cut),
        ("SQLite file locked for 40 s, up to 3 s each time", lambda: lock(40)),
        ("store away for 45 s", lambda: store.rename(away)),
    ]
    order = random.sample(kinds * 2, 2 * len(kinds))
    begin, step = 1.2, (minutes - 1.7) / len(order)
    faults = []
    for place, (name, throw) in enumerate(order):
        at = begin + place * step
        faults.append((at, name, throw))
        if "store away" in name:
            faults.append((at + 0.75, "store back", lambda: away.rename(store)))
    return sorted(faults, key=lambda fault: fault[0])


def _live(soak: Soak, minutes: float, console: Console) -> None:
    started_at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    faults, taken, looked_s = _faults(soak, minutes), 0, 0.0
    while soak.minute < minutes or faults:
        while taken < SLOTS and soak.minute >= taken * (minutes - 0.5) / SLOTS:
            _photograph(soak, taken, started_at)
            taken += 1
        while faults and soak.minute >= faults[0][0]:
            _, name, throw = faults.pop(0)
            soak.thrown.append(name)
            console.print(f"{soak.minute:5.1f} min  {name}", highlight=False)
            throw()
        if time.monotonic() - looked_s > 10:  # noqa: PLR2004  (seconds)
            looked_s = time.monotonic()
            soak.look()
        time.sleep(0.5)
    settled_s = time.monotonic()
    while time.monotonic() - settled_s < QUIET_S and _counts(soak)[0] < SLOTS:
        soak.look()
        time.sleep(5)


def _photograph(soak: Soak, number: int, started_at: datetime) -> None:
    """A picture reaches the store by rename; while that is away, it waits there like in an outbox."""
    at = started_at + timedelta(minutes=15 * number)
    root = next(each for each in (soak.home / "store", soak.home / "store.away") if each.exists())
    path = root / synced_key("cellar", at, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(encode_jpeg(draw_frame(FACE, float(START_UNITS + STEP_UNITS * number), seed=number)))
    draft.replace(path)


def _counts(soak: Soak) -> tuple[int, int, int]:
    """Readings, quarter-hours and Wh in the published copy."""
    copy = soak.home / "site" / "smartmeter.duckdb"
    if not copy.is_file():
        return 0, 0, 0
    with open_warehouse(copy, read_only=True) as warehouse:
        row = warehouse.sql(
            "select (select count(*) from core.register_readings where value_wh is not null), "
            "(select count(*) from core.interval_15min), "
            "(select coalesce(sum(energy_wh), 0)::bigint from core.interval_15min)"
        ).row(0)
    return int(row[0]), int(row[1]), int(row[2])


def _tell(soak: Soak, console: Console) -> bool:
    """Print the tables; whether something is missing."""
    table = Table("thrown at it", "times", box=None)
    for name, times in Counter(name for name in soak.thrown if name != "store back").items():
        table.add_row(name, str(times))
    console.print(table)
    readings, intervals, energy_wh = _counts(soak)
    now_at = datetime.now(UTC)
    runs = Counter(
        "planned" if datetime.fromisoformat(run["expected_start_time"]) > now_at else run["state_name"]
        for run in soak.runs()
    )
    table = Table("seen in the end", "", box=None)
    table.add_row("readings", f"{readings} of {SLOTS}")
    table.add_row("quarter-hours", f"{intervals} of {SLOTS - 1}")
    table.add_row("energy", f"{energy_wh} of {(SLOTS - 1) * STEP_UNITS * 100} Wh")
    for name, count in sorted(runs.items()):
        table.add_row(f"runs: {name}", str(count))
    table.add_row("runs due that waited, at most", str(max(soak.waiting, default=0)))
    table.add_row("runs at once, at most", str(max(soak.at_once, default=0)))
    for role, values in soak.memory_mb.items():
        third = max(len(values) // 3, 1)
        early, late = statistics.median(values[:third]), statistics.median(values[-third:])
        table.add_row(
            f"memory of {role}, MB", f"{early:.0f} early, {late:.0f} late, {max(values):.0f} at most"
        )
    table.add_row("database of Prefect", _check(soak.home / "prefect" / "prefect.db"))
    console.print(table)
    return (readings, intervals) != (SLOTS, SLOTS - 1)


def _check(database: Path) -> str:
    with sqlite3.connect(database, timeout=30) as connection:
        verdict = connection.execute("pragma quick_check").fetchone()[0]
    return f"{verdict}, {database.stat().st_size / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
