import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.metering.register import Register, energy_between, format_reading

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)


@pytest.mark.parametrize(
    ("digits", "decimals", "unit_wh", "span_wh"),
    [(7, 1, 100, 1_000_000_000), (6, 0, 1000, 1_000_000_000), (8, 3, 1, 100_000_000), (1, 1, 100, 1000)],
)
def test_unit_and_span_follow_from_the_drums(digits: int, decimals: int, unit_wh: int, span_wh: int) -> None:
    register = Register("home/1-0:1.8.0", digits, decimals, 24_000)
    assert (register.unit_wh, register.span_wh) == (unit_wh, span_wh)


@pytest.mark.parametrize(
    ("digits", "decimals", "max_power_w", "says"),
    [
        (0, 0, 24_000, "1 to 12 digits"),
        (13, 1, 24_000, "1 to 12 digits"),
        (7, 4, 24_000, "decimals"),
        (2, 3, 24_000, "decimals"),
        (7, -1, 24_000, "decimals"),
        (7, 1, 0, "max_power_w"),
    ],
)
def test_a_counter_that_cannot_exist_is_refused(
    digits: int, decimals: int, max_power_w: int, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Register("home/1-0:1.8.0", digits, decimals, max_power_w)


@pytest.mark.parametrize(
    ("earlier_wh", "later_wh", "energy_wh"),
    [(0, 0, 0), (100, 400, 300), (999_999_900, 0, 100), (999_999_900, 300, 400), (400, 300, 999_999_900)],
)
def test_energy_between_readings_crosses_one_rollover(earlier_wh: int, later_wh: int, energy_wh: int) -> None:
    assert energy_between(earlier_wh, later_wh, HOME) == energy_wh


@given(st.integers(0, HOME.span_wh - 1), st.integers(0, HOME.span_wh - 1))
def test_energy_between_readings_leads_from_one_to_the_other(earlier_wh: int, energy_wh: int) -> None:
    later_wh = (earlier_wh + energy_wh) % HOME.span_wh
    assert energy_between(earlier_wh, later_wh, HOME) == energy_wh


@pytest.mark.parametrize(
    ("digits", "decimals", "value_wh", "shown"),
    [
        (7, 1, 36_109_700, "036109.7"),
        (7, 1, 0, "000000.0"),
        (6, 0, 36_109_000, "036109"),
        (8, 3, 1_380_397, "01380.397"),
        (2, 2, 870, "0.87"),
    ],
)
def test_a_reading_is_written_as_the_drums_show_it(
    digits: int, decimals: int, value_wh: int, shown: str
) -> None:
    assert format_reading(value_wh, Register("m/1", digits, decimals, 24_000)) == shown


@pytest.mark.parametrize(("seconds", "energy_wh"), [(0, 0), (1, 7), (900, 6000), (3600, 24_000)])
def test_the_fuses_bound_the_energy(seconds: int, energy_wh: int) -> None:
    assert HOME.max_energy_wh(seconds) == energy_wh
