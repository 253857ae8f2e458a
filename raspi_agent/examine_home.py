"""Checks of the home folder, its disk, and the machine around it."""

import os
import shlex
import shutil
import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent import durable
from raspi_agent.clock import read_clock
from raspi_agent.earlier_outboxes import left_waiting, remedy_for
from raspi_agent.finding import Finding, fault, ok, warning
from raspi_agent.health import HOT_C
from raspi_agent.machine import UNDERVOLTAGE, UNDERVOLTAGE_HAS_OCCURRED, Machine, examine_machine
from raspi_agent.outbox import Outbox
from raspi_agent.outbox_room import dropped_so_far, last_dropped_at
from raspi_agent.picture_key import parse_picture_key

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

_MEGABYTE = 1_000_000
_LONG = timedelta(hours=6)
_DROP_IS_OVER = timedelta(days=7)
_FIRST_YEAR = 2024  # before this program was written: a clock that shows it is wrong
_POWER_REMEDY = "use the supply made for this Pi (5 V, 2.5 A and more) and a short, thick cable"


def examine_home(home: Path) -> Finding:
    """Whether files can be written in the home folder and reach the disk."""
    if not home.is_dir():
        return fault(
            "home", f"{home} is not there", "deployments/raspi/install.sh makes it, or name it with --home"
        )
    return _examine_folder("home", home)


def examine_outbox(folder: Path) -> Finding:
    """Likewise of the outbox, which may lie on another disk."""
    return _examine_folder("outbox", folder)


def examine_secrets(home: Path) -> Finding:
    """Whether nobody but the agent's user can read the secrets."""
    folder = home / "secrets"
    if not folder.exists():
        return ok("secrets", "there are none")
    try:
        paths = [folder, *sorted(folder.iterdir())]
        open_ones = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
        foreign = [path for path in paths if path.stat().st_uid != os.geteuid()]
    except OSError as error:
        return fault("secrets", f"they cannot be looked at: {error}", _take_over(folder))
    if foreign:
        return fault("secrets", f"{foreign[0]} belongs to another user", _take_over(folder))
    if open_ones:
        return fault(
            "secrets",
            f"others may read {', '.join(path.name for path in open_ones)}",
            f"chmod -R go= {shlex.quote(str(folder))}",
        )
    return ok("secrets", f"only this user reads {', '.join(path.name for path in paths[1:]) or 'them'}")


def examine_disk(home: Path, free_mb: int) -> Finding:
    """Whether the disk has more than must stay free."""
    try:
        disk = shutil.disk_usage(home)
    except OSError as error:
        return fault("disk", f"it does not answer: {error}", "try another card; this one may be worn out")
    sentence = f"{disk.free // _MEGABYTE} of {disk.total // _MEGABYTE} MB are free"
    if disk.free < free_mb * _MEGABYTE:
        return fault("disk", f"{sentence}; free_mb = {free_mb}", "bring the store back, or free some space")
    if disk.free < 2 * free_mb * _MEGABYTE:
        return warning("disk", sentence, "bring the store back, or free some space")
    return ok("disk", sentence)


def examine_clock(settings: "AgentSettings") -> Finding:
    """Whether the clock can be believed."""
    clock = read_clock(trusted=settings.trust_clock)
    sentence = (
        f"{clock.now_at:%Y-%m-%d %H:%M} UTC, {clock.now_at.astimezone(settings.schedule.zone):%H:%M %Z}"
    )
    if clock.now_at.year < _FIRST_YEAR:
        return fault("clock", f"{sentence} cannot be", "look at the network; then: timedatectl set-ntp true")
    if not clock.synchronised:
        return warning(
            "clock",
            f"{sentence}; no time server has set it since the boot",
            "look at the network; timedatectl timesync-status tells more; "
            "trust_clock = true where another program or a battery keeps it",
        )
    return ok("clock", sentence)


def examine_machine_of(home: Path) -> Iterator[Finding]:
    """How warm the processor is, and whether the power supply does."""
    yield from judge_machine(examine_machine(home))


def judge_machine(machine: Machine) -> Iterator[Finding]:
    """What is wrong with a machine that has been looked at."""
    degrees = machine.temperature_c
    if degrees is None:
        yield ok("temperature", "this machine does not tell")
    elif degrees >= HOT_C:
        yield warning("temperature", f"{degrees:.0f} °C", "give it air, or take it out of the sun")
    else:
        yield ok("temperature", f"{degrees:.0f} °C")
    if machine.throttled is None:
        yield ok("power", "this machine does not tell")
    elif UNDERVOLTAGE in machine.throttled:
        yield fault("power", "the voltage is too low now", _POWER_REMEDY)
    elif UNDERVOLTAGE_HAS_OCCURRED in machine.throttled:
        yield warning("power", "the voltage has been too low since the boot", _POWER_REMEDY)
    elif machine.throttled:
        yield warning("power", ", ".join(machine.throttled).replace("_", " "), "give it air")
    else:
        yield ok("power", "the voltage has been high enough since the boot")


def examine_waiting(outbox_folder: Path) -> Finding:
    """Whether pictures wait for long, or had to go."""
    outbox = Outbox(outbox_folder)
    waiting = outbox.waiting()
    taken_at = [parsed.taken_at for key in waiting if (parsed := parse_picture_key(key)) and parsed.taken_at]
    now_at = datetime.now(UTC)
    age = now_at - min(taken_at) if taken_at else timedelta()
    sentence = f"{len(waiting)} pictures wait"
    if age > _LONG:
        sentence += f", the oldest for {age.days} days and {age.seconds // 3600} hours"
        return warning(
            "waiting", sentence, "the line about the store says why; then: smartmeter-agent upload"
        )
    dropped_at = last_dropped_at(outbox)
    if dropped_at is None:
        return ok("waiting", sentence)
    sentence += (
        f"; {dropped_so_far(outbox)} had to go unsent for a full disk, the last on {dropped_at:%Y-%m-%d}"
    )
    if now_at - dropped_at > _DROP_IS_OVER:
        return ok("waiting", sentence)
    return warning(
        "waiting",
        sentence,
        "where the lines about store and disk are ok it is over; else they say what to do",
    )


def examine_earlier_outboxes(home: Path, outbox: Path) -> Iterator[Finding]:
    """Where pictures wait that nobody sends since the setting `outbox` was changed."""
    for folder, count in left_waiting(home, outbox).items():
        yield warning("waiting", f"{count} pictures wait in {folder}, an earlier outbox", remedy_for(folder))


def _examine_folder(name: str, folder: Path) -> Finding:
    probe = folder / f".doctor-{uuid.uuid4().hex}"
    try:
        durable.make_folder(folder)
        durable.write_new(probe, bytes(4096))
        durable.sync_folder(folder)
    except PermissionError:
        return fault(name, f"this user may not write into {folder}", _take_over(folder))
    except OSError as error:
        return fault(
            name,
            f"{folder} takes no files: {error.strerror or error}",
            "is the disk full, read-only, or another file in the way? Look at df and dmesg",
        )
    finally:
        _remove(probe)
    return ok(name, f"{folder} takes files")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the folder, which has just been found faulty, is none


def _take_over(folder: Path) -> str:
    return f"sudo chown -R {_me()} {shlex.quote(str(folder))}"


def _me() -> str:
    import pwd  # noqa: PLC0415 - for a remedy only

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
