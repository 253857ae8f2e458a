"""`smartmeter-agent`: the program on the Raspberry Pi."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.cameras import Camera, CameraError, open_camera
from raspi_agent.capture import capture_slot
from raspi_agent.clock import read_clock, slot_of
from raspi_agent.open_store import open_store
from raspi_agent.outbox import Outbox
from raspi_agent.store import Store, StoreError, StoreRefused, StoreUnavailable
from raspi_agent.upload import Uploaded, upload_waiting

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

_OK, _FAILED, _WRONG_USE = 0, 1, 2
_LONGEST_WAIT_S = 5.0  # the clock may be set while we wait for a slot
_MEGABYTE = 1_000_000

_log = logging.getLogger("smartmeter-agent")


@dataclass(frozen=True, slots=True)
class _Agent:
    home: Path
    settings: "AgentSettings"
    outbox: Outbox
    store: Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did what it should, 1 when it failed, 2 when it was asked wrongly."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    command = {"once": _once, "run": _run, "status": _status, "upload": _upload, "link-dropbox": _link}
    try:
        return command[options.command](_agent(options.home), options)
    except ValueError as error:
        return _complain(str(error), _WRONG_USE)
    except StoreError as error:
        return _complain(str(error), _FAILED)
    except CameraError as error:
        return _complain(f"no picture: {error}", _FAILED)
    except OSError as error:
        return _complain(f"{error}; is the disk full, or does the folder belong to another user?", _FAILED)


def _parser() -> argparse.ArgumentParser:
    home = os.environ.get("SMARTMETER_HOME", "var")
    parser = argparse.ArgumentParser(
        prog="smartmeter-agent",
        description="Take pictures of a meter, keep them safe, bring them to the store.",
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(home),
        help="folder with agent.toml and the outbox (default: $SMARTMETER_HOME or var)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("once", help="take the picture of the present slot, then upload")
    commands.add_parser("run", help="take a picture every interval, until SIGTERM")
    status = commands.add_parser("status", help="show how full the outbox is")
    status.add_argument("--json", action="store_true", help="print it as JSON")
    commands.add_parser("upload", help="bring every waiting picture to the store")
    link = commands.add_parser(
        "link-dropbox",
        help="let a Dropbox be the store",
        description="Prints an address to open in any browser; reads the code shown there from the input.",
    )
    link.add_argument("--app-key", help="key of your Dropbox app (default: dropbox_app_key in agent.toml)")
    return parser


def _agent(home: Path) -> _Agent:
    from raspi_agent.settings import load_settings  # noqa: PLC0415 - --help and imports stay free of pydantic

    settings = load_settings(home)
    store = open_store(settings.store_url, home)
    return _Agent(home, settings, Outbox(home / settings.outbox), store)


def _once(agent: _Agent, _: argparse.Namespace) -> int:
    agent.outbox.sweep()
    _capture(agent, _camera_of(agent))
    # a store that is away costs no picture: it waits, and this command has kept its promise
    uploaded = _bring_to_store(agent)
    return _FAILED if isinstance(uploaded.stopped_by, StoreRefused) else _OK


def _upload(agent: _Agent, _: argparse.Namespace) -> int:
    agent.outbox.sweep()
    uploaded = _bring_to_store(agent)
    return _FAILED if uploaded.waiting else _OK


def _run(agent: _Agent, _: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    camera = _camera_of(agent)
    interval = timedelta(minutes=agent.settings.interval_minutes)
    quiet_until_s = 0.0
    while not stop.is_set():
        started_at = datetime.now(UTC)
        try:
            agent.outbox.sweep()
            _capture(agent, camera)
        except CameraError as error:
            _log.warning("no picture: %s", error)
        except OSError:
            _log.exception("no picture: the outbox refuses")
        try:
            if time.monotonic() >= quiet_until_s:
                quiet_until_s = time.monotonic() + _asked_to_wait_s(_bring_to_store(agent))
        except OSError:
            _log.exception("no upload: the outbox refuses")
        next_slot_at = slot_of(started_at, agent.settings.interval_minutes) + interval
        _wait_until(next_slot_at, interval, stop)
    return _OK


def _asked_to_wait_s(uploaded: Uploaded) -> float:
    """How long the store itself asked to be left alone."""
    if isinstance(uploaded.stopped_by, StoreUnavailable):
        return uploaded.stopped_by.retry_after_s or 0.0
    return 0.0


def _wait_until(slot_at: datetime, interval: timedelta, stop: threading.Event) -> None:
    """Wait for the slot, or until the clock turns out to have been set back."""
    while not stop.is_set():
        left = slot_at - datetime.now(UTC)
        if left <= timedelta(0) or left > interval:
            return
        stop.wait(min(left.total_seconds(), _LONGEST_WAIT_S))


def _status(agent: _Agent, options: argparse.Namespace) -> int:
    status = asdict(agent.outbox.status())
    if options.json:
        _say(json.dumps(status, default=datetime.isoformat))
        return _OK
    for name, value in status.items():
        _say(f"{name.replace('_', ' '):16} {'-' if value is None else value}")
    return _OK


def _link(agent: _Agent, options: argparse.Namespace) -> int:
    from raspi_agent import dropbox_link  # noqa: PLC0415 - the SDK takes seconds on a Pi

    app_key = options.app_key or agent.settings.dropbox_app_key
    if not app_key:
        return _complain(dropbox_link.NO_APP_KEY, _WRONG_USE)
    account = dropbox_link.link_dropbox(agent.home, app_key, dropbox_link.CAMERA_SCOPES, _ask_for_code)
    _say(f"linked with the Dropbox of {account}; this camera may add pictures and nothing else")
    if not agent.settings.store_url.startswith("dropbox:"):
        _say('to use it, write store_url = "dropbox:/" into agent.toml')
    return _OK


def _ask_for_code(url: str) -> str:
    _say(f"Open this address in any browser, allow the access, and copy the code:\n\n{url}\n")
    sys.stdout.write("Code: ")
    sys.stdout.flush()
    return sys.stdin.readline()


def _camera_of(agent: _Agent) -> Camera:
    return open_camera(agent.settings.camera_url, agent.home, agent.outbox.folder)


def _capture(agent: _Agent, camera: Camera) -> None:
    settings = agent.settings
    slot_at = slot_of(datetime.now(UTC), settings.interval_minutes)
    key = capture_slot(
        agent.outbox,
        camera,
        name=settings.camera,
        slot_at=slot_at,
        look_at_clock=partial(read_clock, trusted=settings.trust_clock),
    )
    _say(f"taken: {key}" if key else f"the slot of {slot_at:%H:%M} UTC has its picture already")


def _bring_to_store(agent: _Agent) -> Uploaded:
    uploaded = upload_waiting(agent.outbox, agent.store)
    if uploaded.stopped_by:
        _log.warning("%s; %d pictures wait in %s", uploaded.stopped_by, uploaded.waiting, agent.outbox.folder)
    _say(f"uploaded: {uploaded.stored + uploaded.already_there}, waiting: {uploaded.waiting}")
    agent.outbox.prune_sent(agent.settings.sent_limit_mb * _MEGABYTE)
    return uploaded


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"smartmeter-agent: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
