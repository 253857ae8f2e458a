"""How often a settled reading is changed by later pictures, decoded picture by picture as they arrive.

    python -m benchmarks.settling --seeds 2 --days 60

Each picture is decoded with the 200 before it, as soon as it is there; what counts is the first settled value
of each picture against what the whole series gives in the end. Right means within one unit.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.series import MISREADS, Series, habits_of, household
from tasks.metering.decoding import Decoded, decode
from tasks.metering.habits import Habits
from tasks.metering.register import Register

WINDOW = 200
REGISTER = Register("a/1-0:1.8.0", 7, 1, 24_000)


@dataclass(frozen=True, slots=True)
class Settling:
    """Counts of pictures: settled, changed after it, wrong when settled, wrong in the end."""

    settled: int
    changed: int
    wrong_first: int
    wrong_last: int


def decoded(series: Series, rows: slice, habits: Habits) -> Decoded:
    """Some pictures of the series, decoded by themselves."""
    return decode(
        series.taken_at_s[rows],
        series.read.candidates[rows],
        series.read.probabilities[rows],
        series.register,
        habits=habits,
        hours=series.hours[rows],
    )


def settling(series: Series) -> Settling:
    """What became of the settled readings of a series."""
    habits = habits_of(series)
    final = decoded(series, slice(None), habits).value_units
    count = len(series.truth)
    value, is_settled = np.full(count, -1), np.zeros(count, dtype=np.bool_)
    for newest in range(WINDOW, count):
        rows = slice(newest + 1 - WINDOW, newest + 1)
        now = decoded(series, rows, habits)
        news = np.flatnonzero(now.settled & (now.rank > 0) & ~is_settled[rows])
        value[rows.start + news], is_settled[rows.start + news] = now.value_units[news], True
    at = np.flatnonzero(is_settled)
    off_first, off_last = (np.abs(each[at] - series.truth[at]) > 1 for each in (value, final))
    return Settling(
        at.size,
        int((np.abs(value[at] - final[at]) > 1).sum()),
        int(off_first.sum()),
        int((off_last & (final[at] >= 0)).sum()),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    print("| misreads | settled | changed later % | wrong when settled % | of them wrong in the end % |")
    print("| --- | --: | --: | --: | --: |")
    for name, misreads in MISREADS:
        found = [
            settling(household(REGISTER, 15, options.days, misreads, seed)) for seed in range(options.seeds)
        ]
        settled, changed, first, last = (
            sum(getattr(one, field) for one in found)
            for field in ("settled", "changed", "wrong_first", "wrong_last")
        )
        shares = " | ".join(f"{100 * part / settled:.3f}" for part in (changed, first, last))
        print(f"| {name} | {settled:,} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
