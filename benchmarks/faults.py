"""Random rounds of power cuts, kills, lost replies, bit flips, races and clock jumps; prints what it did.

python -P benchmarks/faults.py --rounds 1000 --store dropbox
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from flows.playground.dropbox_emulator.server import DropboxEmulator
from flows.playground.fault_runs.household import Report
from flows.playground.fault_runs.rules import Rule
from flows.playground.fault_runs.runs import run_rounds

ROUNDS_IN_A_RUN = 25
RUNS_IN_AN_INTERIM_ROW = 4
WIDTHS = (5, 13, 5, 8, 7, 12, 12)


def main() -> None:
    """Play the runs and print what became of the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="rounds with every rule in force")
    parser.add_argument("--rule-runs", type=int, default=5, help="runs without each rule; 0: none")
    parser.add_argument("--store", choices=("dropbox", "folder"), default="dropbox")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with DropboxEmulator() as emulator:
        os.environ.update(emulator.environment())
        there = emulator if options.store == "dropbox" else None
        _measure(options, there)


def _measure(options: argparse.Namespace, emulator: DropboxEmulator | None) -> None:
    console = Console(width=120)
    started_s = time.monotonic()
    runs = max(1, options.rounds // ROUNDS_IN_A_RUN)
    heads = ("runs", "not clean in", "lost", "doubled", "broken", "slots twice", "left behind")
    console.print(_row("left out", *heads))
    reports = _play(console, "every rule", runs, options.seed, emulator)
    happened = sum((report.happened for report in reports[1:]), reports[0].happened)
    pictures = sum(report.promised for report in reports)
    console.print(
        f"{runs * ROUNDS_IN_A_RUN:,} rounds over {options.store}, {pictures:,} pictures, "
        f"{time.monotonic() - started_s:.0f} s"
    )
    console.print(", ".join(f"{name}: {count}" for name, count in happened.most_common()))
    _tell(console, "nothing", reports)
    if not options.rule_runs:
        return
    for rule in Rule:
        reports = _play(console, rule.name, options.rule_runs, options.seed, emulator, without=rule)
        _tell(console, rule.value, reports)
    if emulator is not None:
        reports = _play(console, "original", options.rule_runs, options.seed, emulator, original=True)
        _tell(console, "(the original's logic)", reports)


def _play(
    console: Console,
    name: str,
    runs: int,
    seed: int,
    emulator: DropboxEmulator | None,
    *,
    without: Rule | None = None,
    original: bool = False,
) -> list[Report]:
    reports = []
    for number in track(range(seed, seed + runs), name, console=console, disable=not console.is_terminal):
        if emulator is not None:
            emulator.reset()
        with tempfile.TemporaryDirectory() as folder:
            reports.append(
                run_rounds(
                    ROUNDS_IN_A_RUN, number, Path(folder), emulator, without=without, original=original
                )
            )
        if len(reports) % RUNS_IN_AN_INTERIM_ROW == 0 and len(reports) < runs:
            _tell(console, f"  {name} so far", reports)
    return reports


def _tell(console: Console, name: str, reports: list[Report]) -> None:
    """Print one row as soon as it is known: a long run that is stopped has then said something."""
    lost = sum(report.lost for report in reports)
    doubled = sum(report.doubled for report in reports)
    left = sum(len(report.left_behind) for report in reports)
    broken = sum(report.broken for report in reports)
    twice = sum(report.slots_twice for report in reports)
    unclean = sum(not report.is_clean for report in reports)
    console.print(_row(name, len(reports), unclean, lost, doubled, broken, twice, left))


def _row(name: str, *numbers: object) -> str:
    return f"{name:<55}" + "".join(
        f"{number!s:>{width}}" for number, width in zip(numbers, WIDTHS, strict=True)
    )


if __name__ == "__main__":
    main()
