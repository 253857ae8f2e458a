"""A made-up household: its power by the minute, and where its register stands."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tasks.metering.register import Register

MINUTES_PER_DAY = 1440
STANDBY_W = 100.0
FRIDGE_W, FRIDGE_PERIOD, FRIDGE_ON = 85.0, 43, 15
LIGHT_AND_SCREENS_W = 420.0
CAR_W, CAR_DAYS, CAR_PLUGGED_IN, CAR_CHARGES_MIN = 11_000.0, 0.3, (17.0, 21.0), (40, 130)
SATURDAY = 5
# Appliance: local hours between which it starts, minutes it runs, watts, uses per day (working day, weekend).
APPLIANCES = (
    ("kettle", (6.3, 7.6), (3, 5), 2000.0, (0.9, 0.3)),
    ("breakfast", (8.0, 10.0), (4, 12), 1500.0, (0.1, 0.8)),
    ("lunch", (11.7, 13.0), (20, 45), 1800.0, (0.3, 0.9)),
    ("coffee", (14.5, 16.5), (3, 6), 1400.0, (0.3, 0.7)),
    ("dinner", (17.8, 19.3), (20, 60), 2000.0, (0.9, 0.8)),
    ("washing, heating", (9.0, 17.0), (16, 22), 2050.0, (0.25, 0.6)),
    ("dishes", (19.5, 21.5), (14, 18), 1900.0, (0.5, 0.6)),
    ("hoover", (10.0, 17.0), (10, 30), 700.0, (0.05, 0.4)),
)


def simulate_household(
    start_at: datetime,
    days: int,
    seed: int,
    *,
    timezone: str = "Europe/Berlin",
    electric_car: bool = False,
) -> NDArray[np.float64]:
    """Power in W for every minute from `start_at` (UTC) on; about 8 to 11 kWh a day.

    Standby, a refrigerator, light and screens in the morning and above all in the evening, and appliances
    used differently on working days and weekends; with an electric car, 11 kW more for 40 to 130 minutes on
    three evenings of ten. The same seed gives the same household.
    """
    chance = np.random.default_rng(seed)
    minutes = np.arange(days * MINUTES_PER_DAY)
    local = [(start_at + timedelta(days=day)).astimezone(ZoneInfo(timezone)) for day in range(days)]
    start_hour = np.array([moment.hour + moment.minute / 60 for moment in local])
    hour = (start_hour.repeat(MINUTES_PER_DAY) + minutes / 60) % 24
    power = STANDBY_W + _fridge(minutes, chance) + _presence(hour, days, chance)
    for day, moment in enumerate(local):
        weekend = moment.weekday() >= SATURDAY
        for _, between, minutes_on, watts, (working_day, on_weekend) in APPLIANCES:
            uses = on_weekend if weekend else working_day
            begins = chance.uniform(*between)
            runs = int(chance.integers(*minutes_on))
            if chance.random() < uses:
                first = day * MINUTES_PER_DAY + int((begins - start_hour[day]) % 24 * 60)
                power[first : first + runs] += watts
    if electric_car:
        _charge(power, start_hour, chance)
    return power


def register_positions(
    power_w: NDArray[np.float64], start_units: float, register: Register
) -> NDArray[np.float64]:
    """Where the register stands at the start of every minute and after the last, in units of the last drum.

    The positions roll over at the register's span; the fraction is how far the last drum has turned.
    """
    energy_units = np.concatenate([[0.0], np.cumsum(power_w)]) / 60.0 / register.unit_wh
    positions: NDArray[np.float64] = (start_units + energy_units) % register.span_units
    return positions


def _charge(power: NDArray[np.float64], start_hour: NDArray[np.float64], chance: np.random.Generator) -> None:
    """Charge a car in some evenings."""
    for day in np.flatnonzero(chance.random(start_hour.size) < CAR_DAYS):
        plugged_in = chance.uniform(*CAR_PLUGGED_IN)
        first = int(day) * MINUTES_PER_DAY + int((plugged_in - start_hour[day]) % 24 * 60)
        power[first : first + int(chance.integers(*CAR_CHARGES_MIN))] += CAR_W


def _fridge(minutes: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.float64]:
    """A compressor that runs a third of the time."""
    phase = int(chance.integers(FRIDGE_PERIOD))
    return np.where((minutes + phase) % FRIDGE_PERIOD < FRIDGE_ON, FRIDGE_W, 0.0)


def _presence(hour: NDArray[np.float64], days: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Light, screens and small things: some in the morning, most in the evening."""
    morning = 0.5 * np.exp(-(((hour - 7.2) / 0.9) ** 2))
    evening = 1.6 * np.exp(-(((hour - 20.0) / 1.8) ** 2))
    day = 0.25 * np.exp(-(((hour - 13.0) / 3.5) ** 2))
    quarter_hours = np.exp(0.3 * chance.standard_normal(days * 96)).repeat(15)
    presence: NDArray[np.float64] = LIGHT_AND_SCREENS_W * (morning + evening + day) * quarter_hours
    return presence
