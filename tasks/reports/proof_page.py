"""The pages that prove numbers: pictures of a day, pictures in doubt, and the first picture of each month."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from tasks.reports.document import Navigation, document
from tasks.reports.formatting import (
    NBSP,
    clock,
    count,
    day,
    moment,
    month,
    number,
    reason,
    register_value,
    share,
)
from tasks.reports.language import say, speaking

DOUBTFUL = ("rejected", "repaired", "estimated", "manual")
WORDS_FOR_WHY = {
    "repaired": "the best reading of the picture does not fit its neighbours, a less likely one does",
    "manual": "set by a person",
    "waiting": "not read yet",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that the reader held possible."""

    text: str
    probability: float
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class ProofPicture:
    """A picture and what became of it; addresses are relative to the page, None where there is no file.

    Attributes:
        key: its picture key.
        taken_local: when it was taken, None when nobody knows.
        value_kwh: the decoded reading.
        decimals: how many the register has.
        quality: of the reading.
        reason: why it gave no reading of its own.
        log_odds: how much likelier the reading is than none or another.
        settled: whether four later readings agree.
        candidates: the most probable first.
        frame: address of the small picture.
        window: address of the register window cut out of it.
    """

    key: str
    taken_local: datetime | None
    value_kwh: float | None
    decimals: int
    quality: str
    reason: str | None
    log_odds: float | None
    settled: bool
    candidates: tuple[Candidate, ...]
    frame: str | None
    window: str | None


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as its page shows it."""

    anchor: str
    title: str
    value: str
    quality: str
    why: str
    odds: str
    key: str
    candidates: tuple[tuple[str, str, bool], ...]
    frame: str | None
    window: str | None


def anchor_of(picture_key: str) -> str:
    """The name of a picture within its page."""
    return "p-" + re.sub(r"[^A-Za-z0-9_-]", "-", picture_key.rpartition("/")[2].rpartition(".")[0])


def build_day_proof(
    meter: str,
    local_date: date,
    pictures: Sequence[ProofPicture],
    *,
    links: Sequence[Navigation],
    language: str,
    fingerprint: str | None = None,
) -> str:
    """Return the page with the pictures of a day."""
    with speaking(language):
        counts = {quality: sum(each.quality == quality for each in pictures) for quality in DOUBTFUL}
        parts = [f"{number(amount)}{NBSP}{say(quality)}" for quality, amount in counts.items() if amount]
        lead = ", ".join([count(len(pictures), "picture"), *parts])
        title = say("{day} {year}, picture by picture", day=day(local_date), year=local_date.year)
        shots = [_shot(each, clock) for each in pictures]
        return document(
            "proof.html.j2",
            title=(meter, title),
            lead=lead,
            navigations=links,
            fingerprint=fingerprint,
            parts=[(title, "", "", shots)],
        )


def build_gallery(
    meter: str,
    months: Sequence[tuple[date, ProofPicture]],
    doubtful: Sequence[ProofPicture],
    *,
    links: Sequence[Navigation],
    language: str,
    fingerprint: str | None = None,
) -> str:
    """Return the page of pictures in doubt, and of the first picture of each month."""
    with speaking(language):
        in_doubt = say("Repaired, estimated and rejected")
        evidence = say("The first reading of each month")
        parts = [
            (
                in_doubt,
                "doubt",
                say(
                    "The newest {pictures} that gave no plain reading.",
                    pictures=count(len(doubtful), "picture"),
                ),
                [_shot(each, moment) for each in doubtful],
            ),
            (
                evidence,
                "months",
                say("Evidence for the supplier: what the register showed when a month began."),
                [_month_shot(start, each) for start, each in months],
            ),
        ]
        title = say("pictures in doubt and as evidence")
        lead = say("Every number of the report rests on such pictures.")
        return document(
            "proof.html.j2",
            title=(meter, title),
            lead=lead,
            navigations=links,
            fingerprint=fingerprint,
            parts=parts,
        )


def _month_shot(start: date, picture: ProofPicture) -> Shot:
    shot = _shot(picture, moment)
    return replace(shot, anchor=f"m{start:%Y-%m}", title=month(start), why=shot.why or shot.title)


def _shot(picture: ProofPicture, time_of: Callable[[datetime], str]) -> Shot:
    when = picture.taken_local
    odds = ""
    if picture.log_odds is not None and picture.value_kwh is not None:
        odds = say("log-odds {odds}", odds=number(picture.log_odds, 1))
        odds += "" if picture.settled else f", {say('provisional')}"
    return Shot(
        anchor=anchor_of(picture.key),
        title=say("time unknown") if when is None else time_of(when),
        value="" if picture.value_kwh is None else register_value(picture.value_kwh, picture.decimals),
        quality=picture.quality,
        why=reason(picture.reason) or say(WORDS_FOR_WHY.get(picture.quality, "")),
        odds=odds,
        key=picture.key,
        candidates=tuple((each.text, share(each.probability), each.is_chosen) for each in picture.candidates),
        frame=picture.frame,
        window=picture.window,
    )
