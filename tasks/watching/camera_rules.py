"""What is wrong with a camera: by the pictures that came, and by its agent's own reports."""

import itertools
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from tasks.watching.facts import CameraFacts, Health, StoreFacts
from tasks.watching.faults import Fault, Judgement
from tasks.watching.limits import Limits
from tasks.watching.rhythm import longest_usual_silence
from tasks.watching.wording import size, span

STALE_REPORT = timedelta(hours=3)
REPORTED = frozenset({"card", "outbox", "restarts", "power", "hot"})
ODD_CLOCKS = 3
CALM_REPORTS = 6
# A fault that is told ends only well on the good side of its limit.
CLEARLY = 1.25


def judge_camera(camera: CameraFacts, store: StoreFacts, limits: Limits, told: AbstractSet[str]) -> Judgement:
    """What is wrong with a camera.

    Args:
        camera: What is known of it.
        store: Silence counts up to the last complete look into it.
        limits: From when on something is wrong.
        told: The faults that are told and not over.
    """
    return (
        _judge_silence(camera, store, limits, told)
        + _judge_clock(camera, told)
        + _judge_reports(camera, store, limits, told)
    )


def _judge_silence(
    camera: CameraFacts, store: StoreFacts, limits: Limits, told: AbstractSet[str]
) -> Judgement:
    fault_id = f"silent:{camera.camera}"
    allowed = limits.silent or longest_usual_silence(camera.taken_at, limits.silent_slots, limits.zone)
    # One picture after a silence may be a camera's last; with the second one it is back.
    is_first_again = fault_id in told and len(camera.taken_at) == 1
    if store.listed_at is None or not camera.taken_at or allowed is None:
        return Judgement(unjudged=frozenset({fault_id}))
    last_at = camera.taken_at[-1]
    back_at = camera.taken_at[-2] if fault_id in told and not is_first_again else last_at
    silence = store.listed_at - back_at
    if silence <= allowed:
        return Judgement(unjudged=frozenset({fault_id} if is_first_again else ()))
    return Judgement(
        (
            Fault(
                fault_id,
                f"no picture from {camera.camera}",
                f"The camera {camera.camera!r} has sent no picture for {span(store.listed_at - last_at)}; "
                f"up to {span(allowed)} would be usual now.",
                "Look whether it has power and network, then: smartmeter-agent doctor (on the camera's "
                "machine). Nothing is lost while it only cannot send.",
                last_at,
                camera.newest_key,
            ),
        )
    )


def _judge_clock(camera: CameraFacts, told: AbstractSet[str]) -> Judgement:
    fault_id = f"clock:{camera.camera}"
    newest = camera.arrivals[:ODD_CLOCKS]
    if len(newest) < ODD_CLOCKS:
        return Judgement(unjudged=frozenset({fault_id}))
    ahead = [each.reason == "from_the_future" for each in newest]
    odd = [each.synchronised is False or is_ahead for each, is_ahead in zip(newest, ahead, strict=True)]
    if not (any(odd) if fault_id in told else all(odd)):
        return Judgement()
    if any(ahead):
        how = "is ahead of this server's, or this server's is behind"
        look = (
            "Compare `timedatectl` on the camera's machine and on this server, and set the clock that is "
            "wrong. Pictures from the future are kept, and read if it was the server's."
        )
    else:
        how = "is not set by a time server"
        look = "Look at the camera's network and at `timedatectl` on its machine."
    return Judgement(
        (
            Fault(
                fault_id,
                f"the clock of {camera.camera} is off",
                f"The clock of the camera {camera.camera!r} {how}; its pictures may stand at wrong times.",
                look,
                None,
                newest[0].picture_key,
            ),
        )
    )


def _judge_reports(
    camera: CameraFacts, store: StoreFacts, limits: Limits, told: AbstractSet[str]
) -> Judgement:
    """By the agent's hourly reports, as long as they are fresh."""
    seen_at = store.listed_at
    if not camera.health or seen_at is None or seen_at - camera.health[-1].at > STALE_REPORT:
        return Judgement(unjudged=frozenset(f"{kind}:{camera.camera}" for kind in REPORTED))
    return Judgement(tuple(_reported(camera, limits, told)))


def _reported(camera: CameraFacts, limits: Limits, told: AbstractSet[str]) -> Iterator[Fault]:
    name, newest, reports = camera.camera, camera.health[-1], camera.health
    if fault := _full_card(name, newest, limits, told):
        yield fault
    if fault := _full_outbox(name, reports, limits, told):
        yield fault
    restarts = _restarts(reports, newest.at - timedelta(days=1))
    times = "once" if restarts == 1 else f"{restarts} times"
    if restarts >= (1 if f"restarts:{name}" in told else limits.restarts_per_day):
        yield Fault(
            f"restarts:{name}",
            f"the agent of {name} starts again and again",
            f"The agent of {name!r} has been started again {times} within a day.",
            "`journalctl -u smartmeter-agent` on its machine says why; often it is a weak power supply.",
        )
    recent = reports[-CALM_REPORTS:] if f"power:{name}" in told else reports[-1:]
    # What has occurred since its start is told too: a look once an hour seldom meets it.
    if any(flag.startswith("undervoltage") for each in recent for flag in each.throttled or ()):
        yield Fault(
            f"power:{name}",
            f"weak power supply at {name}",
            f"The machine of {name!r} reports undervoltage since its start: its power supply is too weak.",
            "Use the original power supply or a shorter cable, before it damages the card.",
        )
    hot_c = limits.hot_c - (5 if f"hot:{name}" in told else 0)
    if newest.temperature_c is not None and newest.temperature_c >= hot_c:
        yield Fault(
            f"hot:{name}",
            f"{name} is too hot",
            f"The processor of {name!r} has {newest.temperature_c:.0f} °C.",
            "Give it air, or shade.",
        )


def _full_card(name: str, newest: Health, limits: Limits, told: AbstractSet[str]) -> Fault | None:
    free, total = newest.disk_free_bytes, newest.disk_total_bytes
    least = limits.free_share * (CLEARLY if f"card:{name}" in told else 1)
    if free is None or not total or free >= least * total:
        return None
    return Fault(
        f"card:{name}",
        f"the disk of {name} is filling",
        f"The machine of {name!r} has {size(free)} of {size(total)} left.",
        "Free room on it. When nothing is left, the agent gives up the oldest unsent pictures.",
    )


def _full_outbox(
    name: str, reports: tuple[Health, ...], limits: Limits, told: AbstractSet[str]
) -> Fault | None:
    waiting = reports[-1].waiting
    most = limits.outbox_pictures / (4 if f"outbox:{name}" in told else 1)
    dropped = _grown(reports, reports[-1].at - timedelta(days=1), "dropped")
    if (waiting is None or waiting < most) and not dropped:
        return None
    lost = f" {dropped} had to be given up for want of room." if dropped else ""
    return Fault(
        f"outbox:{name}",
        f"pictures wait at {name}",
        f"{waiting or 0} pictures wait in the outbox of {name!r} to be sent.{lost}",
        "Look at its network and whether the store has room; they are sent by themselves afterwards.",
    )


def _restarts(reports: tuple[Health, ...], since_at: datetime) -> int:
    """Starts since an instant without a boot: a camera on a timer switch boots for each of its pictures."""
    day = [each for each in reports if each.at >= since_at]
    return sum(
        max(after.restarts - before.restarts, 0)
        for before, after in itertools.pairwise(day)
        if before.restarts is not None and after.restarts is not None and before.boot_id == after.boot_id
    )


def _grown(reports: tuple[Health, ...], since_at: datetime, counter: str) -> int:
    """By how much an ever-growing counter grew since an instant; a counter that began anew counts from 0."""
    counts = [
        count for each in reports if each.at >= since_at and (count := getattr(each, counter)) is not None
    ]
    return sum(max(after - before, 0) for before, after in itertools.pairwise(counts))
