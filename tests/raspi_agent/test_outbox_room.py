import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.outbox import Outbox
from raspi_agent.outbox_room import Room, dropped_so_far, make_room, to_thin_out
from raspi_agent.picture_key import synced_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLENTY = 10**15  # more than any disk has


def key_of(number: int) -> str:
    return synced_key("home", NOON + timedelta(minutes=number), number)


def number_of(key: str) -> int:
    return int(key.removesuffix(".jpg")[-6:])


def facts(number: int) -> CaptureFacts:
    return CaptureFacts(camera="home", taken_at=NOON + timedelta(minutes=number), clock_synchronised=True)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Four sent pictures and two waiting ones, of 100 bytes each."""
    outbox = Outbox(tmp_path / "outbox")
    keys = [outbox.add(b"x" * 100, facts(number)) for number in range(6)]
    for key in keys[:4]:
        outbox.mark_sent(key)
    return outbox


def room(
    outbox: Outbox, sent_limit: int = PLENTY, free: int = 0, when_full: Literal["thin", "stop"] = "thin"
) -> Room:
    return make_room(outbox, sent_limit_bytes=sent_limit, free_bytes=free, when_full=when_full)


@pytest.mark.parametrize(("limit", "pruned"), [(400, 0), (399, 1), (250, 2), (0, 4)])
def test_the_oldest_sent_pictures_go_first(outbox: Outbox, limit: int, pruned: int) -> None:
    before = list(outbox.sent_sizes())
    assert room(outbox, limit) == Room(pruned)
    assert list(outbox.sent_sizes()) == before[pruned:]
    assert len(outbox.waiting()) == 2


def test_the_picture_taken_last_stays_for_it_tells_which_slot_is_filled(outbox: Outbox) -> None:
    for key in outbox.waiting():
        outbox.mark_sent(key)
    newest = outbox.newest()
    assert newest is not None
    assert room(outbox, 0) == Room(5)
    assert list(outbox.sent_sizes()) == [newest[0]]


@pytest.mark.parametrize(("when_full", "dropped"), [("thin", 1), ("stop", 0)])
def test_a_full_disk_takes_waiting_pictures_only_when_the_owner_lets_it_and_says_so(
    small_disk: Callable[[int], Path],
    caplog: pytest.LogCaptureFixture,
    when_full: Literal["thin", "stop"],
    dropped: int,
) -> None:
    outbox = Outbox(small_disk(500_000) / "outbox")
    keys = [outbox.add(bytes(20_000), facts(number)) for number in range(20)]
    assert room(outbox, free=PLENTY, when_full=when_full) == Room(0, dropped, is_full=True)
    assert dropped_so_far(outbox) == dropped
    assert outbox.waiting() == (*keys[:1], *keys[1 + dropped :])
    assert ("unsent" in caplog.text) is bool(dropped)


@pytest.mark.parametrize(
    ("left", "must_stay_free", "kept"),
    [
        (450_000, 500_000, 27),  # others hold more than enough by themselves
        (550_000, 500_000, 33),
        (1_200_000, 500_000, 84),  # enough can stay free
        (450_000, 200_000, 30),
        (450_000, PLENTY, 27),
    ],
)
def test_a_disk_that_others_fill_leaves_half_of_what_is_left_to_waiting_pictures(
    small_disk: Callable[[int], Path], left: int, must_stay_free: int, kept: int
) -> None:
    outbox = Outbox(small_disk(left) / "outbox")
    for number in range(150):
        outbox.add(bytes(8192), facts(number))
        room(outbox, free=must_stay_free)
    assert abs(len(outbox.waiting()) - kept) <= 3
    assert shutil.disk_usage(outbox.folder).free >= min(must_stay_free, 0.45 * left)


def test_enough_room_touches_nothing_that_waits(outbox: Outbox) -> None:
    free = shutil.disk_usage(outbox.folder).free
    assert room(outbox, free=free // 2) == Room()


@given(sizes=st.lists(st.integers(1, 1000), max_size=300), lacking=st.integers(1, 10**6))
def test_what_is_thinned_out_leaves_neighbours_and_the_newer_half(sizes: list[int], lacking: int) -> None:
    waiting = {key_of(number): size for number, size in enumerate(sizes)}
    gone = {number_of(key) for key in to_thin_out(waiting, lacking)}
    assert not any(number + 1 in gone for number in gone)
    assert all(0 < number <= len(sizes) // 2 for number in gone)
    assert len(gone) <= max(1, round(len(sizes) * 0.05))


@pytest.mark.parametrize(("room_for", "slots", "largest_gap"), [(40, 60, 4), (40, 400, 32), (400, 1200, 8)])
def test_a_disk_that_stays_full_for_long_leaves_a_coarser_series_and_no_hole(
    room_for: int, slots: int, largest_gap: int
) -> None:
    waiting: dict[str, int] = {}
    for number in range(slots):
        waiting[key_of(number)] = 100
        for key in to_thin_out(waiting, 100 * (len(waiting) - room_for)):
            del waiting[key]
    numbers = [number_of(key) for key in waiting]
    assert len(numbers) == room_for
    assert numbers[0] == 0
    assert numbers[-1] == slots - 1
    assert max(after - before for before, after in pairwise(numbers)) <= largest_gap
