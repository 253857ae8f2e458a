"""`smartmeter-agent doctor`: checks all that a picture needs on its way, and says what to do."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.examine_equipment import examine_camera, examine_lamp
from raspi_agent.examine_home import (
    examine_clock,
    examine_disk,
    examine_earlier_outboxes,
    examine_home,
    examine_machine_of,
    examine_outbox,
    examine_secrets,
    examine_waiting,
)
from raspi_agent.examine_services import examine_services
from raspi_agent.examine_store import STORE_REMEDY, examine_store
from raspi_agent.finding import Finding, Verdict, fault, format_finding, ok, summary_of, within
from raspi_agent.masking import known_secrets, mask_secrets

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings

_OK, _FAULTY = 0, 1
_STORE_S = 60.0
_MORE_S = 20.0  # for lamp and start, beside what a camera may take
_MOST_LINES = 3  # a file that is missing explains all its settings; `run` shows that too


def run_doctor(home: Path, *, say: Callable[[str], object] | None = None) -> int:
    """Check everything and print each finding as soon as it is there; 1 when something costs pictures.

    Args:
        home: the home folder.
        say: takes each line or more of text; prints it where it is not given.
    """
    say = say or _print
    secrets = known_secrets(home)
    findings = []
    for finding in _examine_all(home):
        say(mask_secrets(format_finding(finding), secrets))
        findings.append(finding)
    say(summary_of(findings))
    return _FAULTY if any(each.verdict is Verdict.FAULT for each in findings) else _OK


def examine(settings: "AgentSettings", home: Path) -> Iterator[Finding]:
    """The findings about all but the settings themselves, each as soon as it is known.

    Checks of camera and lamp leave no picture behind, those of the store no file. While an agent runs,
    neither is taken from it: its pictures are looked at.
    """
    yield examine_home(home)
    yield examine_outbox(home / settings.outbox)
    yield examine_secrets(home)
    yield examine_disk(home, settings.free_mb)
    yield examine_clock(settings)
    yield from examine_machine_of(home)
    camera_s = 2 * settings.camera_timeout_s + settings.light.settle_s + _MORE_S
    look = "restart the machine; if that does not help, look at the camera's cable and power"
    yield within(_MORE_S, "lamp", lambda: examine_lamp(settings, home), "look at the lamp's cable and power")
    yield within(camera_s, "camera", lambda: examine_camera(settings, home), look)
    yield within(_STORE_S, "store", lambda: examine_store(settings.store_url, home), STORE_REMEDY)
    yield examine_waiting(home / settings.outbox)
    yield from examine_earlier_outboxes(home, settings.outbox)
    yield from examine_services()


def _examine_all(home: Path) -> Iterator[Finding]:
    from raspi_agent.settings import SettingsError, load_settings  # noqa: PLC0415 - pydantic takes its time

    if stranger := _runs_as_stranger(home):
        yield stranger
        return
    try:
        settings = load_settings(home)
    except SettingsError as error:
        shown = "\n".join(str(error).splitlines()[:_MOST_LINES])
        yield fault("settings", shown, f"correct {home / 'agent.toml'}")
        yield examine_home(home)
        return
    yield ok("settings", f"{home / 'agent.toml'}: camera {settings.camera}, {settings.timezone}")
    yield from examine(settings, home)


def _runs_as_stranger(home: Path) -> Finding | None:
    """A fault when root asks about somebody else's home, for its files there would be in the agent's way."""
    try:
        owner = home.stat().st_uid
    except OSError:
        return None
    if os.geteuid() != 0 or owner == 0:
        return None
    return fault(
        "user",
        f"{home} belongs to another user than root, and files that root makes there would be in its way",
        f"sudo -u '#{owner}' smartmeter-agent --home {shlex.quote(str(home))} doctor",
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
