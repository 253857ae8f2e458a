from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.reports import formatting


@pytest.mark.parametrize(
    ("energy_kwh", "text"),
    [
        (0, "0 kWh"),
        (0.0004, "0.00 kWh"),
        (0.034, "0.03 kWh"),
        (1.0, "1.0 kWh"),
        (9.24, "9.2 kWh"),
        (99.94, "99.9 kWh"),
        (1234.5, "1,234 kWh"),
    ],
)
def test_energy_has_about_three_digits(energy_kwh: float, text: str) -> None:
    assert formatting.energy(energy_kwh).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("mean_w", "text"),
    [(0, "0 W"), (132.4, "132 W"), (999.4, "999 W"), (999.6, "1.0 kW"), (14_080, "14.1 kW")],
)
def test_power_changes_its_unit_at_one_kilowatt(mean_w: float, text: str) -> None:
    assert formatting.power(mean_w).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formatting.number(-0.4), "0"),
        (formatting.number(-0.0), "0"),
        (formatting.number(-0.6), "-1"),
        (formatting.number(-1234.5, 1), "-1,234.5"),
        (formatting.energy(-0.004), "0.00 kWh"),
        (formatting.power(-0.4), "0 W"),
        (formatting.money(-0.004, "EUR"), "€0.00"),
        (formatting.money(-0.006, "EUR"), "-€0.01"),
        (formatting.money(-120.2, "EUR"), "-€120"),
        (formatting.cents(-0.004, "EUR"), "€0.00"),
    ],
)
def test_nothing_is_no_less_than_nothing(text: str, expected: str) -> None:
    assert text.replace("\u00a0", " ").replace(formatting.MINUS, "-") == expected


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0 %"), (0.5, "50.0 %"), (0.98765, "98.7 %"), (0.99999, "99.9 %"), (1, "100 %")]
)
def test_a_share_is_never_rounded_up(part: float, text: str) -> None:
    assert formatting.share(part).replace("\u00a0", " ") == text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_only_a_whole_is_called_100_percent(part: int, rest: int) -> None:
    assert not formatting.share(part / (part + rest)).startswith("100")


@pytest.mark.parametrize(
    ("local_date", "long", "short"),
    [
        (date(2026, 11, 19), "Thursday 19 November", "Thu 19 Nov"),
        (date(2026, 3, 1), "Sunday 1 March", "Sun 1 Mar"),
    ],
)
def test_days_read_the_same_in_every_locale(local_date: date, long: str, short: str) -> None:
    assert formatting.day(local_date).replace("\u00a0", " ") == long
    assert formatting.short_day(local_date).replace("\u00a0", " ") == short


@pytest.mark.parametrize(
    ("local", "text"),
    [(datetime(2026, 1, 1, 7, 5), "07:05"), (datetime(2026, 1, 1, 7, 5, 9), "07:05:09")],  # noqa: DTZ001 - local wall time is naive
)
def test_seconds_are_shown_where_there_are_some(local: datetime, text: str) -> None:
    assert formatting.clock(local) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [(None, ""), ("", ""), ("dark", "the picture is too dark"), ("a_new_reason", "a new reason")],
)
def test_reasons_come_in_words(code: str | None, text: str) -> None:
    assert formatting.reason(code) == text


@pytest.mark.parametrize(("number", "text"), [(1, "1 night"), (2, "2 nights"), (1200, "1,200 nights")])
def test_a_number_agrees_with_its_noun(number: int, text: str) -> None:
    assert formatting.count(number, "night").replace("\u00a0", " ") == text
