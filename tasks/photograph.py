"""Photograph: ask the agent of this machine for a picture, and show it. Runs on the Pi, with few packages."""

import base64
import io
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from raspi_agent.ask import AgentAway, Reply, ask_for_picture
from raspi_agent.capture_facts import read_facts
from raspi_agent.outbox import Outbox, OutboxStatus
from tasks.step import step

THUMBNAIL = (320, 240)  # about 5 kB: Prefect keeps it in its database for every run
THUMBNAIL_QUALITY = 60
TAKEN, HAD_TAKEN = "taken for this run", "no picture was due, or the agent had taken it already"


@task(cache_policy=NO_CACHE, timeout_seconds=300)
def take_picture(home: Path, timeout_s: float, *, extra: bool) -> Reply:
    """What the agent says when it is asked for a picture."""
    try:
        return ask_for_picture(home, is_extra=extra, timeout_s=timeout_s)
    except AgentAway as error:
        return Reply(error=str(error))


# A server whose database is locked may not answer for a minute; the picture is taken then, and shown later.
@step(timeout_s=60)
def show_picture(outbox_folder: Path, camera: str, reply: Reply) -> dict[str, Any]:
    """Leave the picture, or the newest, its facts and the outbox as artifacts; return the facts."""
    outbox = Outbox(outbox_folder)
    newest = outbox.newest()
    key = reply.key or (newest[0] if newest else None)
    data = outbox.find(key) if key else None
    how = reply.error or (TAKEN if reply.key else HAD_TAKEN)
    facts = {"picture": key, "how": how, **facts_of(data)}
    name = f"capture-{camera.replace('_', '-')}"
    if data and (url := thumbnail_url(data)):
        create_image_artifact(image_url=url, key=f"{name}-picture", description=str(key))
    create_markdown_artifact(key=name, markdown=describe(facts, outbox.status()), description=how)
    return facts


def facts_of(data: bytes | None) -> dict[str, Any]:
    """What a picture says of itself, flat: its own facts and the camera's details."""
    facts = read_facts(data) if data else None
    if data is None or facts is None:
        return {}
    return {
        "taken_at": _instant(facts.taken_at),
        "slot_at": _instant(facts.slot_at),
        "clock_synchronised": facts.clock_synchronised,
        "bytes": len(data),
        **facts.details,
    }


def describe(facts: dict[str, Any], status: OutboxStatus) -> str:
    """Facts and outbox as a table in Markdown."""
    rows = {
        **facts,
        "waiting in the outbox": f"{status.waiting} pictures, {status.waiting_bytes / 1e6:.1f} MB",
        "last sent": _instant(status.last_sent_at) or "never",
    }
    lines = [f"| {name.replace('_', ' ')} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines])


def thumbnail_url(data: bytes) -> str | None:
    """A small version of a picture as a data URL; None where Pillow is missing or the picture is broken."""
    try:
        from PIL import Image  # noqa: PLC0415 - a Pi may lack it
    except ImportError:
        return None
    small = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("RGB", THUMBNAIL)
            picture.thumbnail(THUMBNAIL)
            picture.convert("RGB").save(small, "JPEG", quality=THUMBNAIL_QUALITY)
    except (OSError, ValueError):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(small.getvalue()).decode()}"


def agent_home() -> Path:
    """The home folder of the agent on this machine: SMARTMETER_HOME, or `var` in the working directory."""
    return Path(os.environ.get("SMARTMETER_HOME", "var"))


def _instant(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else None


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
