"""Looking at windows: once where that is enough, several times and closer where it is not."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.beam import Beam, search
from models.draft import check_drafts
from models.engines.engine import Engine, Memory
from models.views import INNER, LOWER, UPPER, as_input, narrowed, resized, trimmed

Picture = NDArray[np.uint8]
# With half steps beside their numbers, this many readings hold at least five different numbers as a rule.
# Further looks only have to weigh these.
_BEAMS, _BEAMS_CLOSER, _BEAMS_AT_A_GLANCE = 8, 4, 2
# A draft with less may be less probable than another text.
_MORE_THAN_ALL_OTHERS = 0.5
# On strips not trained on, a third round of looks changes no reading that has this share after two.
_SETTLED = 0.8


@dataclass(frozen=True, slots=True)
class Opinion:
    """One text that a window may show, and the share of the looks' probability that it has.

    Half steps count as the text that they are nearest to; `is_half` says whether most of the share has one.
    """

    text: str
    is_half: bool
    share: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What all looks at one window came to.

    Args:
        opinions: Best first; shares sum to one at most.
        empty: The share of there being nothing to read.
        looks: How many looks were taken.
        rounds: In how many rounds: one, two where the first left a doubt, three where the second did.
        tenths: The probabilities of the tenth at which the last drum stands, `(10,)`, where the model tells.
    """

    opinions: tuple[Opinion, ...]
    empty: float
    looks: int
    rounds: int = 1
    tenths: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class _View:
    beams: list[Beam]
    empty: float
    tenths: NDArray[np.float32] | None


class Look(Protocol):
    """What reads windows, given the number of digits that each reading must have, where that is known."""

    def __call__(
        self,
        windows: Sequence[Picture],
        digits: int | None,
        *,
        recut: Sequence[Picture | None] = (),
        once: bool = False,
    ) -> list[Seen]:
        """See `look`."""


def look(
    engine: Engine,
    sure_above: float,
    windows: Sequence[Picture],
    digits: int | None,
    *,
    recut: Sequence[Picture | None] = (),
    once: bool = False,
) -> list[Seen]:
    """What windows show, each looked at until its best reading has a share of `sure_above`, or all ways.

    Args:
        engine: Computes the small TrOCR.
        sure_above: The share at which one look is enough.
        windows: RGB `(height, width, 3)` each.
        digits: How many digits each reading must have; any number when None.
        recut: Another cut of each window, or None, as nobody knows how wide it should be; empty for none.
        once: Whether one look is enough whatever it shows, and its two best readings of it.
    """
    whole = [resized(window) for window in windows]
    if once:
        return [merged([view]) for view in _views(engine, whole, digits, _BEAMS_AT_A_GLANCE, 0.0)]
    first = _views(engine, whole, digits, _BEAMS, sure_above)
    seen = [merged([view]) for view in first]
    views = [[view] for view in first]
    enough = sure_above
    for rounds in (2, 3):
        doubted = [index for index, each in enumerate(seen) if _certainty(each) < enough]
        shown = {
            index: _further(windows[index], first[index], recut[index] if recut else None, rounds)
            for index in doubted
        }
        closer = [each for shows in shown.values() for each in shows]
        more = iter(_views(engine, closer, digits, _BEAMS_CLOSER, sure_above))
        for index, shows in shown.items():
            views[index] += [next(more) for _ in shows]
            seen[index] = merged(views[index], rounds)
        enough = min(_SETTLED, sure_above)
    return seen


def _certainty(seen: Seen) -> float:
    return max(seen.empty, seen.opinions[0].share if seen.opinions else 0.0)


def _further(window: Picture, first: _View, recut: Picture | None, rounds: int) -> list[Picture]:
    """Closer views for the second or third round: without rims and what lies beside the drums.

    The second round has those that tell most: without both rims, of the window and of its other cut.
    """
    near = narrowed(window, first.beams[0].places) if first.beams else window
    if rounds == 2:  # noqa: PLR2004 the other is the third
        return trimmed(near, [INNER]) + ([] if recut is None else trimmed(recut, [INNER]))
    whole = [each for each in (None if near is window else near, recut) if each is not None]
    return trimmed(near, [LOWER, UPPER]) + [resized(each) for each in whole]


def _views(
    engine: Engine, views: Sequence[Picture], digits: int | None, beams: int, sure_above: float
) -> list[_View]:
    """What each picture shows: its draft where that is surer than `sure_above`, else what a search finds."""
    if not views:
        return []
    memory = engine.encode(as_input(views))
    tenths = memory.tenths if memory.tenths is not None else [None] * len(views)
    found = _drafted(engine, memory, beams, digits, sure_above)
    left = [row for row in range(len(views)) if row not in found]
    if left:
        some = memory if len(left) == len(views) else memory.of(left)
        found |= zip(left, zip(*search(engine, some, len(left), beams, digits), strict=True), strict=True)
    return [_View(*found[row], tenths[row]) for row in range(len(views))]


def _drafted(
    engine: Engine, memory: Memory, beams: int, digits: int | None, sure_above: float
) -> dict[int, tuple[list[Beam], float]]:
    """Readings, and the probability of nothing, of the pictures whose drafts or emptiness are sure."""
    if memory.signs is None:
        return {}
    least = max(sure_above, _MORE_THAN_ALL_OTHERS)
    checked = zip(*check_drafts(engine, memory, memory.signs, beams, digits), strict=True)
    return {
        row: (readings, empty)
        for row, (readings, empty) in enumerate(checked)
        if max(empty, sum(exp(each.log_probability) for each in readings[:2])) > least
    }


def merged(views: Sequence[_View], rounds: int = 1) -> Seen:
    """The mean of several looks at one window."""
    shares: dict[str, float] = defaultdict(float)
    halves: dict[str, float] = defaultdict(float)
    for view in views:
        for beam in view.beams:
            share, text = exp(beam.log_probability) / len(views), beam.text.rstrip("~")
            shares[text] += share
            halves[text] += share if beam.text != text else 0.0
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    opinions = tuple(Opinion(text, halves[text] > share / 2, share) for text, share in ranked)
    told = [view.tenths for view in views if view.tenths is not None]
    tenths = np.mean(told, 0) if told else None
    return Seen(opinions, sum(view.empty for view in views) / len(views), len(views), rounds, tenths)
