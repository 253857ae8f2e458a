from decimal import Decimal
from typing import Any

import pytest

from tasks.settings import MeterSettings, RegisterSettings, Settings
from tasks.settings_tables import TariffSettings
from tasks.tariffs import register_rows, tariff_rows, week_of

FIXED = {"energy_per_kwh": 0.34}
NIGHT = [{"start": "22:00", "end": "06:00", "days": ["mon"], "energy_per_kwh": 0.26}]
IMPORT, EXPORT = "1-0:1.8.0", "1-0:2.8.0"


def price(values: dict[str, Any], code: str, weekday: int, quarter_hour: int) -> Decimal:
    week = week_of(TariffSettings.model_validate(values), code)
    assert len(week) == 7 * 96
    row = week[(weekday - 1) * 96 + quarter_hour]
    assert (row["weekday"], row["quarter_hour"]) == (weekday, quarter_hour)
    return Decimal(str(row["price_per_kwh"]))


@pytest.mark.parametrize(
    ("values", "code", "weekday", "quarter_hour", "expected"),
    [
        (FIXED, IMPORT, 7, 95, "0.34"),
        (FIXED | {"hours": NIGHT}, IMPORT, 1, 87, "0.34"),
        (FIXED | {"hours": NIGHT}, IMPORT, 1, 88, "0.26"),
        (FIXED | {"hours": NIGHT}, IMPORT, 2, 23, "0.26"),
        (FIXED | {"hours": NIGHT}, IMPORT, 2, 24, "0.34"),
        (FIXED | {"hours": NIGHT}, IMPORT, 1, 0, "0.34"),
        (FIXED | {"feed_in_per_kwh": 0.08}, EXPORT, 3, 40, "-0.08"),
        (FIXED | {"registers": {"1-0:1.8.2": 0.27}}, "1-0:1.8.2", 3, 40, "0.27"),
    ],
)
def test_every_quarter_hour_of_the_week_has_its_price(
    values: dict[str, Any], code: str, weekday: int, quarter_hour: int, expected: str
) -> None:
    assert price(values, code, weekday, quarter_hour) == Decimal(expected)


def test_day_ahead_prices_have_no_week() -> None:
    assert week_of(TariffSettings(area="DE-LU"), IMPORT) == []


def test_each_register_is_a_row_and_the_fee_is_charged_once() -> None:
    second = RegisterSettings(obis_code=EXPORT, digits=6)
    meter = MeterSettings(camera="cellar", digits=7, decimals=1, registers=(second,))
    tariff = TariffSettings.model_validate(FIXED | {"fee_per_month": 12.9})
    settings = Settings(meters={"home": meter}, tariffs={"basic": tariff})
    assert register_rows(settings).select("register_id", "digits", "decimals", "place").rows() == [
        (f"home/{IMPORT}", 7, 1, 0),
        (f"home/{EXPORT}", 6, 1, 1),
    ]
    tariffs, rates = tariff_rows(settings)
    assert tariffs["fee_per_month"].to_list() == [Decimal("12.9"), Decimal(0)]
    assert rates.height == 2 * 7 * 96
