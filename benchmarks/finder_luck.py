"""Two finders on the same labelled whole pictures, each picture seen several times a little otherwise.

    python -m benchmarks.finder_luck NEW OLD FRAMES

NEW and OLD are folders of weights. The built-in reader reads what they find. A label may leave out the last
drums. `wrong` counts numbers that are not the label's: a refused picture is neither right nor wrong. The
standard error is that of the difference between pictures. Milliseconds are processor time of finding and
reading one picture, the median of the pictures' means.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reader_luck import pictures_of, turned_otherwise
from models.evaluation import Reading, best_is_right
from models.finder import find_register, load_finder
from models.finding.search import Finder
from models.recognizer import load_recognizer


def main() -> None:
    """Find, read, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("new", "old", "frames"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--times", type=int, default=8, help="how often each is seen (default %(default)s)")
    options = parser.parse_args()
    finders = load_finder(options.new), load_finder(options.old)
    shares, milliseconds = outcomes(options.frames, finders, options.times)
    print(f"{len(shares)} pictures, each {options.times} times\n")
    print("| | new | old | difference | standard error |\n| --- | --- | --- | --- | --- |")
    for name, part in zip(("right", "wrong"), np.moveaxis(shares, 2, 0), strict=True):
        (new, old), apart = part.mean(0).tolist(), part[:, 0] - part[:, 1]
        error = float(apart.std() / np.sqrt(len(apart)))
        print(f"| {name} | {new:.3f} | {old:.3f} | {new - old:+.3f} | {error:.3f} |")
    new, old = np.median(milliseconds, 0).tolist()
    print(f"\n{new:.0f} ms with the new one, {old:.0f} with the old one: {new / old:.2f} times as long")


def outcomes(
    folder: Path, finders: tuple[Finder, Finder], times: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How often each complete picture is read right and read wrongly with each finder, and in what time.

    Returns:
        The shares `(pictures, 2, 2)`, and the mean milliseconds `(pictures, 2)`.
    """
    rng, reader = np.random.default_rng(0), load_recognizer()
    shares, milliseconds = [], []
    for label, picture in pictures_of(folder):
        seen = [turned_otherwise(picture, rng) for _ in range(times)]
        row, took = [], []
        for finder in finders:
            started = time.process_time()
            found = [find_register(each, reader, finder=finder) for each in seen]
            took.append((time.process_time() - started) * 1000 / times)
            read = [each.recognition for each in found if each is not None and each.recognition.best]
            right = sum(best_is_right(Reading(label, each), prefix=True) for each in read)
            row.append((right / times, (len(read) - right) / times))
        shares.append(row)
        milliseconds.append(took)
    return np.array(shares, np.float64), np.array(milliseconds, np.float64)


if __name__ == "__main__":
    main()
