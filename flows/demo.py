"""`smartmeter demo`: the main job from end to end on a household whose truth is known."""

import os
import re
import shlex
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from flows.backend import prefect_backend
from flows.playground.dropbox_demo import URL, dropbox_playground, is_archived, upload_past_troubles
from flows.playground.dropbox_emulator.server import DropboxEmulator
from models.rendering.meter import MeterFace, draw_frame, encode_jpeg, register_corners
from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.upload import upload_waiting
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household
from tasks.settings import FILE_NAME, Settings, SettingsError, load_settings
from warehouse.connection import open_warehouse

SEED = 2020
START_UNITS = 36109.7
MINUTE = timedelta(minutes=1)
SLOT = 15 * MINUTE
ZONE = ZoneInfo("Europe/Berlin")
MARKER = ".smartmeter-demo"
# What goes wrong in real cupboards, as one picture in so many.
LAMP_FAILS_EVERY = 61
CUT_SHORT_EVERY = 71
POWER_CUT_EVERY = 83
DEMO_REGISTER = Register(register_id="home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
SETTINGS = """\
# The demo's settings. The camera looks through a mirror; the window names the register's four corners.
timezone = "Europe/Berlin"

[store]
url = "file:store"

[meters.home]
camera = "cellar"
digits = 7
decimals = 1
max_power_kw = 24
window = [{window}]
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: the position of the last drum at each slot, in its units."""

    slot_at: tuple[datetime, ...]
    position_units: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result beside the truth."""

    pictures: int
    right: int
    repaired: int
    wrong: int
    rejected: int
    missing: int
    energy_wh: int
    true_energy_wh: int

    @property
    def passed(self) -> bool:
        """No accepted reading is wrong, the energy agrees to two steps of the last drum, few are lost."""
        return (
            self.wrong == 0
            and self.right >= 0.9 * self.pictures
            and abs(self.energy_wh - self.true_energy_wh) <= 2 * DEMO_REGISTER.unit_wh
        )


def run_demo(home: Path, days: int, out: Console, store: Literal["folder", "dropbox"] = "folder") -> bool:
    """Simulate, photograph, ingest and compare; print what happened and whether it is right.

    Args:
        home: Folder of the demo; an earlier demo in it is replaced.
        days: How many to simulate.
        out: Where to tell.
        store: Where the pictures wait; a Dropbox is played by this machine, over the real SDK and TLS.

    Raises:
        SettingsError: The folder holds something else than an earlier demo.
    """
    started_at = datetime.now(UTC)
    _clear(home)
    out.print(f"Simulating a household for {days} day{'s' * (days > 1)} ...")
    truth = simulate(days)
    outbox = photograph(home, truth, out)
    with ExitStack() as stack:
        emulator = stack.enter_context(dropbox_playground(home)) if store == "dropbox" else None
        _send(home, outbox, emulator, out)
        out.print("Starting a private Prefect server ...")
        with prefect_backend(home, private=True):
            from flows.ingest import ingest

            ingest()
            proved = emulator is None or _free_dropbox(emulator, home, out)
    _write_store_url(home, "file:store")  # the playground is gone, and `smartmeter up` goes on without it
    settings = load_settings()
    verdict = compare(settings, truth)
    _print_verdict(verdict, settings, datetime.now(UTC) - started_at, out)
    return verdict.passed and proved


def simulate(days: int) -> Truth:
    """The register of a household over the last full days, up to the last midnight."""
    midnight = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    end_at = midnight.astimezone(UTC)
    start_at = (midnight - timedelta(days=days)).astimezone(UTC)
    position = register_positions(simulate_household(start_at, days + 1, SEED), START_UNITS, DEMO_REGISTER)
    slots = tuple(start_at + SLOT * number for number in range((end_at - start_at) // SLOT + 1))
    return Truth(slots, np.asarray(position)[:: SLOT // MINUTE][: len(slots)])


def photograph(home: Path, truth: Truth, out: Console) -> Outbox:
    """Draw each slot's picture and put it into the outbox, as the camera would.

    The lamp fails, a file is cut short and the power is out now and then.
    """
    face = MeterFace(
        digits=DEMO_REGISTER.digits, decimals=DEMO_REGISTER.decimals, seed=SEED, mirror="vertical"
    )
    corners = [number for corner in register_corners(face) for number in corner]
    (home / FILE_NAME).write_text(SETTINGS.format(window=", ".join(f"{number:.1f}" for number in corners)))
    outbox = Outbox(home / "outbox")
    pairs = list(zip(truth.slot_at, truth.position_units, strict=True))
    for number, (slot_at, position) in enumerate(
        track(pairs, "Photographing the meter", console=out, disable=not out.is_terminal), start=1
    ):
        if number % POWER_CUT_EVERY == 0:
            continue
        light = 0.0 if number % LAMP_FAILS_EVERY == 0 else 1.0
        picture = encode_jpeg(draw_frame(face, float(position), light=light, seed=SEED + number))
        facts = CaptureFacts(camera="cellar", taken_at=slot_at, clock_synchronised=True, slot_at=slot_at)
        outbox.add(picture[: len(picture) // 2] if number % CUT_SHORT_EVERY == 0 else picture, facts)
    return outbox


def compare(settings: Settings, truth: Truth) -> Verdict:
    """The published readings beside the truth; right means within one step of the last drum."""
    with open_warehouse(settings.sql_copy, read_only=True) as warehouse:
        readings = warehouse.query("readings_of", meter="home")
        energy_wh = warehouse.query("energy_of", meter="home").item()
        known = warehouse.query("archived_pictures").height
    position = dict(zip(truth.slot_at, truth.position_units, strict=True))
    accepted = readings.filter(pl.col("value_wh").is_not_null())
    off_units = [
        abs(row["value_wh"] / DEMO_REGISTER.unit_wh - position[row["read_at"]])
        for row in accepted.iter_rows(named=True)
    ]
    taken = [position[at] for at in accepted.get_column("read_at").sort()]
    wrong = sum(off >= 1 for off in off_units)
    quality = readings.get_column("quality")
    return Verdict(
        pictures=len(truth.slot_at),
        right=len(off_units) - wrong,
        repaired=int((quality == "repaired").sum()),
        wrong=wrong,
        rejected=known - accepted.height,
        missing=len(truth.slot_at) - known,
        energy_wh=int(energy_wh or 0),
        true_energy_wh=round((taken[-1] - taken[0]) * DEMO_REGISTER.unit_wh) if taken else 0,
    )


def _send(home: Path, outbox: Outbox, emulator: DropboxEmulator | None, out: Console) -> None:
    """Bring what waits in the outbox to the store, as the agent does, and name it in the settings."""
    if emulator is None:
        sent = upload_waiting(outbox, open_store("file:store", home))
        out.print(f"{sent.stored} pictures went through the outbox into the store.", highlight=False)
        return
    _write_store_url(home, URL)
    restarts = upload_past_troubles(emulator, home, outbox)
    total = len(emulator.files.paths())
    out.print(
        f"{total} pictures went through the outbox into Dropbox; a lost reply, a refusal", highlight=False
    )
    out.print(f"and a flipped bit made the upload begin anew {restarts} times.", highlight=False)


def _free_dropbox(emulator: DropboxEmulator, home: Path, out: Console) -> bool:
    """Back the playground up, and say whether every picture went from there and none went missing."""
    from flows.backup import backup

    archived = is_archived(emulator, home / "archive")
    emulator.calls.clear()
    summary = backup(keep_days=0, grace_hours=0)
    calls, left = emulator.calls.total(), len(emulator.files.paths())
    out.print(
        f"Backup: {summary['freed']} pictures ({summary['freed_bytes'] / 1e6:.1f} MB), read back from the "
        f"archive and compared,\nleft Dropbox in {calls} calls; {left} are still there.",
        highlight=False,
    )
    if not archived or left:
        out.print("The archive and the Dropbox differ: a picture is missing.", style="red")
    return archived and not left


def _write_store_url(home: Path, url: str) -> None:
    path = home / FILE_NAME
    path.write_text(re.sub(r'(?m)^url = ".*"$', f'url = "{url}"', path.read_text()))


def _clear(home: Path) -> None:
    if home.exists() and any(home.iterdir()) and not (home / MARKER).exists():
        raise SettingsError(
            f"{home} holds something else than an earlier demo; nothing was touched. Choose another --home."
        )
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARKER).touch()


def _print_verdict(verdict: Verdict, settings: Settings, took: timedelta, out: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("The result beside the truth", "result", "truth"):
        table.add_column(name, justify="left" if " " in name else "right")
    table.add_row("energy", f"{verdict.energy_wh / 1000:.1f} kWh", f"{verdict.true_energy_wh / 1000:.1f} kWh")
    table.add_row("readings, right", str(verdict.right), str(verdict.pictures))
    table.add_row("   of them repaired by the series", str(verdict.repaired), "")
    table.add_row("readings, wrong", str(verdict.wrong), "0")
    table.add_row("pictures without a reading (reason kept)", str(verdict.rejected), "")
    table.add_row("pictures missing (power cut)", str(verdict.missing), "")
    out.print()
    out.print(table)
    out.print(f"\nEverything took {took.total_seconds():.0f} s.", highlight=False)
    out.print(f"Report:    {settings.site / 'index.html'}", soft_wrap=True, highlight=False)
    out.print(f"SQL copy:  {settings.sql_copy}", soft_wrap=True, highlight=False)
    home = shlex.quote(str(settings.home))
    command = os.path.relpath(sys.argv[0]) if sys.argv[0].endswith("smartmeter") else "smartmeter"
    for name, text in (
        ("Next:", f'{command} sql "from out.consumption_day" --home {home}'),
        ("", f"{command} up --home {home}"),
    ):
        out.print(f"{name:<10} {text}", soft_wrap=True, highlight=False)
    if not verdict.passed:
        out.print("The result is wrong: see the readings in the report.", style="red")
