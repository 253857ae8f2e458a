"""What each command of `smartmeter-agent` does; each returns its exit code."""

import argparse
import json
import logging
import sys
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path

from raspi_agent.capture import capture_slot
from raspi_agent.clock import read_clock
from raspi_agent.earlier_outboxes import note_outbox
from raspi_agent.lamp import turn_off
from raspi_agent.mail import send_mail
from raspi_agent.outbox import Outbox
from raspi_agent.running import equipment_of, run_agent
from raspi_agent.slots import current_slot
from raspi_agent.store import StoreRefused
from raspi_agent.upload import Uploaded, upload_waiting

OK, FAILED, WRONG_USE = 0, 1, 2

_log = logging.getLogger("smartmeter-agent")


def run(home: Path, _: argparse.Namespace) -> int:
    """Take pictures until SIGTERM."""
    from raspi_agent.settings import load_settings  # noqa: PLC0415 - --help stays free of pydantic

    run_agent(home, load_settings(home))
    return OK


def once(home: Path, _: argparse.Namespace) -> int:
    """Take one picture and upload."""
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    settings = load_settings(home)
    outbox = Outbox(home / settings.outbox)
    outbox.sweep()
    note_outbox(home, settings.outbox)
    look = partial(read_clock, trusted=settings.trust_clock)
    slot_at = current_slot(settings.schedule, look().now_at)
    equipment = equipment_of(home, settings)
    try:
        taken = capture_slot(outbox, equipment, settings.schedule, slot_at, look)
    finally:
        equipment.camera.close()
    if taken:
        _say(f"taken: {taken.key}")
    elif slot_at:
        _say(f"the slot of {slot_at:%H:%M} UTC has its picture already")
    # a store that is away costs no picture: it waits, and this command has kept its promise
    uploaded = _bring_to_store(home, settings.store_url, outbox)
    return FAILED if isinstance(uploaded.stopped_by, StoreRefused) else OK


def upload(home: Path, _: argparse.Namespace) -> int:
    """Send what waits."""
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    settings = load_settings(home)
    outbox = Outbox(home / settings.outbox)
    outbox.sweep()
    return FAILED if _bring_to_store(home, settings.store_url, outbox).waiting else OK


def status(home: Path, options: argparse.Namespace) -> int:
    """Show how full the outbox is."""
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    found = asdict(Outbox(home / load_settings(home).outbox).status())
    if options.json:
        _say(json.dumps(found, default=datetime.isoformat))
        return OK
    for name, value in found.items():
        _say(f"{name.replace('_', ' '):16} {'-' if value is None else value}")
    return OK


def calibrate(home: Path, options: argparse.Namespace) -> int:
    """Take pictures to look at."""
    from raspi_agent import calibrate as calibrating  # noqa: PLC0415
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    calibrating.calibrate(home, load_settings(home), watch=options.watch, sweep=options.sweep)
    return OK


def link_dropbox(home: Path, options: argparse.Namespace) -> int:
    """Let a person allow the access to a Dropbox."""
    from raspi_agent import dropbox_link  # noqa: PLC0415 - the SDK takes seconds on a Pi
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    settings = load_settings(home)
    app_key = options.app_key or settings.dropbox_app_key
    if not app_key:
        raise ValueError(dropbox_link.NO_APP_KEY)
    account = dropbox_link.link_dropbox(home, app_key, dropbox_link.CAMERA_SCOPES, _ask_for_code)
    _say(f"linked with the Dropbox of {account}; this camera may add pictures, and list or read none")
    if not settings.store_url.startswith("dropbox:"):
        _say('to use it, write store_url = "dropbox:/" into agent.toml')
    return OK


def doctor(home: Path, _: argparse.Namespace) -> int:
    """Check everything that a picture needs."""
    from raspi_agent.doctor import run_doctor  # noqa: PLC0415

    return run_doctor(home)


def light_off(home: Path, _: argparse.Namespace) -> int:
    """Turn the lamp off."""
    from raspi_agent.light import open_light  # noqa: PLC0415
    from raspi_agent.settings import load_settings  # noqa: PLC0415

    return OK if turn_off(open_light(load_settings(home))) else FAILED


def _bring_to_store(home: Path, store_url: str, outbox: Outbox) -> Uploaded:
    from raspi_agent.open_store import open_store  # noqa: PLC0415

    store = open_store(store_url, home)
    uploaded = upload_waiting(outbox, store)
    if uploaded.stopped_by:
        _log.warning("%s; %d pictures wait in %s", uploaded.stopped_by, uploaded.waiting, outbox.folder)
    else:
        send_mail(outbox.folder, store)
    _say(f"uploaded: {uploaded.stored + uploaded.already_there}, waiting: {uploaded.waiting}")
    return uploaded


def _ask_for_code(url: str) -> str:
    _say(f"Open this address in any browser, allow the access, and copy the code:\n\n{url}\n")
    sys.stdout.write("Code: ")
    sys.stdout.flush()
    return sys.stdin.readline()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
