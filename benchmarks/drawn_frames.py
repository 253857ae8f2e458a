"""Two readers on whole pictures drawn with fonts that no training sees: finding and reading, without a hint.

    python -m benchmarks.drawn_frames NEW OLD FONTS

NEW and OLD are `builtin` or folders of weights, FONTS a folder of font files, of which only the families kept
out are drawn with. The built-in finder finds for both; what they read where the counter's corners are given
tells the finder's share in what goes wrong. A number is right where it is the one drawn, or the one on the
other side of a half step; surely wrong is one said with more than 0.9; refused pictures are neither right nor
wrong. What counts is how many pictures only one of the two reads right.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.evaluation import are_neighbours
from models.finder import find_register, read_window, window_of_quad
from models.recognizer import Recognizer, load_recognizer
from models.rendering.frames import random_frame
from models.training.finder_pool import legibly
from models.training.pool import typefaces
from models.window import Window

Outcome = Literal["right", "wrong", "surely wrong", "refused"]
_WORST_BLUR, _SURE = 1.1, 0.9


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, what its counter shows, where it is in view, and whether that is all of it."""

    picture: NDArray[np.uint8]
    text: str
    window: Window
    is_whole: bool


def main() -> None:
    """Draw, find, read, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("new")
    parser.add_argument("old")
    parser.add_argument("fonts", type=Path)
    parser.add_argument("--count", type=int, default=700, help="how many pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=777, help="of the pictures (default %(default)s)")
    options = parser.parse_args()
    readers = load_recognizer(options.new), load_recognizer(options.old)
    whole, given, cut = "wholly in view", "the same, corners given", "cut by the edge"
    outcomes: dict[str, list[list[Outcome]]] = {whole: [], given: [], cut: []}
    for drawn in pictures(options.fonts, options.count, options.seed):
        outcomes[whole if drawn.is_whole else cut].append([outcome(drawn, reader) for reader in readers])
        if drawn.is_whole:
            outcomes[given].append([outcome(drawn, reader, is_given=True) for reader in readers])
    print("| counters | reader | right | wrong | of these surely | refused | right where the other is not |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, of_each in outcomes.items():
        rows = np.array(of_each).reshape(-1, len(readers))
        for index, reader in enumerate(("new", "old")):
            counts = Counter(rows[:, index].tolist())
            alone = int(((rows == "right").sum(1) == 1)[rows[:, index] == "right"].sum())
            surely = counts["surely wrong"]
            cells = (counts["right"], counts["wrong"] + surely, surely, counts["refused"], alone)
            print(f"| {name}, {len(rows)} | {reader} | {' | '.join(map(str, cells))} |")


def pictures(fonts: Path, count: int, seed: int) -> Iterator[Drawn]:
    """Photographs of drawn meters, each with a counter."""
    rng = np.random.default_rng(seed)
    faces = typefaces(fonts, held_out=True)
    while count:
        frame = random_frame(rng, faces)
        if frame.drums is None or frame.text is None:
            continue
        height, width = frame.picture.shape[:2]
        low, high = frame.drums.min(0), frame.drums.max(0)
        columns, rows = (slice(max(0, int(a)), int(np.ceil(b))) for a, b in zip(low, high, strict=True))
        seen = legibly(frame.picture, (rows, columns), rng, worst_blur=_WORST_BLUR)
        is_whole = bool((low >= -1).all() and (high <= (width + 1, height + 1)).all())
        window = window_of_quad(np.clip(frame.drums, 0, (width, height)))
        yield Drawn(seen, frame.text, window, is_whole)
        count -= 1


def outcome(drawn: Drawn, reader: Recognizer, *, is_given: bool = False) -> Outcome:
    """What becomes of one picture, its counter found or its corners given."""
    if is_given:
        best = read_window(drawn.picture, drawn.window, reader).best
    else:
        found = find_register(drawn.picture, reader)
        best = None if found is None else found.recognition.best
    if best is None:
        return "refused"
    is_right = best.text == drawn.text or (best.half_step and are_neighbours(best.text, drawn.text))
    if is_right:
        return "right"
    return "surely wrong" if best.probability > _SURE else "wrong"


if __name__ == "__main__":
    main()
