from datetime import timedelta
from decimal import Decimal
from types import ModuleType

import polars as pl
import pytest

from tasks.settings import MeterSettings, RegisterSettings, Settings
from tasks.settings_tables import TariffSettings
from tasks.tariffs import lost_tariffs, register_rows, tariff_rows
from warehouse.connection import Warehouse
from warehouse.events import Event, add_event, undo_event
from warehouse.loading import load_registers
from warehouse.tariffs import load_co2_factors, load_prices, load_tariffs

REGISTER = "home/1-0:1.8.0"
METER = MeterSettings(camera="cellar", digits=7, decimals=1)
TARIFFS = {
    "basic": {"start": "2020-01-01", "energy_per_kwh": 0.3, "fee_per_month": 31},
    "night": {
        "energy_per_kwh": 0.3,
        "hours": [{"start": "00:00", "end": "12:00", "energy_per_kwh": 0.1}],
    },
    "dynamic": {"area": "DE-LU", "factor": 2, "surcharge_per_kwh": 0.1},
}


@pytest.fixture
def priced(seeded: Warehouse) -> Warehouse:
    """Two days of 100 Wh an hour, the first of 23 hours, under a fixed price."""
    tariffs = {name: TariffSettings.model_validate(values) for name, values in TARIFFS.items()}
    assert load_tariffs(seeded, *tariff_rows(Settings(meters={"home": METER}, tariffs=tariffs)))
    return seeded


def costs(warehouse: Warehouse) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return warehouse.sql(
        "select tariff, energy_cost, fee, unpriced_kwh from out.cost_day order by local_date"
    ).rows()


def test_a_fixed_price_and_a_fee(priced: Warehouse) -> None:
    assert costs(priced) == [
        ("basic", Decimal("0.6900"), Decimal("1.0000"), Decimal(0)),
        ("basic", Decimal("0.7200"), Decimal("1.0000"), Decimal(0)),
    ]
    year = priced.sql("select cost from out.cost_year")["cost"].to_list()
    assert year == [Decimal("3.4100")]


def test_settings_that_say_the_same_change_nothing(priced: Warehouse) -> None:
    tariffs = {name: TariffSettings.model_validate(values) for name, values in TARIFFS.items()}
    assert not load_tariffs(priced, *tariff_rows(Settings(meters={"home": METER}, tariffs=tariffs)))


def test_an_event_begins_another_tariff_and_undoing_it_ends_it(priced: Warehouse, seeds: ModuleType) -> None:
    before = costs(priced)
    number = add_event(
        priced, Event(REGISTER, "tariff", seeds.START_AT + timedelta(hours=24), tariff="night")
    )
    assert costs(priced) == [before[0], ("night", Decimal("0.4800"), Decimal(0), Decimal(0))]
    undo_event(priced, number)
    assert costs(priced) == before


@pytest.mark.parametrize(
    ("told", "imported", "fed_in"),
    [
        (["1-0:1.8.0 night"], "night", "night"),
        (["1-0:2.8.0 night"], "basic", "night"),
        (["1-0:2.8.0 night", "1-0:1.8.0 dynamic"], "dynamic", "night"),
    ],
)
def test_a_tariff_told_of_the_first_register_goes_for_the_others(
    seeded: Warehouse, seeds: ModuleType, told: list[str], imported: str, fed_in: str
) -> None:
    meter = METER.model_copy(update={"registers": (RegisterSettings(obis_code="1-0:2.8.0"),)})
    tariffs = {name: TariffSettings.model_validate(values) for name, values in TARIFFS.items()}
    settings = Settings(meters={"home": meter}, tariffs=tariffs)
    load_registers(seeded, register_rows(settings))
    for table in ("interval_15min", "interval_day"):
        seeded.script(
            f"insert into core.{table} by name "
            f"select * replace ('home/1-0:2.8.0' as register_id) from core.{table}"
        )
    load_tariffs(seeded, *tariff_rows(settings))
    for each in told:
        code, tariff = each.split()
        add_event(seeded, Event(f"home/{code}", "tariff", seeds.START_AT, tariff=tariff))
    found = seeded.sql("select distinct obis_code, tariff from out.cost_day order by obis_code").rows()
    assert found == [("1-0:1.8.0", imported), ("1-0:2.8.0", fed_in)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"night": {}}, []),
        ({"night": {"meters": ["home", "hut"]}}, ["for hut, and there is no [meters.hut]"]),
        ({"evening": {}}, ["event 1 begins the tariff night, and home/1-0:1.8.0 has none"]),
        ({"night": {"meters": ["hut"]}}, ["for hut, and there is no", "event 1 begins the tariff night"]),
    ],
)
def test_names_that_leave_days_without_a_cost_are_told(
    priced: Warehouse, seeds: ModuleType, values: dict[str, dict[str, object]], says: list[str]
) -> None:
    add_event(priced, Event(REGISTER, "tariff", seeds.START_AT, tariff="night"))
    undo_event(priced, add_event(priced, Event(REGISTER, "tariff", seeds.START_AT, tariff="gone")))
    tariffs = {name: TariffSettings.model_validate(TARIFFS["night"] | each) for name, each in values.items()}
    settings = Settings(meters={"home": METER}, tariffs=tariffs)
    load_tariffs(priced, *tariff_rows(settings))
    found = lost_tariffs(settings, priced)
    assert len(found) == len(says)
    assert all(part in sentence for part, (sentence, _) in zip(says, found, strict=True))


def test_day_ahead_prices_hold_an_hour_and_what_has_none_is_told(
    priced: Warehouse, seeds: ModuleType
) -> None:
    add_event(priced, Event(REGISTER, "tariff", seeds.START_AT, tariff="dynamic"))
    assert [row[3] for row in costs(priced)] == [Decimal("2.300"), Decimal("2.400")]
    hours = [seeds.START_AT + timedelta(hours=hour) for hour in range(23)]
    prices = pl.DataFrame({"start_at": hours}).with_columns(
        area=pl.lit("DE-LU"), price_per_kwh=pl.lit(Decimal("0.05")).cast(pl.Decimal(14, 6))
    )
    assert load_prices(priced, prices) == 23
    assert load_prices(priced, prices) == 0
    assert costs(priced) == [
        ("dynamic", Decimal("0.4600"), Decimal(0), Decimal(0)),
        ("dynamic", Decimal(0), Decimal(0), Decimal("2.400")),
    ]


@pytest.mark.parametrize(
    ("changes", "compared"),
    [
        ({}, {"basic", "night"}),
        ({"night": {"start": "2026-03-30"}}, {"night"}),
        ({"night": {"start": "2019-01-01"}}, {"basic"}),
        ({"night": {"start": "2026-04-01"}}, {"basic", "night"}),
        ({"night": {"currency": "CHF"}}, {"basic"}),
        ({"basic": {"start": "2026-03-30"}, "night": {"start": "2026-03-29"}}, {"basic"}),
    ],
)
def test_only_tariffs_that_could_be_chosen_are_compared(
    seeded: Warehouse, changes: dict[str, dict[str, str]], compared: set[str]
) -> None:
    tariffs = {
        name: TariffSettings.model_validate(TARIFFS[name] | changes.get(name, {}))
        for name in ("basic", "night")
    }
    load_tariffs(seeded, *tariff_rows(Settings(meters={"home": METER}, tariffs=tariffs)))
    assert set(seeded.query("report_tariffs", meter="home")["tariff"]) == compared


def test_a_tariff_that_an_event_ended_is_not_compared(priced: Warehouse, seeds: ModuleType) -> None:
    for hours, tariff in ((0, "night"), (24, "basic")):
        at = seeds.START_AT + timedelta(hours=hours)
        add_event(priced, Event(REGISTER, "tariff", at, tariff=tariff))
    assert set(priced.query("report_tariffs", meter="home")["tariff"]) == {"basic", "dynamic"}


def test_one_factor_tells_the_co2_of_years(priced: Warehouse, seeds: ModuleType) -> None:
    factors = pl.DataFrame({"start_at": [seeds.START_AT - timedelta(days=900)], "g_per_kwh": [400.0]})
    load_co2_factors(priced, factors)
    assert priced.sql("select days, co2_kg from out.co2_month").rows() == [(2, Decimal("1.880"))]
