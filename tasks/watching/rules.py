"""The judgement of one watch: everything that is wrong now."""

from collections.abc import Set as AbstractSet
from datetime import datetime

from tasks.watching.camera_rules import REPORTED, judge_camera
from tasks.watching.facts import Seen
from tasks.watching.faults import Judgement
from tasks.watching.home_rules import judge_machine, judge_store
from tasks.watching.limits import Limits
from tasks.watching.register_rules import judge_register


def find_incidents(
    seen: Seen, limits: Limits, told: AbstractSet[str] = frozenset(), usable_at: datetime | None = None
) -> Judgement:
    """What is wrong now, and what could not be judged.

    Args:
        seen: All that this watch sees.
        limits: From when on something is wrong.
        told: The faults that are told and not over: each ends only clearly on the good side of its limit.
        usable_at: Since when the settings can be used again, where they could not: it explains failures.
    """
    judgement = judge_store(seen.store, limits, told) + judge_machine(seen, limits, told, usable_at)
    if seen.cameras is None or seen.registers is None:
        return judgement + Judgement(
            unjudged=frozenset({"silent", "clock", "unread", "frozen", "base-load", "run", "asked"})
            | REPORTED
        )
    for camera in seen.cameras:
        judgement += judge_camera(camera, seen.store, limits, told)
    for register in seen.registers:
        judgement += judge_register(register, limits, told)
    return judgement
