"""The book of incidents: one message when something begins, one when it is over, whatever happens between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.watching.book import Book, advance, delivered, readdressed, silence
from tasks.watching.book_file import change_book, delivering, read_book
from tasks.watching.faults import KINDS, Fault, Judgement

STARTED_AT = datetime(2026, 11, 24, tzinfo=UTC)
STEP = timedelta(minutes=5)
CHANNELS = ("mail", "phone")
NAMES = ("unread:home", "disk", "store-unreachable", "warehouse")


def fault(name: str) -> Fault:
    return Fault(name, f"title of {name}", f"sentence of {name}", "remedy")


def judgement(names: set[str], unjudged: set[str] | None = None) -> Judgement:
    return Judgement(tuple(fault(name) for name in sorted(names)), frozenset(unjudged or set()))


def play(book: Book, *rounds: set[str] | Judgement, channels: tuple[str, ...] = CHANNELS) -> Book:
    """The book after a watch every five minutes, from a day's first one on."""
    for number, each in enumerate(rounds):
        found = each if isinstance(each, Judgement) else judgement(each)
        book = advance(book, found, STARTED_AT + STEP * number, channels)
    return book


def told(book: Book) -> list[tuple[str, str]]:
    return [
        (notice.incident.fault.fault_id, "over" if notice.incident.over_at else "begun")
        for notice in book.notices
    ]


DISK = {"disk"}
NONE: set[str] = set()


@pytest.mark.parametrize(
    ("rounds", "messages"),
    [
        ([NONE], []),
        ([DISK], ["begun"]),
        ([DISK] * 50, ["begun"]),
        ([DISK, NONE, DISK, NONE, DISK], ["begun"]),
        ([DISK, NONE, NONE, NONE], ["begun", "over"]),
        ([DISK, NONE, NONE, NONE, DISK], ["begun", "over", "begun"]),
        ([DISK, judgement(NONE, {"disk"}), judgement(NONE, {"disk"}), judgement(NONE, {"disk"})], ["begun"]),
    ],
)
def test_once_when_it_begins_and_once_when_it_is_over(
    rounds: list[set[str] | Judgement], messages: list[str]
) -> None:
    assert told(play(Book(), *rounds)) == [("disk", kind) for kind in messages]


def test_what_nobody_mended_ends_without_a_message_and_is_no_fault_of_this_machine() -> None:
    failed = {"asked:evaluate/home"}
    book = play(Book(), failed, failed)
    assert not book.has_fault_of_this_machine
    over = play(Book(), failed, failed, NONE, NONE)
    assert told(book) == told(over) == [("asked:evaluate/home", "begun")]
    assert over.told == set()


def test_what_may_pass_is_told_only_when_it_lasts() -> None:
    failing = {"warehouse"}
    assert told(play(Book(), failing)) == []
    assert told(play(Book(), failing, NONE, failing)) == []
    book = play(Book(), failing, failing)
    assert told(book) == [("warehouse", "begun")]
    assert book.incidents["warehouse"].since_at == STARTED_AT


def test_a_silenced_incident_says_nothing_until_it_is_over() -> None:
    book = silence(play(Book(), DISK), ["disk"], None)
    book = play(book, DISK, NONE, NONE, NONE)
    assert told(book) == [("disk", "begun")]
    assert book.silenced == {}
    assert told(play(book, DISK))[-1] == ("disk", "begun")


def test_what_is_silenced_before_it_begins_is_told_when_that_time_is_up() -> None:
    book = silence(Book(), ["disk"], STARTED_AT + STEP)
    assert told(play(book, DISK)) == []
    assert told(play(book, DISK, DISK)) == [("disk", "begun")]
    assert told(play(silence(Book(), ["disk"], STARTED_AT + 9 * STEP), DISK, NONE, NONE, NONE)) == []


def test_what_began_before_there_was_a_channel_is_told_when_there_is_one() -> None:
    assert told(play(play(Book(), DISK, channels=()), DISK)) == [("disk", "begun")]


def test_a_message_leaves_channel_by_channel_and_is_given_up_after_days() -> None:
    book = play(Book(), {"disk"})
    first = book.notices[0]
    book = delivered(book, first, "mail")
    assert [notice.waiting for notice in book.notices] == [("phone",)]
    assert delivered(book, first, "mail") == book
    assert delivered(book, first, "phone").notices == ()
    assert advance(book, judgement(DISK), STARTED_AT + timedelta(days=3), CHANNELS).notices == ()


def test_an_end_that_is_seen_where_no_channel_is_known_is_told_where_one_is() -> None:
    begun = play(Book(), DISK)
    over = play(begun, NONE, NONE, NONE, channels=())
    assert told(over) == [("disk", "begun"), ("disk", "over")]
    assert [each.waiting for each in readdressed(over, CHANNELS).notices] == [CHANNELS, CHANNELS]


@pytest.mark.parametrize(
    ("taken_by", "channels", "waiting"),
    [
        ([], [], CHANNELS),  # a file that cannot be used now, or a shell without the variable
        ([], ["phone"], CHANNELS),
        ([], ["mended"], (*CHANNELS, "mended")),
        (["mail"], ["mail"], ("phone",)),
        (["mail"], ["mail", "mended"], ("phone", "mended")),
    ],
)
def test_a_message_is_never_lost_to_a_change_of_channels(
    taken_by: list[str], channels: list[str], waiting: tuple[str, ...]
) -> None:
    book = play(Book(), DISK)
    for channel in taken_by:
        book = delivered(book, book.notices[0], channel)
    after = readdressed(book, channels)
    assert [each.waiting for each in after.notices] == [waiting]
    assert readdressed(after, channels) == after


def test_without_any_channel_nothing_gathers() -> None:
    assert play(Book(), *[DISK, NONE, NONE, NONE] * 20, channels=()).notices == ()


def test_what_nobody_takes_in_days_is_told_anew_while_it_lasts() -> None:
    book = play(Book(), DISK)
    days_later = STARTED_AT + timedelta(days=3)
    (anew,) = advance(book, judgement(DISK), days_later, CHANNELS).notices
    assert (anew.made_at, anew.waiting) == (days_later, CHANNELS)
    calm = advance(book, judgement(NONE), days_later, CHANNELS)
    assert told(advance(calm, judgement(NONE), days_later + 2 * STEP, CHANNELS)) == []


@pytest.mark.parametrize("rounds", [[DISK], [DISK, NONE, NONE, NONE]], ids=["begun", "over"])
@pytest.mark.parametrize("late", [DISK, NONE])
def test_a_watch_that_looked_earlier_and_comes_later_says_nothing(
    rounds: list[set[str]], late: set[str]
) -> None:
    book = play(Book(), *rounds)
    looked_at = STARTED_AT + STEP * (len(rounds) - 1)
    assert advance(book, judgement(late), looked_at - STEP, CHANNELS) == book
    assert advance(Book(), judgement(NONE), looked_at, CHANNELS) == Book(), "no news, no writing"
    day_before = looked_at - timedelta(days=1)
    assert advance(book, judgement({"unread:home"}), day_before, CHANNELS) != book, "a clock was set right"


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)), st.integers(1, 90)),
        max_size=80,
    )
)
def test_whatever_comes_and_goes_messages_alternate(rounds: list[tuple[set[str], set[str], int]]) -> None:
    book, at, history = Book(), STARTED_AT, []
    open_since: dict[str, datetime] = {}
    for names, unjudged, minutes in rounds:
        at += minutes * timedelta(minutes=1)
        book = advance(book, judgement(names, unjudged - names), at, CHANNELS)
        for notice in book.notices:
            name = notice.incident.fault.fault_id
            if notice.made_at == at:
                book = delivered(book, notice, "mail")
                history.append((name, notice.incident.over_at is None))
                if notice.incident.over_at is None:
                    assert at - notice.incident.seen_at >= KINDS[name.partition(":")[0]].patience
                    open_since[name] = at
                else:
                    assert name not in names
        assert len(book.notices) == len(
            {(notice.incident.fault.fault_id, notice.made_at) for notice in book.notices}
        )
    for name in NAMES:
        said = [is_begun for each, is_begun in history if each == name]
        assert said == [number % 2 == 0 for number in range(len(said))]
        assert (name in book.told) == (len(said) % 2 == 1)


def test_the_book_knows_since_when_the_settings_can_be_used_again() -> None:
    now_at = STARTED_AT + timedelta(hours=1)
    unusable = play(Book(), *[{"settings"}] * 2)
    assert [book.usable_at(now_at) for book in (Book(), play(Book(), DISK), unusable)] == [None, None, now_at]
    assert advance(unusable, judgement(NONE), now_at, CHANNELS).usable_at(now_at + STEP) == now_at


def test_the_book_comes_back_from_the_disk_as_it_was(tmp_path: Path) -> None:
    book = silence(play(Book(), {"disk", "unread:home"}, {"unread:home"}), ["disk"], STARTED_AT)
    assert change_book(tmp_path, lambda _: book) == book
    assert read_book(tmp_path) == book


def test_a_damaged_book_is_kept_aside_and_begun_anew(tmp_path: Path) -> None:
    change_book(tmp_path, lambda _: play(Book(), DISK))
    path = tmp_path / "watch" / "incidents.json"
    path.write_bytes(path.read_bytes()[:-9])
    assert read_book(tmp_path) == Book()
    assert path.with_suffix(".damaged").exists()


def test_only_one_delivers_at_a_time(tmp_path: Path) -> None:
    with delivering(tmp_path) as first, delivering(tmp_path) as second:
        assert (first, second) == (True, False)
    with delivering(tmp_path) as again:
        assert again


def test_changes_of_many_at_once_are_all_kept(tmp_path: Path) -> None:
    def add(number: int) -> None:
        change_book(tmp_path, lambda book: silence(book, [f"silent:{number}"], None))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(read_book(tmp_path).silenced) == 40
