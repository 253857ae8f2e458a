import string
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from tasks.reports import formatting
from tasks.reports.language import FED_IN, language, say, speaking, spoken

Household = Callable[..., Any]
DAY = date(2026, 11, 20)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_german_has_the_same_values_in_every_sentence() -> None:
    for english, german in language("de").catalogue.items():
        assert fields(english) == fields(german), english
        assert german.strip()


@pytest.mark.parametrize(
    ("english", "german", "make"),
    [
        ("1,234.5 kWh", "1.234,5 kWh", lambda: formatting.register_value(1234.5, 1)),
        ("€12.34", "12,34 €", lambda: formatting.money(12.34, "EUR")),
        ("\u2212€1,234", "\u22121.234 €", lambda: formatting.money(-1234.5, "EUR")),
        ("CHF 0.50", "0,50 CHF", lambda: formatting.cents(0.5, "CHF")),
        ("Friday 20 November", "Freitag, 20. November", lambda: formatting.day(DAY)),
        ("Fri 20 Nov", "Fr 20. Nov", lambda: formatting.short_day(DAY)),
        ("20 November 2026", "20. November 2026", lambda: formatting.date_of(DAY)),
        ("2 days", "2 Tage", lambda: formatting.count(2, "day")),
        ("99.9 %", "99,9 %", lambda: formatting.share(0.99999)),
        ("+45", "+45", lambda: formatting.signed(45.2)),
        ("0", "0", lambda: formatting.signed(-0.2)),
        (
            "Fri 20 Nov 2026, 18:05",
            "Fr 20. Nov 2026, 18:05",
            lambda: formatting.moment(datetime(2026, 11, 20, 18, 5)),  # noqa: DTZ001 - local wall time
        ),
    ],
)
def test_numbers_and_dates_are_written_as_people_do(
    english: str, german: str, make: Callable[[], str]
) -> None:
    assert make().replace("\u00a0", " ") == english
    with speaking("de"):
        assert make().replace("\u00a0", " ") == german
    assert spoken().code == "en"


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en or de"), speaking("fr"):
        pass


def test_values_may_hold_braces() -> None:
    assert say("{energy} a year", energy="{odd}") == "{odd} a year"


def test_what_is_fed_in_has_words_of_its_own_in_each_language() -> None:
    words = tomllib.loads(FED_IN.read_text(encoding="utf-8"))
    assert words["en"].keys() == words["de"].keys() <= language("de").catalogue.keys()
    with speaking("en", fed_in=True):
        assert say("{month} used {energy}", month="May", energy="3 kWh") == "May: 3 kWh fed in"
        assert say("Cost") == "Cost"
    with speaking("de", fed_in=True):
        assert say("{month} used {energy}", month="Mai", energy="3 kWh") == "Mai: 3 kWh eingespeist"
        assert say("Cost") == "Kosten"
