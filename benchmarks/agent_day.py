"""A day of the agent with a picture a minute, a Prefect server killed for hours, and a store away for others.

python -P benchmarks/agent_day.py --minutes 1440
python -P benchmarks/agent_day.py --offline-days 7
"""

import argparse
import logging
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import tomlkit
from rich.console import Console
from rich.progress import Progress

from flows.backend import export_environment, free_port, start_server
from flows.playground.agent_day import SETTINGS, Day, SimulatedDay
from flows.playground.dropbox_demo import URL, dropbox_playground
from raspi_agent.folder_store import FolderStore
from raspi_agent.open_store import open_store

QUARTERS = 4  # of the day: all well, no server, all well, no store
TRIES_WITHOUT_SERVER = 20  # a run that finds no server takes seconds to notice


def main() -> None:
    """Let the day pass and print what became of its slots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--offline-days", type=int, help="instead: so many days without store and Prefect")
    options = parser.parse_args()
    console = Console(width=100)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if options.offline_days:
            _tell(_live_offline(home, options.offline_days * 1440), time.monotonic() - started_s, console)
            return
        (home / "agent.toml").write_text(tomlkit.dumps(SETTINGS))
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "ERROR"
        export_environment(home, quiet=True)
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{free_port()}/api"
        day = _live(home, options.minutes, console)
    _tell(day, time.monotonic() - started_s, console)


def _live(home: Path, minutes: int, console: Console) -> Day:
    server: list[subprocess.Popen[bytes]] = [_start(home)]
    quarter = minutes // QUARTERS

    def run_flow(minute: int) -> bool | None:
        if quarter <= minute < 2 * quarter and minute % (quarter // TRIES_WITHOUT_SERVER or 1):
            return None
        from flows.capture import capture  # noqa: PLC0415 - after the environment is set

        try:
            capture()
        except Exception:  # noqa: BLE001  (whatever it was, the run failed)
            return False
        return True

    with (
        dropbox_playground(home) as emulator,
        Progress(console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("minutes", total=minutes)

        def each_minute(minute: int) -> None:
            bar.update(task, completed=minute)
            if minute == quarter:
                server[0].send_signal(signal.SIGKILL)
                server[0].wait()
            elif minute == 2 * quarter:
                server[0] = _start(home)
            elif minute == 3 * quarter:
                emulator.fail("*", status=503, times=10**9)
            elif minute == minutes - 2:
                emulator.faults.coming.clear()

        simulated = SimulatedDay(home, minutes, lambda: open_store(URL, home), run_flow, each_minute)
        try:
            return simulated.live(lambda: [emulator.files.read(path) for path in emulator.files.paths()])
        finally:
            server[0].kill()


def _live_offline(home: Path, minutes: int) -> Day:
    shelf = home / "shelf"
    store = FolderStore(shelf, settle_s=0)

    def each_minute(minute: int) -> None:
        if minute == minutes - 2:
            shelf.mkdir()

    simulated = SimulatedDay(home, minutes, lambda: store, lambda _: None, each_minute)
    return simulated.live(lambda: [store.fetch(each) for each in store.list().revisions])


def _start(home: Path) -> "subprocess.Popen[bytes]":
    port = int(os.environ["PREFECT_API_URL"].rpartition(":")[2].partition("/")[0])
    return start_server(home, port, ui=False)


def _tell(day: Day, seconds: float, console: Console) -> None:
    twice = sum(count > 1 for count in day.stored.values())
    console.print(f"{day.minutes} slots, a minute each, in {seconds:.0f} s")
    console.print(f"{day.runs} flow runs, {day.refused} of them without a server")
    console.print(f"{day.by_run} pictures because a run asked, {day.by_agent} by the agent itself")
    console.print(
        f"in the store: {sum(day.stored.values())} pictures of {len(day.stored)} slots, {twice} twice"
    )
    console.print(f"the watchdog was not fed because: {', '.join(day.hangs) or '-'}")
    console.print("complete" if day.is_complete else "NOT COMPLETE")


if __name__ == "__main__":
    logging.getLogger("raspi_agent").setLevel(logging.ERROR)
    main()
