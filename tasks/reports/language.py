"""The language of a report: its words, and how it writes numbers and dates.

English is what stands in the code; another language is a catalogue of the same sentences.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_name("german.toml")
FED_IN = Path(__file__).with_name("fed_in.toml")


class Catalogue(dict[str, str]):
    """Sentences by what they are in English; those that are not in it stay English, and are remembered."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(sentences)
        self.missed: set[str] = set()

    def __missing__(self, sentence: str) -> str:
        if sentence:
            self.missed.add(sentence)
        return sentence


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes, and its catalogue of sentences."""

    code: str
    decimal: str
    group: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    short_day: str
    short_weekday: int
    catalogue: Catalogue = field(default_factory=partial(Catalogue, {}))

    @property
    def short_months(self) -> tuple[str, ...]:
        """The first three letters of each month, and no more."""
        return tuple(month[:3] for month in self.months)

    @property
    def short_weekdays(self) -> tuple[str, ...]:
        """The weekdays cut short, Monday first."""
        return tuple(weekday[: self.short_weekday] for weekday in self.weekdays)


ENGLISH = Language(
    code="en",
    decimal=".",
    group=",",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    day="{weekday} {number}\u00a0{month}",
    short_day="{weekday}\u00a0{number}\u00a0{month}",
    short_weekday=3,
)  # fmt: skip
_SPOKEN: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@cache
def language(code: str) -> Language:
    """The language of a code: `en` or `de`.

    Raises:
        ValueError: There is no other.
    """
    if code == "en":
        return ENGLISH
    if code != "de":
        raise ValueError(f"There is no report in {code!r}: en or de.")
    return Language(
        code="de",
        decimal=",",
        group=".",
        weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        months=(
            "Januar", "Februar", "März", "April", "Mai", "Juni",
            "Juli", "August", "September", "Oktober", "November", "Dezember",
        ),
        day="{weekday}, {number}.\u00a0{month}",
        short_day="{weekday}\u00a0{number}.\u00a0{month}",
        short_weekday=2,
        catalogue=Catalogue(tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))),
    )  # fmt: skip


@cache
def language_of_feeding_in(code: str) -> Language:
    """The same, with the words for energy that is not used but fed in."""
    own = language(code)
    words = tomllib.loads(FED_IN.read_text(encoding="utf-8"))[code]
    return replace(own, catalogue=Catalogue(own.catalogue | words))


@contextmanager
def speaking(code: str, *, fed_in: bool = False) -> Iterator[None]:
    """Everything inside is said in that language.

    Args:
        code: of the language.
        fed_in: whether the energy told of is not used but fed in.
    """
    token = _SPOKEN.set(language_of_feeding_in(code) if fed_in else language(code))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> Language:
    """The language that is spoken at the moment."""
    return _SPOKEN.get()


def say(sentence: str, **values: object) -> str:
    """A sentence in the language spoken, with its values in place.

    Args:
        sentence: in English, with the values' names in braces.
        values: texts, or numbers that need no formatting.
    """
    return spoken().catalogue[sentence].format(**values)


def chart_locale() -> dict[str, Any]:
    """How Vega writes numbers and dates (d3's locale definitions)."""
    now = spoken()
    return {
        "formatLocale": {
            "decimal": now.decimal,
            "thousands": now.group,
            "grouping": [3],
            "currency": ["", ""],
        },
        "timeFormatLocale": {
            "dateTime": "%x, %X",
            "date": "%-d.%-m.%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": [*now.weekdays[6:], *now.weekdays[:6]],
            "shortDays": [*now.short_weekdays[6:], *now.short_weekdays[:6]],
            "months": list(now.months),
            "shortMonths": list(now.short_months),
        },
    }
