"""Watch: look around, keep the book of incidents, deliver its messages, give a sign of life."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

from tasks.health_files import keep_store_space
from tasks.kept_windows import picture_file
from tasks.looking import limits_of, look_around, newest_runs
from tasks.reports.system_data import StoreSpace
from tasks.settings import Settings
from tasks.step import step
from tasks.strip_metadata import without_metadata
from tasks.watching.book import Book, Notice, advance, delivered, readdressed
from tasks.watching.book_file import change_book, delivering, read_book
from tasks.watching.channels import Channel, ChannelError, load_channels, retried, send
from tasks.watching.facts import Seen
from tasks.watching.faults import Judgement
from tasks.watching.home_rules import unusable_settings
from tasks.watching.messages import Message, message_of, test_message
from tasks.watching.ping import PingError, ping
from tasks.watching.rules import find_incidents
from tasks.watching.wording import local

log = logging.getLogger(__name__)
LARGEST_PICTURE_BYTES = 5_000_000
WATCHED = "smartmeter.watched"


@step(timeout_s=240)
def look(settings: Settings) -> Seen:
    """All that can be seen of this installation now; how full the store is also goes into the report."""
    seen = look_around(settings, newest_runs())
    if seen.store.used_bytes is not None:
        keep_store_space(settings.home, StoreSpace(seen.store.used_bytes, seen.store.total_bytes))
    return seen


@step(timeout_s=60)
def judge(settings: Settings, seen: Seen) -> dict[str, int]:
    """Bring the book of incidents up to date; return how many are open and how many messages wait."""
    limits, now_at = limits_of(settings), seen.now_at
    return _write_down(
        settings, lambda book: find_incidents(seen, limits, book.told, book.usable_at(now_at)), now_at
    )


@step(timeout_s=60)
def judge_unusable(settings: Settings, trouble: str) -> dict[str, int]:
    """Note that the settings can't be used, and return as `judge` does.

    Args:
        settings: What is taken instead.
        trouble: Why, and what to do.
    """
    return _write_down(settings, lambda _: unusable_settings(trouble), datetime.now(UTC))


def _write_down(settings: Settings, judged: Callable[[Book], Judgement], now_at: datetime) -> dict[str, int]:
    channels = [each.name for each in channels_of(settings)]

    def change(book: Book) -> Book:
        after = advance(readdressed(book, channels), judged(book), now_at, channels)
        for name in sorted(after.told - book.told):
            log.warning("%s", after.incidents[name].fault.sentence)
        for name in sorted(book.told - after.told):
            log.info("over: %s", book.incidents[name].fault.title)
        return after

    book = change_book(settings.home, change)
    create_table_artifact(key="incidents", table=rows_of(book, settings), description="What is wrong now.")
    return {"open": len(book.told), "messages": len(book.notices)}


@step(timeout_s=240)
def deliver(settings: Settings) -> dict[str, int]:
    """Bring every message on its way to the channels that still wait for it; return how many got there."""
    with delivering(settings.home) as is_ours:
        if not is_ours:
            log.info("another watch is delivering")
            return {"delivered": 0, "undelivered": 0}
        notices = read_book(settings.home).notices
        channels = channels_of(settings)
        with ThreadPoolExecutor(max(len(channels), 1)) as pool:
            counts = list(pool.map(lambda channel: _deliver_through(settings, channel, notices), channels))
    return {"delivered": sum(done for done, _ in counts), "undelivered": sum(left for _, left in counts)}


@step(timeout_s=60)
def give_sign_of_life(settings: Settings) -> bool:
    """Tell the Prefect server that a watch is done, and call the dead man's address if there is one.

    Returns:
        Whether that answered.
    """
    emit_event(event=WATCHED, resource={"prefect.resource.id": "smartmeter.watch.home"})
    if not settings.alerts.ping_url:
        return False
    try:
        ping(settings.alerts.ping_url, failing=read_book(settings.home).has_fault_of_this_machine)
    except PingError as error:
        log.warning("%s", error)
        return False
    return True


def try_channels(settings: Settings) -> dict[str, str | None]:
    """Send a test message through every channel; by its name why it did not arrive, None where it did.

    Raises:
        ChannelError: The addresses can't be read at all.
    """
    message = test_message(datetime.now(UTC), settings.zone)
    channels, troubles = load_channels(settings.home)
    answers: dict[str, str | None] = {**troubles}
    for channel in (*channels, *_blocks(settings)):
        try:
            _send(channel, message, None)
        except ChannelError as error:
            answers[channel.name] = str(error)
        else:
            answers[channel.name] = None
    return answers


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """The channels of an installation; what is unusable among them is logged."""
    try:
        channels, troubles = load_channels(settings.home)
    except ChannelError as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence is all there is to say
        return _blocks(settings)
    for place, trouble in troubles.items():
        log.error("%s: %s", place, trouble)
    return (*channels, *_blocks(settings))


def _blocks(settings: Settings) -> tuple[Channel, ...]:
    block = settings.alerts.prefect_block
    return (Channel(block, ""),) if block else ()


def rows_of(book: Book, settings: Settings) -> list[dict[str, str]]:
    """The open incidents as text, for a table."""
    return [
        {
            "id": name,
            "since": local(incident.since_at, settings.zone),
            "what": incident.fault.sentence,
            "what to do": incident.fault.remedy,
            "silenced": "yes" if name in book.silenced else "",
        }
        for name, incident in book.incidents.items()
        if incident.told_at is not None
    ]


def _deliver_through(settings: Settings, channel: Channel, notices: tuple[Notice, ...]) -> tuple[int, int]:
    """Bring a channel its messages in their order; how many got there, and how many did not.

    After a message that it does not take the others wait for the next watch: they would fare no better.
    """
    waiting = [notice for notice in notices if channel.name in notice.waiting]
    for number, notice in enumerate(waiting):
        message = message_of(notice.incident, settings.zone, settings.report.address)
        try:
            with _picture_of(settings, notice) as picture:
                _send(channel, message, picture)
        except ChannelError as error:
            log.warning("%s; the next watch tries again", error)
            return number, len(waiting) - number
        change_book(settings.home, lambda book, sent=notice: delivered(book, sent, channel.name))  # type: ignore[misc]
    return len(waiting), 0


def _send(channel: Channel, message: Message, picture: Path | None) -> None:
    if channel.url:
        send(channel, message, picture)
    else:
        retried(lambda _: _notify_block(channel.name, message))


def _notify_block(name: str, message: Message) -> None:
    from prefect.blocks.abstract import NotificationBlock  # noqa: PLC0415 - with Prefect's blocks, which are slow
    from prefect.blocks.core import Block  # noqa: PLC0415 - likewise

    try:
        block: Any = Block.load(name)  # typed as a coroutine too, which it is in no thread of ours
        is_notifying = isinstance(block, NotificationBlock)
        if is_notifying:
            with block.raise_on_failure():
                block.notify(message.text, message.subject)
    except Exception as error:
        raise ChannelError(f"The block {name} did not take the message ({type(error).__name__})") from error
    if not is_notifying:
        raise ChannelError(f"The block {name} of Prefect is no notification block. Name one that is.")


@contextmanager
def _picture_of(settings: Settings, notice: Notice) -> Iterator[Path | None]:
    """The picture concerned as a file without metadata; None where there is none to show."""
    key = notice.incident.fault.picture_key
    source = picture_file(settings.archive, key) if key and notice.incident.over_at is None else None
    data = without_metadata(source.read_bytes()) if source else None
    if source is None or data is None or len(data) > LARGEST_PICTURE_BYTES:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="smartmeter-") as folder:
        path = Path(folder) / source.name
        path.write_bytes(data)
        yield path
