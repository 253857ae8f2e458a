from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import ClockReading
from raspi_agent.slots import Schedule, current_slot, is_filled, next_slot, slots_due

BERLIN = ZoneInfo("Europe/Berlin")
QUARTERS = Schedule(15)
NIGHTS_OFF = Schedule(15, (time(23, 59),), ((time(23), time(5)),), BERLIN)
DAILY = Schedule(0, (time(2, 30), time(12)), (), BERLIN)
DAILY_BUT_IN_SUMMER = Schedule(1440, (), ((time(2), time(5)),), BERLIN)
MINUTE = timedelta(minutes=1)
YEAR_AT = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "at", "current", "following"),
    [
        (QUARTERS, "2026-03-01 12:00", "2026-03-01 12:00", "2026-03-01 12:15"),
        (QUARTERS, "2026-03-01 12:14:59", "2026-03-01 12:00", "2026-03-01 12:15"),
        (Schedule(1), "2026-03-01 23:59:59", "2026-03-01 23:59", "2026-03-02 00:00"),
        (Schedule(1440), "2026-03-01 00:59", "2026-03-01 00:00", "2026-03-02 00:00"),
        (Schedule(1440), "2026-03-01 01:01", None, "2026-03-02 00:00"),
        # local time is an hour ahead: quiet from 22:00 to 04:00 UTC, but for 23:59
        (NIGHTS_OFF, "2026-03-01 21:50", "2026-03-01 21:45", "2026-03-01 22:59"),
        (NIGHTS_OFF, "2026-03-01 22:20", None, "2026-03-01 22:59"),
        (NIGHTS_OFF, "2026-03-01 23:05", "2026-03-01 22:59", "2026-03-02 04:00"),
        # spring skips 02:30, autumn has it twice
        (DAILY, "2026-03-29 00:00", None, "2026-03-29 01:30"),
        (DAILY, "2026-10-25 00:40", "2026-10-25 00:30", "2026-10-25 11:00"),
        (DAILY, "2026-10-25 01:40", None, "2026-10-25 11:00"),
        # midnight UTC is within the quiet hours as long as summer time lasts
        (DAILY_BUT_IN_SUMMER, "2026-03-29 12:00", None, "2026-10-26 00:00"),
    ],
)
def test_which_slot_it_is(schedule: Schedule, at: str, current: str | None, following: str) -> None:
    assert current_slot(schedule, utc(at)) == (current and utc(current))
    assert next_slot(schedule, utc(at)) == utc(following)


def test_a_schedule_that_is_never_due_is_refused() -> None:
    with pytest.raises(ValueError, match="has no slots"):
        next_slot(Schedule(0), utc("2026-03-01"))


@given(
    minutes=st.sampled_from([1, 5, 15, 60, 1440]),
    daily=st.lists(st.times(), max_size=3),
    quiet=st.lists(st.tuples(st.times(), st.times()), max_size=1),
    at=st.integers(0, 31_535_999).map(lambda s: YEAR_AT + timedelta(seconds=s)),
)
def test_the_next_slot_is_current_when_it_comes_and_none_lies_between(
    minutes: int, daily: list[time], quiet: list[tuple[time, time]], at: datetime
) -> None:
    whole_minutes = tuple(each.replace(second=0, microsecond=0) for each in daily)
    schedule = Schedule(minutes, whole_minutes or (time(12),), tuple(quiet), BERLIN)
    following = next_slot(schedule, at)
    assert following > at
    assert current_slot(schedule, following) == following
    assert slots_due(schedule, at + timedelta(microseconds=1), following) == 0
    assert slots_due(schedule, at + timedelta(microseconds=1), following + MINUTE) >= 1


def facts(slot: str | None, boot: str = "a", boot_ms: int = 0) -> CaptureFacts:
    return CaptureFacts(camera="home", slot_at=slot and utc(slot), boot_id=boot, boot_ms=boot_ms)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("last", "slot", "clock", "filled"),
    [
        (None, "2026-03-01 12:00", ("a", 0, True), False),
        (facts(None), "2026-03-01 12:00", ("a", 0, True), False),
        (facts("2026-03-01 11:45"), "2026-03-01 12:00", ("a", 1, True), False),
        (facts("2026-03-01 12:00"), "2026-03-01 12:00", ("a", 60, True), True),
        (facts("2026-03-01 12:00"), "2026-03-01 12:00", ("a", 60, False), True),
        # set back to the very slot, or further, long after the picture
        (facts("2026-03-01 12:00"), "2026-03-01 12:00", ("a", 901, True), False),
        (facts("2026-03-01 13:00"), "2026-03-01 12:00", ("a", 901, True), False),
        # set back a little, right after the picture
        (facts("2026-03-01 12:00"), "2026-03-01 11:45", ("a", 3, True), True),
        # started anew within the slot; a clock that nobody set says nothing
        (facts("2026-03-01 12:00"), "2026-03-01 12:00", ("b", 20, True), True),
        (facts("2026-03-01 12:00"), "2026-03-01 12:00", ("b", 20, False), False),
        (facts("2026-03-01 13:00"), "2026-03-01 12:00", ("b", 20, True), False),
    ],
)
def test_whether_a_slot_has_its_picture(
    last: CaptureFacts | None, slot: str, clock: tuple[str, int, bool], filled: bool
) -> None:
    boot_id, boot_s, synchronised = clock
    reading = ClockReading(utc(slot), synchronised, boot_id, boot_s * 1000)
    assert is_filled(utc(slot), last, reading, QUARTERS) is filled
