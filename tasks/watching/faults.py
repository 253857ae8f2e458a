"""What can be wrong: the kinds of faults, and how long each is looked at before anybody is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_NOW = timedelta(0)
SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of fault is told.

    Attributes:
        patience: It must last that long before it is told.
        calm: It must be gone for that long before it is told to be over.
        machine: It is this machine's own, not a camera's or a meter's.
        ends_unsaid: Its end is no news: nothing has been mended.
    """

    patience: timedelta = _NOW
    calm: timedelta = _NOW
    machine: bool = False
    ends_unsaid: bool = False


# What is measured over a stretch of its own (slots, streaks, days) needs no patience besides.
KINDS = {
    "silent": Kind(),
    "unread": Kind(),
    "frozen": Kind(),
    "clock": Kind(),
    "card": Kind(calm=timedelta(hours=2)),
    "outbox": Kind(calm=timedelta(hours=2)),
    "restarts": Kind(),
    "power": Kind(),
    "hot": Kind(calm=timedelta(hours=2)),
    "base-load": Kind(),
    "store-refused": Kind(machine=True),
    "store-unreachable": Kind(patience=timedelta(hours=1), calm=timedelta(minutes=10), machine=True),
    "store-full": Kind(calm=timedelta(minutes=30)),
    "ingest": Kind(machine=True),
    "run": Kind(machine=True),
    "asked": Kind(ends_unsaid=True),
    "disk": Kind(calm=timedelta(minutes=10), machine=True),
    "warehouse": Kind(patience=timedelta(minutes=4), machine=True),
    # Who edits them saves them half done.
    SETTINGS: Kind(patience=timedelta(minutes=4), machine=True),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong now.

    Attributes:
        fault_id: `kind`, or `kind:whose`; the same for as long as it is the same fault.
        title: In a few words, for a subject line.
        sentence: What is seen.
        remedy: What to do.
        since_at: Since when it has been so, as far as that is known.
        picture_key: The picture concerned.
    """

    fault_id: str
    title: str
    sentence: str
    remedy: str
    since_at: datetime | None = None
    picture_key: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong, and which kinds could not be judged now: these neither begin nor end."""

    faults: tuple[Fault, ...] = ()
    unjudged: frozenset[str] = frozenset()

    def __add__(self, other: "Judgement") -> "Judgement":
        return Judgement(self.faults + other.faults, self.unjudged | other.unjudged)


def kind_of(fault_id: str) -> Kind:
    """How this fault is told; one that a newer version knows is told at once."""
    return KINDS.get(fault_id.partition(":")[0], Kind())


def is_judged(fault_id: str, unjudged: Iterable[str]) -> bool:
    """Whether a fault was looked at: neither it nor its kind is among the unjudged."""
    return not {fault_id, fault_id.partition(":")[0]} & set(unjudged)
