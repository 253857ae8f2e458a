"""How the outbox stays within its disk: what the store has goes first, and nothing unsent goes silently."""

import errno
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from raspi_agent import durable
from raspi_agent.outbox import Outbox, sequence_of

_log = logging.getLogger(__name__)
_SHARE_DROPPED = 0.05  # of the waiting pictures at a time: often enough, and a log line for many


@dataclass(frozen=True, slots=True)
class Room:
    """What making room did, in pictures."""

    pruned: int = 0
    dropped: int = 0
    is_full: bool = False


def make_room(
    outbox: Outbox, *, sent_limit_bytes: int, free_bytes: int, when_full: Literal["thin", "stop"]
) -> Room:
    """Delete pictures until sent ones take no more than their limit and the disk has enough left.

    Sent pictures go first, the oldest before the others; the one taken last stays, for it tells which slot
    was filled. Only when none is left and the disk still lacks room are waiting ones thinned, if the owner
    lets them: evenly, so that the rest still shows the whole time. They may always take half of what others
    left of the disk: thinning cures no disk that others fill.

    Args:
        outbox: Whose pictures.
        sent_limit_bytes: What sent pictures may take.
        free_bytes: What must stay free on the disk.
        when_full: Whether waiting pictures may be thinned.

    Returns:
        What went, and whether the disk is still too full to take another picture.

    Raises:
        OSError: The disk refuses.
    """
    newest = outbox.newest()
    sent = outbox.sent_sizes()
    free = _free(outbox)
    excess = sum(sent.values()) - sent_limit_bytes
    pruned = 0
    for key, size in sent.items():
        if free >= free_bytes and excess <= 0:
            break
        if newest is None or key != newest[0]:
            outbox.delete_sent(key)
            free, excess, pruned = free + size, excess - size, pruned + 1
    if free >= free_bytes:
        return Room(pruned)
    waiting = outbox.waiting_sizes()
    least = min(free_bytes, (free + sum(waiting.values())) // 2)
    dropped = to_thin_out(waiting, least - free) if when_full == "thin" else []
    _drop(outbox, dropped)
    return Room(pruned, len(dropped), is_full=_free(outbox) < least)


def to_thin_out(waiting: Mapping[str, int], lacking_bytes: int) -> list[str]:
    """Which waiting pictures to give up: of the older half those that leave the smallest gaps, oldest first.

    What has gone before counts as a gap, so that on a disk that stays full the series grows coarser and never
    gets a hole.

    Args:
        waiting: Bytes by key, in the order in which they were taken. The last one is never given up.
        lacking_bytes: How many to find.
    """
    keys = list(waiting)
    most = max(1, round(len(keys) * _SHARE_DROPPED))
    chosen: set[int] = set()
    for place in _by_gap(keys[: len(keys) // 2 + 1]):
        if lacking_bytes <= 0 or len(chosen) >= most:
            break
        if chosen.isdisjoint((place - 1, place + 1)):
            chosen.add(place)
            lacking_bytes -= waiting[keys[place]]
    return [keys[place] for place in sorted(chosen)]


def dropped_so_far(outbox: Outbox) -> int:
    """How many unsent pictures this outbox has ever had to give up."""
    try:
        return int((outbox.folder / "dropped").read_bytes())
    except (FileNotFoundError, ValueError):
        return 0


def last_dropped_at(outbox: Outbox) -> datetime | None:
    """When it last had to, None when it never had."""
    try:
        return datetime.fromtimestamp((outbox.folder / "dropped").stat().st_mtime, tz=UTC)
    except FileNotFoundError:
        return None


def _by_gap(keys: Sequence[str]) -> list[int]:
    """The places of all but the first and the last, by how far apart their neighbours were taken."""
    numbers = [sequence_of(key) for key in keys]
    return sorted(range(1, len(keys) - 1), key=lambda place: numbers[place + 1] - numbers[place - 1])


def _drop(outbox: Outbox, keys: Sequence[str]) -> None:
    if not keys:
        return
    count = str(dropped_so_far(outbox) + len(keys)).encode()
    try:
        durable.replace(outbox.folder / "dropped", count)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        outbox.drop_waiting(keys[0])  # not even the count has room before
        durable.replace(outbox.folder / "dropped", count)
    for key in keys:
        outbox.drop_waiting(key)
    _log.error(
        "the disk is full and the store has long been away: %d unsent pictures had to go, from %s to %s, "
        "and the rest still shows the whole time; bring the store back",
        len(keys),
        keys[0],
        keys[-1],
    )


def _free(outbox: Outbox) -> int:
    return shutil.disk_usage(outbox.folder).free
