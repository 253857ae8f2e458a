"""The book of incidents: which are told, which are watched, and the messages on their way.

What is decided here is decided once: a message goes into the book together with the incident that it tells,
and leaves it channel by channel as each has taken it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tasks.watching.faults import SETTINGS, Fault, Judgement, is_judged, kind_of

UNDELIVERABLE = timedelta(days=3)
REMEMBERED = 200
# No watch takes longer; who looks at an earlier time than that has had a clock set back.
LONGEST_WATCH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault over time.

    Attributes:
        fault: As it was seen last.
        seen_at: When it was first seen.
        told_at: When it had lasted long enough to be told; None while it is only watched.
        clear_at: Since when it is not seen any more; None while it is.
        over_at: When it was over; None before.
        announced: A message of its beginning is written; without one there is none of its end.
    """

    fault: Fault
    seen_at: datetime
    told_at: datetime | None = None
    clear_at: datetime | None = None
    over_at: datetime | None = None
    announced: bool = False

    @property
    def since_at(self) -> datetime:
        """Since when it has been so, as far as that is known."""
        return min(self.seen_at, self.fault.since_at or self.seen_at)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message on its way.

    Attributes:
        incident: As it was when the message was written.
        made_at: When that was.
        waiting: The channels that have not taken it yet; empty while there is none at all.
        taken: Those that have.
    """

    incident: Incident
    made_at: datetime
    waiting: tuple[str, ...]
    taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """All of it.

    Attributes:
        incidents: Told and watched ones, by fault.
        notices: On their way, oldest first.
        silenced: Faults that are not told: until an instant, or with None until they are over.
        past: What is over, oldest first.
        looked_at: When somebody looked whose findings changed something here; None when nobody has.
    """

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    silenced: Mapping[str, datetime | None] = field(default_factory=dict)
    past: tuple[Incident, ...] = ()
    looked_at: datetime | None = None

    @property
    def told(self) -> frozenset[str]:
        """The faults that are told and not over."""
        return frozenset(name for name, each in self.incidents.items() if each.told_at is not None)

    def usable_at(self, now_at: datetime) -> datetime | None:
        """Since when a watch finds the settings usable; None where they were never told to be otherwise."""
        if SETTINGS in self.told:
            return now_at
        return next((each.over_at for each in reversed(self.past) if each.fault.fault_id == SETTINGS), None)

    @property
    def has_fault_of_this_machine(self) -> bool:
        """Whether an open incident is this machine's own."""
        return any(kind_of(name).machine for name in self.told)


def advance(book: Book, judgement: Judgement, now_at: datetime, channels: Sequence[str]) -> Book:
    """The book after one more watch: what lasts is told, what is gone for long enough is over.

    Of two watches at once, the one that looked earlier and comes later knows nothing new.

    Args:
        book: Before it.
        judgement: What the watch found.
        now_at: When it looked.
        channels: Who is to be told. With nobody there, beginnings are told later, and ends wait.
    """
    if book.looked_at is not None and timedelta(0) < book.looked_at - now_at < LONGEST_WATCH:
        return book
    after = _advanced(_with_untold_anew(book, now_at), judgement, now_at, channels)
    return after if after == book else replace(after, looked_at=now_at)


def _advanced(book: Book, judgement: Judgement, now_at: datetime, channels: Sequence[str]) -> Book:
    silenced = {name: until for name, until in book.silenced.items() if until is None or until > now_at}
    faults = {fault.fault_id: fault for fault in judgement.faults}
    kept: dict[str, Incident] = {}
    ended: list[Incident] = []
    notices: list[Notice] = []
    for name in sorted({*book.incidents, *faults}):
        after = _after(name, book.incidents.get(name), faults.get(name), judgement.unjudged, now_at)
        if after is None:
            continue
        is_untold = after.told_at is not None and after.clear_at is None and not after.announced
        is_told_end = after.announced and not kind_of(name).ends_unsaid
        is_news = is_told_end if after.over_at else is_untold and bool(channels)
        if is_news and name not in silenced:
            after = replace(after, announced=True)
            notices.append(Notice(after, now_at, tuple(channels)))
        if after.over_at is not None:
            ended.append(after)
        else:
            kept[name] = after
    over = {each.fault.fault_id for each in ended}
    return replace(
        book,
        incidents=kept,
        notices=(*(each for each in book.notices if now_at - each.made_at < UNDELIVERABLE), *notices),
        silenced={name: until for name, until in silenced.items() if until is not None or name not in over},
        past=(*book.past, *ended)[-REMEMBERED:],
    )


def delivered(book: Book, notice: Notice, channel: str) -> Book:
    """The book after a channel has taken a message."""
    notices = []
    for each in book.notices:
        is_it = (each.incident, each.made_at) == (notice.incident, notice.made_at)
        if not is_it or channel not in each.waiting:
            notices.append(each)
        elif left := tuple(name for name in each.waiting if name != channel):
            notices.append(replace(each, waiting=left, taken=(*each.taken, channel)))
    return replace(book, notices=tuple(notices))


def readdressed(book: Book, channels: Sequence[str]) -> Book:
    """The book in which messages that only wait for channels that are gone wait for those of now as well.

    A channel may be gone because its address was mended, or only for the one who looks: another shell, a
    file that is being edited. So none is taken off; what nobody takes is given up in time.
    """

    def to_those_of_now(notice: Notice) -> Notice:
        if set(notice.waiting) & set(channels):
            return notice
        new = (name for name in channels if name not in notice.taken)
        return replace(notice, waiting=(*notice.waiting, *new))

    return replace(book, notices=tuple(map(to_those_of_now, book.notices)))


def silence(book: Book, names: Iterable[str], until: datetime | None) -> Book:
    """The book in which these faults are not told: until an instant, or with None until they are over."""
    return replace(book, silenced={**book.silenced, **dict.fromkeys(names, until)})


def _with_untold_anew(book: Book, now_at: datetime) -> Book:
    """The book in which what nobody has taken in days counts as untold again, as long as it lasts."""
    untold = {
        each.incident.fault.fault_id: each.incident.seen_at
        for each in book.notices
        if now_at - each.made_at >= UNDELIVERABLE and not each.taken and each.incident.over_at is None
    }
    incidents = {
        name: replace(each, announced=each.announced and untold.get(name) != each.seen_at)
        for name, each in book.incidents.items()
    }
    return replace(book, incidents=incidents)


def _after(
    name: str, before: Incident | None, fault: Fault | None, unjudged: frozenset[str], now_at: datetime
) -> Incident | None:
    """An incident after one more watch; None when there is none (any more) and nobody was told."""
    if fault is not None:
        seen = replace(before, fault=fault, clear_at=None) if before else Incident(fault, now_at)
        is_due = seen.told_at is None and now_at - seen.seen_at >= kind_of(name).patience
        return replace(seen, told_at=now_at) if is_due else seen
    if before is None or not is_judged(name, unjudged):
        return before
    if before.told_at is None:
        return None
    clear_at = before.clear_at or now_at
    is_over = now_at - clear_at >= kind_of(name).calm
    return replace(before, clear_at=clear_at, over_at=now_at if is_over else None)
