"""Checks of camera and lamp."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.ask import agent_answers
from raspi_agent.cameras.camera import CameraError, NoNewPicture
from raspi_agent.cameras.open_camera import open_camera
from raspi_agent.finding import Finding, fault, ok, warning
from raspi_agent.lamp import lit, turn_off
from raspi_agent.light import LightError, open_light
from raspi_agent.outbox import Outbox
from raspi_agent.picture_quality import UNUSABLE, judge_picture
from raspi_agent.slots import slots_due

if TYPE_CHECKING:
    from raspi_agent.cameras.camera import Shot
    from raspi_agent.settings import AgentSettings

_PATIENCE_S = 10.0
_MISSED_TO_WORRY = 2
_LOOKED_BACK = timedelta(days=7)


def examine_lamp(settings: "AgentSettings", home: Path) -> Finding:
    """Whether the lamp can be switched on and off; not while an agent runs, whose pictures tell."""
    try:
        light = open_light(settings)
    except ValueError as error:
        return fault("lamp", str(error), "correct the table [light] in agent.toml")
    if light is None:
        return ok("lamp", "there is none")
    if agent_answers(home):
        return ok("lamp", f"{settings.light.url}; the running agent switches it, so it is left alone")
    try:
        light.on()
        light.off()
    except LightError as error:
        return warning("lamp", str(error), "pictures are taken all the same; look at its cable and power")
    finally:
        turn_off(light)
    return ok("lamp", f"{settings.light.url} has been switched on and off")


def examine_camera(settings: "AgentSettings", home: Path) -> Finding:
    """Whether the camera gives a good picture, which is not kept; of a running agent, its last one's age."""
    outbox = Outbox(home / settings.outbox)
    if agent_answers(home):
        return _judge_agent(settings, outbox)
    try:
        with outbox.shutter(_PATIENCE_S):
            shot = _shoot(settings, home)
    except ValueError as error:
        return fault("camera", str(error), "correct camera_url in agent.toml")
    except TimeoutError:
        return warning("camera", "another picture is in the making", "try again in a minute")
    except NoNewPicture as error:
        return warning("camera", str(error), "nothing, if the next one is still to come")
    except CameraError as error:
        return fault("camera", str(error), _remedy_for(settings))
    return _judge_shot(shot.data)


def _remedy_for(settings: "AgentSettings") -> str:
    if settings.camera_url.strip().lower().startswith("folder:"):
        return "camera_url in agent.toml names it; is it there, its share mounted, and may this user read it?"
    return "look at the camera's cable, power and address; then try again"


def _judge_shot(data: bytes) -> Finding:
    quality = judge_picture(data)
    if quality in UNUSABLE:
        return fault(
            "camera", f"it gave no whole picture ({quality}, {len(data)} bytes)", "look at its cable"
        )
    if quality:
        remedy = "look at the lamp and at what is before the lens; smartmeter-agent calibrate shows it"
        return warning("camera", f"its picture is {quality}", remedy)
    return ok("camera", f"it gave a picture of {len(data) // 1000} kB")


def _shoot(settings: "AgentSettings", home: Path) -> "Shot":
    camera = open_camera(settings, home)
    try:
        light = open_light(settings)
    except ValueError:
        light = None  # which is told in a line of its own
    try:
        with lit(light, settle_s=settings.light.settle_s, longest_on_s=settings.light.longest_on_s):
            return camera.capture(settings.camera_timeout_s)
    finally:
        camera.close()


def _judge_agent(settings: "AgentSettings", outbox: Outbox) -> Finding:
    newest = outbox.newest()
    if newest is None or newest[1].taken_at is None:
        return warning(
            "camera",
            "an agent runs and has not taken any picture yet",
            "journalctl -u smartmeter-agent says why",
        )
    # a picture that somebody else left in a folder may be older than the slot it was taken for
    now_at, taken_at = datetime.now(UTC), max(newest[1].taken_at, newest[1].slot_at or newest[1].taken_at)
    sentence = f"the running agent took its last picture {_long(now_at - taken_at)} ago"
    schedule, since_at = settings.schedule, max(taken_at, now_at - _LOOKED_BACK)
    if slots_due(schedule, since_at, now_at - schedule.window) >= _MISSED_TO_WORRY:
        return fault("camera", sentence, "journalctl -u smartmeter-agent says why")
    return ok("camera", sentence)


def _long(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"  # noqa: PLR2004 - three hours
