"""When a picture is due, and whether it has been taken."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from raspi_agent.capture_facts import CaptureFacts
from raspi_agent.clock import ClockReading

_DAY = timedelta(days=1)
_LONGEST_WINDOW = timedelta(hours=1)
_LONGEST_PAUSE_DAYS = 366


@dataclass(frozen=True, slots=True)
class Schedule:
    """When pictures are due.

    Attributes:
        interval_minutes: a slot every so many minutes, aligned to midnight UTC; divides a day, 0 for none.
        daily_times: further slots, local wall-clock times; a time that spring skips is taken an hour later,
            of one that autumn repeats the first is taken.
        quiet_hours: local times (from, until) without slots of the interval, over midnight too.
        zone: what local means.
    """

    interval_minutes: int
    daily_times: tuple[time, ...] = ()
    quiet_hours: tuple[tuple[time, time], ...] = ()
    zone: tzinfo = UTC

    @property
    def window(self) -> timedelta:
        """How long after its instant a slot may still get its picture."""
        interval = timedelta(minutes=self.interval_minutes)
        return min(interval, _LONGEST_WINDOW) if interval else _LONGEST_WINDOW


def current_slot(schedule: Schedule, at: datetime) -> datetime | None:
    """The slot that a picture taken at an instant (UTC) belongs to, None when none is due."""
    slots = [slot for slot in _slots_between(schedule, at - schedule.window, at) if slot <= at]
    return max(slots, default=None)


def next_slot(schedule: Schedule, at: datetime) -> datetime:
    """The first slot after an instant (UTC).

    Raises:
        ValueError: there is none within a year, for quiet hours leave out all.
    """
    for days in range(_LONGEST_PAUSE_DAYS):  # summer time can move a slot a day into quiet hours for months
        start_at = at + days * _DAY
        slots = [slot for slot in _slots_between(schedule, start_at, start_at + _DAY) if slot > at]
        if slots:
            return min(slots)
    message = "the schedule has no slots"
    raise ValueError(message)


def slots_due(schedule: Schedule, start_at: datetime, end_at: datetime) -> int:
    """How many slots lie in [start, end), instants in UTC."""
    return sum(start_at <= slot < end_at for slot in _slots_between(schedule, start_at, end_at))


def is_filled(slot_at: datetime, last: CaptureFacts | None, clock: ClockReading, schedule: Schedule) -> bool:
    """Whether a slot has its picture, going by the picture taken last.

    A clock that was set back makes slots come again under the same names, in which nothing was taken: the
    time since boot, which nobody sets, tells them apart from slots that have their picture.

    Args:
        slot_at: the slot, UTC.
        last: the facts of the picture taken last.
        clock: now.
        schedule: what the slots follow.
    """
    if last is None or last.slot_at is None or slot_at > last.slot_at:
        return False
    if last.boot_id and last.boot_id == clock.boot_id:
        passed = timedelta(milliseconds=clock.boot_ms - last.boot_ms)
        longest = schedule.window if slot_at == last.slot_at else schedule.window / 2
        return passed < longest
    # after a boot only a clock that a time server has set can mean the same slot
    return slot_at == last.slot_at and clock.synchronised


def _slots_between(schedule: Schedule, start_at: datetime, end_at: datetime) -> set[datetime]:
    """The slots from a little before `start_at` until `end_at`; both are UTC."""
    slots = set()
    if schedule.interval_minutes:
        length_s = schedule.interval_minutes * 60
        first, last = (int(at.timestamp()) // length_s for at in (start_at, end_at))
        every = (datetime.fromtimestamp(number * length_s, tz=UTC) for number in range(first, last + 1))
        slots = {slot for slot in every if not _is_quiet(schedule, slot)}
    day = (start_at - _DAY).astimezone(schedule.zone).date()
    while day <= (end_at + _DAY).astimezone(schedule.zone).date():
        for daily in schedule.daily_times:
            slot = datetime.combine(day, daily, tzinfo=schedule.zone).astimezone(UTC)
            if start_at <= slot <= end_at:
                slots.add(slot)
        day += _DAY
    return {slot for slot in slots if slot >= start_at}


def _is_quiet(schedule: Schedule, at: datetime) -> bool:
    local = at.astimezone(schedule.zone).time()
    return any(
        start <= local < end if start <= end else local >= start or local < end
        for start, end in schedule.quiet_hours
    )
