"""Outboxes of earlier settings: what waits there is sent by nobody, and must not be forgotten."""

import json
import logging
import shlex
from contextlib import suppress
from pathlib import Path

from raspi_agent import durable
from raspi_agent.outbox import Outbox

_NOTE = "outboxes"
_DEFAULT = "outbox"  # where an agent of an earlier version, which noted nothing, most likely had it

_log = logging.getLogger(__name__)


def note_outbox(home: Path, outbox: Path) -> None:
    """Remember where pictures wait, and tell of those that wait where they did before.

    Args:
        home: the home folder.
        outbox: as the settings have it now.
    """
    known = _noted(home)
    if str(outbox) not in known:
        with suppress(OSError):  # a full disk holds up no picture; the next start notes it
            durable.replace(home / _NOTE, json.dumps([*known, str(outbox)]).encode())
    for folder, count in left_waiting(home, outbox).items():
        _log.warning(
            "%d unsent pictures wait in %s, an earlier outbox: %s", count, folder, remedy_for(folder)
        )


def earlier_outboxes(home: Path, outbox: Path) -> set[Path]:
    """The folder of each outbox but the present one, whether it is still there or not.

    Args:
        home: the home folder.
        outbox: as the settings have it now.
    """
    return {(home / each).resolve() for each in (_DEFAULT, *_noted(home))} - {(home / outbox).resolve()}


def left_waiting(home: Path, outbox: Path) -> dict[Path, int]:
    """How many pictures wait in each outbox but the present one.

    Args:
        home: the home folder.
        outbox: as the settings have it now.
    """
    found = {}
    for folder in earlier_outboxes(home, outbox):
        with suppress(OSError):  # its disk has gone, or it belongs to somebody else now
            found[folder] = len(Outbox(folder).waiting())
    return {folder: found[folder] for folder in sorted(found) if found[folder]}


def remedy_for(folder: Path) -> str:
    """How the pictures of an earlier outbox are sent."""
    return f"SMARTMETER_AGENT_OUTBOX={shlex.quote(str(folder))} smartmeter-agent upload sends them"


def _noted(home: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads((home / _NOTE).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []
