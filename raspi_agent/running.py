"""The agent at work: clockwork, upload, reports and the end of a power cycle, wired together."""

import fcntl
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent import durable
from raspi_agent.ask import AskServer
from raspi_agent.cameras.open_camera import open_camera
from raspi_agent.capture import Equipment, longest_picture_s
from raspi_agent.capture_loop import ACTIVITY as CAMERA
from raspi_agent.capture_loop import CaptureLoop
from raspi_agent.clock import read_clock
from raspi_agent.earlier_outboxes import note_outbox
from raspi_agent.health import look_at_machine
from raspi_agent.lamp import turn_off
from raspi_agent.light import open_light
from raspi_agent.log_segments import LogSegments, set_up_logging
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.power import ask_for
from raspi_agent.reporting import Reporter
from raspi_agent.store import Store, StoreRefused
from raspi_agent.tally import Tally
from raspi_agent.upload_loop import ACTIVITY as UPLOAD
from raspi_agent.upload_loop import HANGS_AFTER_S, UploadLoop
from raspi_agent.watchdog import Watchdog, notify

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

_STOP_S = 8.0  # systemd waits longer

_log = logging.getLogger("smartmeter-agent")


class AnotherAgent(Exception):  # noqa: N818 - a state of the home folder, named as one
    """An agent works in this home folder already; the message says how to stop it."""


def run_agent(home: Path, settings: "AgentSettings") -> None:
    """Take pictures and upload them until SIGTERM or the end of a power cycle.

    Raises:
        ValueError: camera or lamp cannot be what the settings say.
        AnotherAgent: one runs there.
        OSError: the home folder's disk refuses.
    """
    with only_agent(home):
        _run(home, settings)


@contextmanager
def only_agent(home: Path) -> Iterator[None]:
    """Be the only agent of a home folder within the block; the kernel ends that with the process.

    Raises:
        AnotherAgent: one runs there.
    """
    durable.make_folder(home)
    with (home / "agent.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another agent runs in {home}: stop it first (systemctl stop smartmeter-agent)"
            raise AnotherAgent(message) from None
        yield


@dataclass(frozen=True, slots=True)
class _Parts:
    """What works together."""

    settings: "AgentSettings"
    equipment: Equipment
    segments: LogSegments
    watchdog: Watchdog
    reporter: Reporter
    uploads: UploadLoop
    pictures: CaptureLoop
    asked: AskServer


def _run(home: Path, settings: "AgentSettings") -> None:
    parts = _assemble(home, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: parts.pictures.stop())
    turn_off(parts.equipment.light)
    parts.asked.start()
    parts.uploads.start()
    notify("READY=1")
    _log.info("the agent of %s runs, with %s", settings.camera, settings.camera_url.partition(":")[0])
    try:
        parts.pictures.run()
    finally:
        parts.asked.stop()
        parts.equipment.camera.close()
        turn_off(parts.equipment.light)
        parts.uploads.stop(_STOP_S)
    if parts.pictures.is_cycle_over:
        _end_cycle(parts)
    notify("STOPPING=1")


def _assemble(home: Path, settings: "AgentSettings") -> _Parts:
    outbox = Outbox(home / settings.outbox)
    outbox.sweep()
    segments = set_up_logging(home, settings.camera, outbox.folder)
    note_outbox(home, settings.outbox)
    equipment = equipment_of(home, settings)
    look = partial(read_clock, trusted=settings.trust_clock)
    picture_s = longest_picture_s(settings.camera_timeout_s)
    watchdog = Watchdog({CAMERA: picture_s, UPLOAD: HANGS_AFTER_S})
    tally = Tally()
    reporter = Reporter(home, settings, outbox, tally, look)
    uploads = UploadLoop(
        partial(_store_of, home, settings),
        outbox,
        tally=tally,
        watchdog=watchdog,
        housekeeping=reporter.keep_up,
    )
    pictures = CaptureLoop(
        home,
        settings,
        outbox,
        equipment,
        tally=tally,
        watchdog=watchdog,
        look_at_clock=look,
        on_taken=uploads.wake,
    )
    asked = AskServer(home, pictures.ask, picture_s)
    return _Parts(settings, equipment, segments, watchdog, reporter, uploads, pictures, asked)


def _store_of(home: Path, settings: "AgentSettings") -> Store:
    """The store; an address that can be none holds up no picture: they wait until it is corrected."""
    try:
        return open_store(settings.store_url, home)
    except ValueError as error:
        message = f"{error}; correct store_url in agent.toml and start the agent anew"
        raise StoreRefused(message) from error


def _end_cycle(parts: _Parts) -> None:
    """Send everything, for as long as the owner lets it, and ask for the power to go off."""
    try:
        parts.reporter.report()
    except OSError:
        _log.exception("no last report: the disk refuses")
    parts.segments.close_segment()

    def feed() -> None:  # systemd would take a long wait for the store for a hang
        parts.watchdog.progress(CAMERA)
        parts.watchdog.feed()

    power = parts.settings.power
    left = parts.uploads.drain(power.upload_minutes * 60.0, meanwhile=feed)
    _log.info("the power cycle is over; %d pictures wait for the next", left)
    ask_for("poweroff", power.request_folder)
    threading.Event().wait(_STOP_S)


def equipment_of(home: Path, settings: "AgentSettings") -> Equipment:
    """What the settings say that a picture is taken with; nothing is asked of it yet.

    Raises:
        ValueError: there is no such camera or lamp.
    """
    return Equipment(
        name=settings.camera,
        camera=open_camera(settings, home),
        light=open_light(settings),
        timeout_s=settings.camera_timeout_s,
        light_settle_s=settings.light.settle_s,
        light_longest_on_s=settings.light.longest_on_s,
        look_at_machine=look_at_machine,
    )
