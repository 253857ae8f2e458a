"""A server that boots with its clock behind takes good pictures for ones from the future, not for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raspi_agent.picture_key import synced_key
from tasks.archive import arrival_from_store, keep, note_pictures
from tasks.fetch import keep_cursor, prepare_warehouse
from tasks.recognize import list_unread_pictures
from tasks.server_clock import CLOCK_UNSET, UNKNOWN, is_behind, judge_times_again, must_wait_for_clock
from tasks.settings import load_settings

NOW_AT = datetime.now(UTC).replace(microsecond=0)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REGISTER = "home/1-0:1.8.0"
SET = 0


@pytest.mark.parametrize(
    ("known_at", "state", "up_s", "behind"),
    [
        (None, CLOCK_UNSET, 60, False),
        (NOW_AT - HOUR, CLOCK_UNSET, 60, False),
        (NOW_AT + 5 * MINUTE, CLOCK_UNSET, 60, False),
        (NOW_AT + HOUR, CLOCK_UNSET, 60, True),
        (NOW_AT + HOUR, UNKNOWN, 60, True),
        (NOW_AT + HOUR, SET, 60, False),  # then it was ahead when it showed that
        (NOW_AT + HOUR, CLOCK_UNSET, 25 * 3600, False),
    ],
)
def test_a_clock_is_behind_what_it_has_shown(
    *, known_at: datetime | None, state: int, up_s: float, behind: bool
) -> None:
    assert is_behind(NOW_AT, known_at, state, up_s) is behind


def test_a_new_warehouse_and_a_right_clock_wait_for_nothing(home: Path) -> None:
    settings = load_settings()
    assert must_wait_for_clock.fn(settings) is False
    prepare_warehouse.fn(settings)
    keep_cursor.fn(settings, "cursor")
    assert must_wait_for_clock.fn(settings) is False


def test_pictures_that_came_while_the_servers_clock_was_behind_are_read_once_newer_ones_came(
    home: Path, photo: bytes
) -> None:
    settings = load_settings()
    prepare_warehouse.fn(settings)

    def arrive(minutes_ago: list[int], received_at: datetime) -> None:
        pictures = [(synced_key("cellar", NOW_AT - ago * MINUTE, 999 - ago), ago) for ago in minutes_ago]
        source = f"{settings.store.url}/KEY@1"
        rows = [
            keep(
                arrival_from_store(key, photo, source.replace("KEY", key), ["cellar"], settings.zone),
                settings.archive,
                received_at,
            )
            for key, _ in pictures
        ]
        note_pictures(settings, rows)

    def unread() -> int:
        return len(list_unread_pictures.fn(settings, REGISTER))

    arrive(list(range(300, 0, -15)), NOW_AT - 5 * HOUR)
    before = unread()
    assert judge_times_again.fn(settings) == 0
    arrive([0], NOW_AT)
    assert judge_times_again.fn(settings) == 20 - before > 15
    assert unread() == 21
    assert judge_times_again.fn(settings) == 0
