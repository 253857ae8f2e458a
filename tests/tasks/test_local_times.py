from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.local_times import Certainty, Stamp, resolve, span_of_days

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
COPIED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE = timedelta(seconds=41)


def night(start: str, count: int, minutes: int) -> list[datetime]:
    """Instants from a UTC time on."""
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [first + timedelta(minutes=minutes) * number for number in range(count)]


def stamps(taken: list[datetime], zone: ZoneInfo, written: list[datetime]) -> list[Stamp]:
    return [
        Stamp(at.astimezone(zone).replace(tzinfo=None, fold=0), written_at)
        for at, written_at in zip(taken, written, strict=True)
    ]


@pytest.mark.parametrize(
    ("first", "last", "begin", "end"),
    [
        (date(2026, 10, 25), date(2026, 10, 25), "2026-10-24T22:00+00:00", "2026-10-25T23:00+00:00"),
        (None, date(9999, 12, 31), None, None),
        (date(1, 1, 1), None, None, None),
    ],
)
def test_local_days_are_a_span_of_instants(
    first: date | None, last: date | None, begin: str | None, end: str | None
) -> None:
    instants = tuple(None if each is None else datetime.fromisoformat(each) for each in (begin, end))
    assert span_of_days(first, last, BERLIN) == instants


AUTUMN = night("2026-10-24T23:05:07", 12, 20)
AUTUMN_LORD_HOWE = night("2026-04-04T14:02:03", 10, 10)


@pytest.mark.parametrize(
    ("taken", "zone"),
    [
        (AUTUMN, BERLIN),
        (AUTUMN_LORD_HOWE, LORD_HOWE),
        (night("2026-03-28T23:30:00", 16, 15), BERLIN),
        (night("2026-07-01T00:00:00", 8, 15), BERLIN),
        (AUTUMN, ZoneInfo("UTC")),
    ],
)
@pytest.mark.parametrize("kept", ["file times", "order of copying"])
def test_whole_nights_are_told_right(taken: list[datetime], zone: ZoneInfo, kept: str) -> None:
    written = {
        "file times": [at + LATE for at in taken],
        "order of copying": [COPIED_AT + timedelta(seconds=number) for number in range(len(taken))],
    }[kept]
    found = resolve(stamps(taken, zone, written), zone)
    assert [each.at for each in found] == taken


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_given_plays_no_part(order: object) -> None:
    places = list(range(len(AUTUMN)))
    order.shuffle(places)  # type: ignore[attr-defined]
    given_stamps = stamps(AUTUMN, BERLIN, [at + LATE for at in AUTUMN])
    found = resolve([given_stamps[place] for place in places], BERLIN)
    assert [each.at for each in found] == [AUTUMN[place] for place in places]


def test_without_file_times_two_of_one_slot_are_the_two_passes() -> None:
    taken = [at + timedelta(seconds=number) for number, at in enumerate(AUTUMN)]
    found = resolve(stamps(taken, BERLIN, [COPIED_AT] * len(taken)), BERLIN)
    assert [each.at for each in found] == taken
    assert {each.certainty for each in found} == {Certainty.CLEAR, Certainty.BY_ORDER}


def test_without_any_evidence_the_first_pass_is_taken_and_the_other_named() -> None:
    local = [datetime(2026, 10, 25, 2, minute) for minute in (0, 15, 30, 45)]  # noqa: DTZ001
    found = resolve([Stamp(at, COPIED_AT) for at in local], BERLIN)
    assert [each.at for each in found] == night("2026-10-25T00:00:00", 4, 15)
    assert {each.certainty for each in found} == {Certainty.ASSUMED}
    assert [each.or_else_at for each in found] == night("2026-10-25T01:00:00", 4, 15)


def test_a_time_that_spring_skips_is_the_old_time() -> None:
    shown = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001
    (found,) = resolve([Stamp(shown, COPIED_AT)], BERLIN)
    assert found.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert found.certainty is Certainty.SKIPPED_HOUR
