"""How often the forecast's band holds, and how soon a changed base load is found, where the truth is known.

    python -m benchmarks.forecast [--first 100] [--households 40]

The constants of the band were chosen on the households 0 to 39; others tell how honest it is.
"""

import argparse
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.reports.data import rows
from tasks.reports.forecast import forecast_year
from tasks.reports.steps import Step, base_load_steps

FIRST = date(2023, 1, 1)
YEARS = 3
CHANGED, NIGHTS, CHANGE_W = 150, 200, 45.0
LONGEST_WAIT = NIGHTS - CHANGED
WEEK, TOLERANCE_W = 7, 10.0


def main() -> None:
    """Simulate, forecast, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--households", type=int, default=40)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.households)
    held = [each for seed in seeds for each in forecasts(seed)]
    holds = [hold for _, hold, _ in held]
    widths = [width for _, _, width in held]
    print(f"{len(held)} forecasts: the band held in {np.mean(holds):.1%}; it is {np.mean(widths):.1%} wide")
    for quarter in range(4):
        of_it = [hold for made, hold, _ in held if (made.month - 1) // 3 == quarter]
        print(f"  made in quarter {quarter + 1}: {len(of_it)}, held in {np.mean(of_it):.1%}")
    waits = sorted(wait for seed in seeds if (wait := nights_until_found(seed)) is not None)
    false = sum(len(base_load_steps(frame(nights(seed, 0.0)))) for seed in seeds)
    right = sum(is_right(base_load_steps(frame(nights(seed, CHANGE_W)))) for seed in seeds)
    middle, tenth = waits[len(waits) // 2], waits[int(0.9 * (len(waits) - 1))]
    print(f"+{CHANGE_W:.0f} W: found in {len(waits)} of {len(seeds)} households")
    print(f"  after {middle} nights (median), {tenth} (9 of 10), {waits[-1]} (worst)")
    print(f"  in the end dated to 7 days and right to 10 W in {right}")
    print(f"  without a change: {false} false ones in {len(seeds)} households of {NIGHTS} nights")


def forecasts(seed: int, every: int = 1) -> list[tuple[date, bool, float]]:
    """When each forecast of a household was made, whether its band held, and how wide it was of the whole."""
    days = simulated(seed)
    found = []
    for month in range(2, 12 * YEARS, every):
        newest = date(FIRST.year + month // 12, month % 12 + 1, 1) + timedelta(days=seed % 25)
        forecast = forecast_year(days.filter(pl.col("local_date") <= newest))
        if forecast is None or newest > date(FIRST.year + YEARS - 1, 12, 10):
            continue
        true_kwh = days.filter(pl.col("local_date").dt.year() == forecast.year)["energy_kwh"].sum()
        width = (forecast.high_kwh - forecast.low_kwh) / forecast.total_kwh
        found.append((newest, bool(forecast.low_kwh <= true_kwh <= forecast.high_kwh), width))
    return found


def simulated(seed: int) -> pl.DataFrame:
    """Years of a household with a season of its own, drift, new habits, holidays, and perhaps a car."""
    chance = np.random.default_rng(seed)
    size = 365 * YEARS + 1
    dates = [FIRST + timedelta(days=number) for number in range(size)]
    day = np.array([each.timetuple().tm_yday for each in dates])
    season = 1 + chance.uniform(-0.05, 0.3) * np.cos(2 * np.pi * (day - chance.uniform(0, 40)) / 365)
    drift = np.cumsum(chance.normal(0, 0.006, size))
    energy = chance.uniform(5, 14) * season * np.exp(drift - drift.mean())
    for start in chance.integers(30, size - 30, chance.poisson(YEARS)):
        energy[start:] *= chance.uniform(0.88, 1.12)
    noise = np.zeros(size)
    for number in range(1, size):
        noise[number] = 0.35 * noise[number - 1] + chance.normal(0, 0.15)
    energy *= np.exp(noise) * (1 + 0.12 * np.array([each.weekday() >= 5 for each in dates]))  # noqa: PLR2004 - a weekend
    for start in chance.integers(0, size - 14, chance.poisson(2 * YEARS)):
        energy[start : start + chance.integers(4, 15)] *= 0.45
    if chance.random() < 0.4:  # noqa: PLR2004 - two households of five
        energy += (chance.random(size) < 0.3) * chance.uniform(7, 24, size)  # noqa: PLR2004 - three days of ten
    return pl.DataFrame({"local_date": dates, "energy_kwh": energy}).with_columns(is_full=pl.lit(value=True))


def nights(seed: int, change_w: float) -> NDArray[np.float64]:
    """Base loads about 130 W: noise of 3 to 12 W, a slow drift, visitors or a car in one night of twenty."""
    chance = np.random.default_rng(seed)
    watts: NDArray[np.float64] = (
        130 + chance.normal(0, chance.uniform(3, 12), NIGHTS) + 8 * np.sin(np.arange(NIGHTS) / 60)
    )
    watts[chance.random(NIGHTS) < 0.05] += chance.uniform(40, 2000)  # noqa: PLR2004 - one of twenty
    watts[CHANGED:] += change_w
    return watts


def frame(watts: NDArray[np.float64]) -> pl.DataFrame:
    """The nights as the report asks for them."""
    values = [
        (FIRST + timedelta(days=place), round(float(each)), 5, None, None) for place, each in enumerate(watts)
    ]
    return rows("base_load", *values)


def nights_until_found(seed: int) -> int | None:
    """After how many nights the change is told, dated to a week; None when it is not."""
    watts = nights(seed, CHANGE_W)
    for wait in range(1, LONGEST_WAIT):
        steps = base_load_steps(frame(watts[: CHANGED + wait]))
        if steps and abs((steps[-1].since - FIRST).days - CHANGED) <= WEEK:
            return wait
    return None


def is_right(steps: list[Step]) -> bool:
    """Whether some change is dated to 7 days and right to 10 W."""
    return any(
        abs((step.since - FIRST).days - CHANGED) <= WEEK and abs(step.change_w - CHANGE_W) <= TOLERANCE_W
        for step in steps
    )


if __name__ == "__main__":
    main()
