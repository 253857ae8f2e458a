from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.watching.rhythm import longest_usual_silence

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def days(count: int, every_min: int, quiet: range = range(0)) -> list[datetime]:
    """Pictures of whole days, none in the quiet hours."""
    slots = range(0, count * 1440, every_min)
    return [MIDNIGHT + slot * MINUTE for slot in slots if slot % 1440 // 60 not in quiet]


@pytest.mark.parametrize(
    ("taken_at", "hours"),
    [
        (days(5, 15), 1.5),
        (days(5, 1), 0.1),
        (days(14, 60), 6),
        (days(14, 1440), 144),
        (days(5, 15, range(6)), 1.5),  # last picture before midnight: then it rests for six hours
        (days(5, 15)[: 4 * 96 + 48], 1.5),
    ],
    ids=["quarter hours", "minutes", "hours", "once a day", "quiet nights", "until noon"],
)
def test_six_slots_of_the_usual_distance(taken_at: list[datetime], hours: float) -> None:
    allowed = longest_usual_silence(taken_at, 6, UTC)
    rest = timedelta(hours=6.25) if taken_at == days(5, 15, range(6)) else timedelta(0)
    assert allowed == timedelta(hours=hours) + rest


def test_by_day_a_camera_that_rests_at_night_may_not_rest() -> None:
    until_noon = days(5, 15, range(6))[: 4 * 72 + 24]
    assert longest_usual_silence(until_noon, 6, UTC) == timedelta(hours=1.5)


def test_a_failure_of_some_days_does_not_become_the_rhythm() -> None:
    taken_at = days(14, 15)
    broken = [at for at in taken_at if not MIDNIGHT + timedelta(days=3) < at < MIDNIGHT + timedelta(days=5.3)]
    assert longest_usual_silence(broken, 6, UTC) == timedelta(hours=1.5)


@pytest.mark.parametrize("camera_clock", [BERLIN, UTC], ids=["its zone", "its settings say UTC"])
@pytest.mark.parametrize(
    "changed_at", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)], ids=str
)
@pytest.mark.parametrize("slots", [2, 6])
def test_no_night_around_a_change_of_clocks_is_longer_than_usual(
    changed_at: datetime, camera_clock: tzinfo, slots: int
) -> None:
    start_at = changed_at - timedelta(days=18)
    instants = [start_at + 15 * number * MINUTE for number in range(34 * 96)]
    taken_at = [at for at in instants if 6 <= at.astimezone(camera_clock).hour < 22]
    rests = [place for place, at in enumerate(taken_at[1:]) if at - taken_at[place] > timedelta(hours=1)]
    for place in rests:
        last_at, next_at = taken_at[place], taken_at[place + 1]
        if last_at < changed_at - timedelta(days=3):
            continue
        known = [at for at in taken_at[: place + 1] if at > last_at - timedelta(days=14)]
        allowed = longest_usual_silence(known, slots, BERLIN)
        assert allowed is not None
        rest = next_at - last_at
        assert rest < allowed < rest + timedelta(hours=3), f"after {last_at}"


@pytest.mark.parametrize(
    ("since", "minutes", "hours"),
    [
        ([], 5, 0.5),
        ([60] * 6, 5, 0.5),
        ([60] * 7, 5, 6),  # even: a new interval
        ([120] * 7, 15, 12),
        ([60, 90, 5, 120, 60, 5, 120, 90], 5, 0.5),  # uneven: it fails
        ([5] * 8, 15, 1.5),
    ],
)
def test_a_new_interval_becomes_the_rhythm_and_a_failing_camera_does_not(
    since: list[int], minutes: int, hours: float
) -> None:
    taken_at = days(14, minutes)
    for gap in since:
        taken_at.append(taken_at[-1] + gap * MINUTE)
    assert longest_usual_silence(taken_at, 6, UTC) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("taken_at", "allowed_days"),
    [
        (days(1, 15)[:1], 2),
        (days(1, 15)[:7], 2),
        (days(7, 1440), 6),
        (days(14, 2 * 1440), 12),
        ([MIDNIGHT - timedelta(days=9), *days(1, 15)[:6]], 2),
        ([MIDNIGHT] * 20, 2),
    ],
    ids=["one", "seven", "once a day", "every other day", "one at the desk before", "all of one instant"],
)
def test_a_camera_without_a_rhythm_yet_may_be_silent_for_two_days_at_least(
    taken_at: list[datetime], allowed_days: int
) -> None:
    assert longest_usual_silence(taken_at, 6, UTC) == timedelta(days=allowed_days)


def test_a_camera_that_never_sent_anything_has_none() -> None:
    assert longest_usual_silence([], 6, UTC) is None


@given(
    st.lists(st.integers(1, 20_000), min_size=8, max_size=60),
    st.integers(2, 10),
)
def test_the_allowed_silence_is_never_shorter_than_the_slots(minutes: list[int], slots: int) -> None:
    at, taken_at = MIDNIGHT, []
    for each in minutes:
        at += each * MINUTE
        taken_at.append(at)
    allowed = longest_usual_silence(taken_at, slots, UTC)
    assert allowed is not None
    usual = sorted(minutes[1:])[(len(minutes) - 2) // 2]
    assert allowed >= slots * usual * MINUTE
