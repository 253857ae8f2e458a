"""How many readings of simulated households decode to the right value, beside the rule that others use.

    python benchmarks/series.py --seeds 5 --days 365

Readings count as right within one unit. `read` are those a candidate gives, `given` those and the ones that
their neighbours pin. `hours` are those whose energy an accepted wrong reading puts off by more than 0.25 kWh.
The naive rule takes the best candidate and accepts it when it doesn't fall and stays below the fuses since
the last accepted one.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tasks.metering.decoding import decode
from tasks.metering.habits import Habits, learn
from tasks.metering.misreads import Misreads, Recognised, simulate_reader
from tasks.metering.register import Register
from tasks.metering.simulation import register_positions, simulate_household

START_AT = datetime(2025, 1, 1, tzinfo=UTC)
MISREADS = (
    ("1 %", Misreads(0.01)),
    ("5 %, bursts", Misreads(0.05, bursts=0.004)),
    ("10 %", Misreads(0.10)),
)
LEARNED_FROM = 6000
GAPS_PER_DAY, LONGEST_GAP_MIN = 0.2, 720
WRONG_HOUR_WH = 250
INVISIBLE_WH = 10


@dataclass(frozen=True, slots=True)
class Series:
    """A household's pictures and what they show."""

    register: Register
    taken_at_s: NDArray[np.int64]
    truth: NDArray[np.int64]
    read: Recognised

    @property
    def hours(self) -> NDArray[np.int64]:
        """Hours of the day."""
        return self.taken_at_s // 3600 % 24


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of the pictures, and counts."""

    pictures: int
    held: float
    read: float
    given: float
    wrong: float
    wrong_visible: float
    worst_hour_wh: int
    wrong_hours: int
    milliseconds: float


def household(register: Register, every_min: int, days: int, misreads: Misreads, seed: int) -> Series:
    """A simulated household with an electric car, gaps of up to 12 hours, and a reader that misreads."""
    power_w = simulate_household(START_AT, days, seed, electric_car=True)
    positions = register_positions(power_w, 12_345_678.3 / register.unit_wh, register)
    chance = np.random.default_rng(seed + 1000)
    shown = np.ones(positions.size, dtype=np.bool_)
    for _ in range(chance.poisson(GAPS_PER_DAY * days)):
        first = int(chance.integers(positions.size))
        shown[first : first + int(chance.integers(every_min, LONGEST_GAP_MIN))] = False
    minutes = np.arange(0, positions.size, every_min)
    minutes = minutes[shown[minutes]]
    truth = np.floor(positions[minutes] + 1e-9).astype(np.int64)
    read = simulate_reader(truth, register, misreads, seed, every_s=60 * every_min)
    return Series(register, int(START_AT.timestamp()) + 60 * minutes, truth, read)


def habits_of(series: Series) -> Habits:
    """What the first pictures teach, decoded without any habits."""
    first = slice(0, LEARNED_FROM)
    seconds, hours = series.taken_at_s[first], series.hours[first]
    read = series.read.candidates[first], series.read.probabilities[first]
    known = decode(seconds, *read, series.register)
    values = np.where(known.rank > 0, known.value_units, -1)
    return learn(seconds, hours, values, *read, register=series.register)


def ours(series: Series) -> tuple[NDArray[np.int64], NDArray[np.bool_], float]:
    """Values, which of them a candidate gave, and milliseconds per picture; learning counts too."""
    started = time.process_time()
    habits = habits_of(series)
    pictures = series.taken_at_s, series.read.candidates, series.read.probabilities
    result = decode(*pictures, series.register, habits=habits, hours=series.hours)
    spent = time.process_time() - started
    return result.value_units, result.rank > 0, spent * 1000 / len(series.truth)


def naive(series: Series) -> tuple[NDArray[np.int64], NDArray[np.bool_], float]:
    """The same by the maximum-rate rule: the last accepted value decides about the next."""
    started = time.process_time()
    register, top = series.register, series.read.candidates[:, 0].tolist()
    seconds, span = series.taken_at_s.tolist(), series.register.span_units
    values, last = np.full(len(top), -1, dtype=np.int64), -1
    for i, value in enumerate(top):
        if value < 0:
            continue
        if last >= 0:
            step = (value - top[last] + span // 2) % span - span // 2
            if not 0 <= step <= register.max_energy_wh(seconds[i] - seconds[last]) // register.unit_wh + 1:
                continue
        values[i], last = value, i
    return values, values >= 0, (time.process_time() - started) * 1000 / len(top)


def score(series: Series, values: NDArray[np.int64], read: NDArray[np.bool_], milliseconds: float) -> Score:
    """What a method made of the series."""
    off = np.abs(values - series.truth)
    off = np.minimum(off, series.register.span_units - off)
    wrong = (values >= 0) & (off > 1)
    held = (np.abs(series.read.candidates - series.truth[:, None]) <= 1).any(axis=1)
    grid = np.arange(series.taken_at_s[0] // 3600 + 1, series.taken_at_s[-1] // 3600) * 3600
    counted = [
        np.diff(np.interp(grid, series.taken_at_s[read], units[read])) for units in (values, series.truth)
    ]
    hour_wh = np.abs(counted[0] - counted[1]) * series.register.unit_wh
    return Score(
        len(values),
        held.mean(),
        (read & ~wrong).mean(),
        ((values >= 0) & ~wrong).mean(),
        (read & wrong).mean(),
        (read & wrong & (off * series.register.unit_wh > INVISIBLE_WH)).mean(),
        int(hour_wh.max(initial=0)),
        int((hour_wh > WRONG_HOUR_WH).sum()),
        milliseconds,
    )


def scores(seeds: int, days: int, minute_days: int) -> Iterator[tuple[str, str, str, list[Score]]]:
    """Pictures, misreads, method and its scores by seed."""
    coarse, fine = Register("a/1-0:1.8.0", 7, 1, 24_000), Register("a/1-0:1.8.0", 9, 3, 24_000)
    cases = (("15 min, 0.1 kWh", coarse, 15, days), ("1 min, 0.001 kWh", fine, 1, minute_days))
    for pictures, register, every_min, length in cases:
        for name, misreads in MISREADS:
            series = [household(register, every_min, length, misreads, seed) for seed in range(seeds)]
            yield pictures, name, "ours", [score(one, *ours(one)) for one in series]
            yield pictures, name, "naive", [score(one, *naive(one)) for one in series]


def line(pictures: str, name: str, method: str, found: list[Score]) -> str:
    """A row of the table: means over the seeds, and the worst seed of what must not happen."""

    def mean(field: str) -> float:
        return float(np.mean([getattr(one, field) for one in found]))

    worst = 100 * max(one.wrong for one in found)
    cells = (
        pictures,
        name,
        method,
        f"{sum(one.pictures for one in found):,}",
        f"{100 * mean('held'):.2f}",
        f"{100 * mean('read'):.2f}",
        f"{100 * mean('given'):.2f}",
        f"{100 * mean('wrong'):.3f} ({worst:.3f})",
        f"{100 * mean('wrong_visible'):.3f}",
        f"{sum(one.wrong_hours for one in found)}",
        f"{max(one.worst_hour_wh for one in found) / 1000:,.2f}",
        f"{mean('milliseconds'):.3f}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--days", type=int, default=365, help="of the series with a picture every 15 minutes")
    parser.add_argument("--minute-days", type=int, default=30, help="of the one with a picture every minute")
    arguments = parser.parse_args()
    print(
        "| pictures | misreads | method | pictures in all | truth among candidates % | read % | given % | "
        "wrong % (worst seed) | wrong by > 10 Wh % | wrong hours | worst hour kWh | ms per picture |"
    )
    print("| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    for row in scores(arguments.seeds, arguments.days, arguments.minute_days):
        print(line(*row), flush=True)
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB.")


if __name__ == "__main__":
    main()
