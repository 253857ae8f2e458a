"""What orchestration costs: the same back-fill with Prefect and without, in turn, in processes of their own.

    python -P benchmarks/pipeline.py [--pictures 2880] [--rounds 3]

A year of quarter-hours: --pictures 35040. Pictures are drawn once; each round starts with an empty home.
Without Prefect the same functions are called in the same order with the same batches. The Prefect server runs
beside on the same machine, as it does at home; starting it is not counted.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from flows.backend import export_environment, free_port, start_server, stop
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.picture_key import synced_key

STARTED_AT = datetime(2025, 1, 1, tzinfo=UTC)
FACE = MeterFace(digits=7, decimals=1, seed=7)


def main() -> None:
    """Draw, run both ways in turn, and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2880)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=["plain", "prefect"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_run_child(options.child)))
        return
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
        root = Path(folder)
        _draw(root / "store", options.pictures, console)
        seen: dict[str, list[dict[str, float]]] = {"plain": [], "prefect": []}
        for number in range(options.rounds):
            for kind in sorted(seen, reverse=bool(number % 2)):
                seen[kind].append(_measure(root, kind))
                console.print(f"{kind:<8} {seen[kind][-1]}", highlight=False)
    _tell(seen, options.pictures, console)


def _draw(store: Path, pictures: int, console: Console) -> None:
    for number in track(range(pictures), "drawing", console=console, disable=not console.is_terminal):
        path = store / synced_key("cellar", STARTED_AT + timedelta(minutes=15 * number), number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(draw_frame(FACE, 36109.0 + 3 * number, seed=number)))


def _measure(root: Path, kind: str) -> dict[str, float]:
    """One back-fill in a new process and a new home."""
    home = root / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    corners = ", ".join(f"{number:.1f}" for corner in register_corners(FACE) for number in corner)
    (home / "smartmeter.toml").write_text(
        f'[store]\nurl = "file:{root / "store"}"\n[meters.home]\ncamera = "cellar"\ndigits = 7\n'
        f"decimals = 1\nmax_power_kw = 24\nwindow = [{corners}]\n"
    )
    environment = {**os.environ, "SMARTMETER_HOME": str(home)}
    server = None
    if kind == "prefect":
        port = free_port()
        export_environment(home)
        os.environ["PREFECT_HOME"] = str(home / "prefect")
        server = start_server(home, port, ui=False)
        environment |= {**os.environ, "SMARTMETER_HOME": str(home)}
        environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    before_s = _tree_cpu_s(server.pid) if server else 0.0
    try:
        with (root / f"{kind}.log").open("w") as log:
            answer = subprocess.run(
                [sys.executable, "-P", __file__, "--child", kind],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=True,
            )
        server_s = _tree_cpu_s(server.pid) - before_s if server else 0.0
    finally:
        if server is not None:
            stop(server)
    facts: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return facts | {"server_cpu_s": round(server_s, 2)}


def _tree_cpu_s(pid: int) -> float:
    """Processor seconds of a process and of those it started."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
    tree, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in tree} - tree
        tree, grown = tree | more, bool(more)
    return sum(ticks.get(each, 0) for each in tree) / os.sysconf("SC_CLK_TCK")


def _run_child(kind: str) -> dict[str, float]:
    from tasks.settings import load_settings  # noqa: PLC0415 - after the environment is set

    if kind == "prefect":
        from flows.ingest import ingest  # noqa: PLC0415 - likewise

        started_s = time.perf_counter()
        summary = ingest()
    else:
        from flows import ingest as steps  # noqa: PLC0415 - likewise

        settings = load_settings()
        started_s = time.perf_counter()
        summary = _without_prefect(steps, settings)
    seconds = time.perf_counter() - started_s
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu.ru_utime + cpu.ru_stime, 2),
        "pictures": int(summary["pictures"]),
        "measured": int(summary.get("measured", 0)),
    }


def _without_prefect(steps: object, settings: object) -> dict[str, int]:
    """The flow `ingest` as plain calls: its tasks' own functions, in its order, in its batches."""
    from typing import Any, cast  # noqa: PLC0415

    do, known = cast("Any", steps), cast("Any", settings)
    do.prepare_warehouse.fn(known)
    do.adopt_archive.fn(known)
    listing = do.list_new_pictures.fn(known)
    left = [
        each
        for revisions in do.in_batches(listing.revisions, do.BATCH, "fetching")
        for each in do.fetch_batch.fn(known, revisions)
    ]
    if not left:
        do.keep_cursor.fn(known, listing.cursor)
    for register_id in known.register_ids("home"):
        unread = do.list_unread_pictures.fn(known, register_id)
        for pictures in do.in_batches(unread, known.reader.batch_size, "reading"):
            do.recognize_batch.fn(known, register_id, pictures)
        do.decode_series.fn(known, register_id)
        do.derive_energy.fn(known, register_id)
    do.publish_report.fn(known)
    from tasks.publish import count_outcomes  # noqa: PLC0415
    from warehouse.connection import open_warehouse  # noqa: PLC0415

    with open_warehouse(known.sql_copy, read_only=True) as warehouse:
        counts: dict[str, int] = count_outcomes(warehouse, known, ["home"])
    return counts


def _tell(seen: dict[str, list[dict[str, float]]], pictures: int, console: Console) -> None:
    table = Table("median of each", "seconds", "ms a picture", "processor s", "of Prefect's server", box=None)
    medians = {
        kind: {name: statistics.median(each[name] for each in facts) for name in facts[0]}
        for kind, facts in seen.items()
    }
    for kind, each in medians.items():
        table.add_row(
            kind,
            f"{each['seconds']:.1f}",
            f"{1000 * each['seconds'] / pictures:.2f}",
            f"{each['cpu_s']:.1f}",
            f"{each['server_cpu_s']:.1f}",
        )
    console.print(table)
    for what, names in (
        ("time", ("seconds",)),
        ("processor time of the run", ("cpu_s",)),
        ("processor time, server included", ("cpu_s", "server_cpu_s")),
    ):
        ratios = [
            sum(with_it[name] for name in names) / sum(without[name] for name in names) - 1
            for with_it, without in zip(seen["prefect"], seen["plain"], strict=True)
        ]
        console.print(
            f"{pictures} pictures, {len(ratios)} pairs: orchestration adds {statistics.median(ratios):.1%} "
            f"{what} ({', '.join(f'{each:.1%}' for each in ratios)})",
            highlight=False,
        )


if __name__ == "__main__":
    main()
