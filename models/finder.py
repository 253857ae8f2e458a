"""The register window found in a whole picture: where it is, how it is turned, and what stands in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.finding.geometry import Quad, grown, is_convex, overlap
from models.finding.search import Finder, Place
from models.finding.shapes import SEARCH_LONG
from models.recognizer import Recognition, Recognizer
from models.views import is_dark
from models.window import Window, cut_window

BUILTIN = Path(__file__).parent / "weights" / "finder"
SHORTEST_SIDE = 24
_CLOSER_SEARCH = round(1.6 * SEARCH_LONG)
_SURE, _PRESENT = 0.9, 0.3
# How usual cameras are that see a counter upright, mirrored left for right, top for bottom, or turned; how
# far the finder's own opinion counts: the reader tells better; and what a reading that is not upright counts
# beside an upright one of the same picture: a display's 2 is its 5 in a mirror, so both may make sense.
_USUAL, _TRUST_IN_FLIPS, _NOT_UPRIGHT = (1.0, 0.8, 0.8, 0.8), 0.2, 0.75
_MOST_PLACES, _MOST_WINDOWS, _LEAST_SIDE = 5, 12, 4
# Corners are a tenth of the width off now and then, which would cost the first or the last drum: every window
# gets a little room beside it, and those that are read more, by shares of their width. So many are read.
_ROOM_KEPT, _ROOM_BESIDE, _READ_WITH_CARE = 0.04, 0.08, 2
_SAME_WINDOW = 0.6
# Below this, what is read is more often wrong than right.
_LEAST_CONFIDENCE = 0.2
# A row of drums that goes on to within this share of its length of the picture's edge may go on beyond it.
# What is longer than any camera's picture, somebody has cut out around the counter.
_ROOM_AT_THE_EDGE, _LONGEST_PICTURE = 0.02, 2.5
# Below this, a second, closer search may find the counter where the first took some lettering for one; what
# it finds then is more often something else than what is found at once.
_CONVINCING, _LEAST_AGAIN = 0.4, 0.25


@dataclass(frozen=True, slots=True)
class Found:
    """A register window found in a picture; its orientation is in the window.

    `confidence`, from 0 to 1, is that of window and reading together; `reason` says why nothing was read.
    `at_edge` says that the row of drums runs up to the picture's edge, and perhaps beyond.
    """

    window: Window
    confidence: float
    recognition: Recognition
    reason: str | None
    at_edge: bool = False


@dataclass(frozen=True, slots=True)
class _Guess:
    """A window worth reading, what speaks for it beforehand, and whether it runs up to the edge.

    `preference` is what it counts beside other windows of the picture.
    """

    window: Window
    share: float
    at_edge: bool
    preference: float = 1.0

    @property
    def most(self) -> float:
        """What it could count if it were read with certainty."""
        return self.share * self.preference


@lru_cache(maxsize=2)
def load_finder(folder: Path = BUILTIN) -> Finder:
    """The finder; its weights are opened once.

    Raises:
        FileNotFoundError: When there are no such weights.
    """
    return Finder(folder)


def find_register(
    picture: NDArray[np.uint8],
    recognizer: Recognizer,
    *,
    digits: int | None = None,
    orientation: str | None = None,
    finder: Finder | None = None,
) -> Found | None:
    """The register window that a picture most likely shows, and what it says.

    The likeliest of several places and orientations is read, and others where they could be surer; the one
    wins that finder and reader together are surest of.

    Args:
        picture: RGB `(height, width, 3)`, of any size.
        recognizer: Reads the windows.
        digits: How many drums the register has, where that is known.
        orientation: How the window is turned, as its `orientation` says, where that is known.
        finder: Finds the places; the built-in one unless given.

    Returns:
        The window, also where it cannot be read (with a reason); None where the picture shows no counter.
    """
    if min(picture.shape[:2]) < SHORTEST_SIDE or is_dark(picture):
        return None
    best = _searched(
        picture,
        finder or load_finder(),
        partial(_likeliest, picture, recognizer=recognizer, digits=digits, orientation=orientation),
    )
    if best is None or best.reason is not None:
        return best
    if best.confidence < _LEAST_CONFIDENCE:
        return _refused(best, "no_counter")
    return _refused(best, "cut_off") if best.at_edge else best


def _refused(found: Found, reason: str) -> Found:
    recognition = replace(found.recognition, candidates=(), reason=reason)
    return replace(found, confidence=0.0, recognition=recognition, reason=reason)


def _searched(
    picture: NDArray[np.uint8], finder: Finder, likeliest: Callable[[Sequence[Place]], Found | None]
) -> Found | None:
    """The likeliest of the places found, searched closer where none is sure or none convinces."""
    places = finder.places(picture)
    is_sure = bool(places) and places[0].presence >= _SURE
    first = likeliest(places) if is_sure else None
    if first is not None and first.confidence >= _CONVINCING:
        return first
    closer = finder.places(picture, long_side=_CLOSER_SEARCH)
    again = likeliest(sorted([*places, *closer], key=lambda place: -place.presence))
    least = _LEAST_AGAIN if first is None else max(_LEAST_AGAIN, first.confidence)
    is_better = again is not None and again.confidence >= least
    return again if is_better or not is_sure else first


def _likeliest(
    picture: NDArray[np.uint8],
    places: Sequence[Place],
    *,
    recognizer: Recognizer,
    digits: int | None,
    orientation: str | None,
) -> Found | None:
    """The place and orientation that finder and reader together are surest of."""
    guesses = _guesses(places, (picture.shape[1], picture.shape[0]), orientation)
    if not guesses:
        return None
    likeliest = max(guesses, key=lambda guess: guess.most)
    read = _read_with_care(picture, [likeliest], recognizer, digits)
    # Most often no other could be surer, however well it were read.
    if any(guess.most > read[0][0] for guess in guesses if guess is not likeliest):
        promising = _promising(picture, guesses, recognizer, digits)
        others = [guess for guess in promising if guess is not likeliest]
        first = read if likeliest in promising else []
        read = first + _read_with_care(picture, others, recognizer, digits)
    return max(read, key=lambda each: each[0])[1]


def _read_with_care(
    picture: NDArray[np.uint8], guesses: Sequence[_Guess], recognizer: Recognizer, digits: int | None
) -> list[tuple[float, Found]]:
    """What each guess shows, and what that counts beside other windows of the picture."""
    recognitions = recognizer.read(
        [wider_cut(picture, guess.window) for guess in guesses],
        digits=digits,
        recut=[cut_window(picture, guess.window) for guess in guesses],
    )
    found = []
    for guess, recognition in zip(guesses, recognitions, strict=True):
        probability = recognition.best.probability if recognition.best else 0.0
        confidence = guess.share * probability
        window = Found(guess.window, confidence, recognition, recognition.reason, guess.at_edge)
        found.append((guess.most * probability, window))
    return found


def _promising(
    picture: NDArray[np.uint8],
    guesses: Sequence[_Guess],
    recognizer: Recognizer,
    digits: int | None,
) -> list[_Guess]:
    """The guesses that look best after one glance at each."""
    cuts = [cut_window(picture, guess.window) for guess in guesses]
    glances = recognizer.glance(cuts, digits=digits)
    scores = [guess.most * glance for guess, glance in zip(guesses, glances, strict=True)]
    # Where nothing is read, what the finder thinks decides.
    ranked = sorted(zip(scores, guesses, strict=True), key=lambda each: (-each[0], -each[1].share))
    return [guess for _, guess in ranked[:_READ_WITH_CARE]]


def wider_cut(picture: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """The window cut out with room beside its drums, as far as the picture has it; see `cut_window`."""
    quad = grown(np.array(window.corners), _ROOM_BESIDE, 0.0, _ROOM_BESIDE, 0.0)
    larger = np.clip(quad, 0, (picture.shape[1], picture.shape[0]))
    return cut_window(picture, window_of_quad(larger) if is_convex(larger) else window)


def read_window(
    picture: NDArray[np.uint8], window: Window | None, recognizer: Recognizer, *, digits: int | None = None
) -> Recognition:
    """What stands in a picture's window; where that leaves a doubt, also with room beside it.

    Args:
        picture: RGB `(height, width, 3)`.
        window: The counter's corners; none when the picture already is the counter.
        recognizer: Reads it.
        digits: How many drums the register has, where that is known.

    Raises:
        ValueError: When the window does not lie in the picture.
    """
    cut = cut_window(picture, window)
    wider = None if window is None else wider_cut(picture, window)
    return recognizer.read([cut], digits=digits, recut=[wider])[0]


def _guesses(places: Sequence[Place], size: tuple[int, int], orientation: str | None) -> list[_Guess]:
    """The windows worth reading, each with what speaks for it before it is read, the likeliest first."""
    guesses: list[_Guess] = []
    for place in places[:_MOST_PLACES]:
        if place.presence < _PRESENT:
            continue
        at_edge = _runs_to_edge(place.drums, size)
        for flip, share in enumerate(place.flips):
            window = _window_of(place.as_read(flip), *size)
            if window is None:
                continue
            if orientation is None:
                likely = place.presence * _USUAL[flip] * share**_TRUST_IN_FLIPS
                preference = _NOT_UPRIGHT if flip else 1.0
                guesses.append(_Guess(window, likely, at_edge, preference))
            elif window.orientation == orientation:
                guesses.append(_Guess(window, place.presence, at_edge))
    guesses.sort(key=lambda guess: -guess.share)
    return guesses[:_MOST_WINDOWS]


def _runs_to_edge(drums: Quad, size: tuple[int, int]) -> bool:
    """Whether a row of drums, prolonged a little at both ends, leaves a camera's picture of `size`."""
    if max(size) > _LONGEST_PICTURE * min(size):
        return False
    longer = grown(drums, _ROOM_AT_THE_EDGE, 0.0, _ROOM_AT_THE_EDGE, 0.0)
    ends = (longer + longer[[3, 2, 1, 0]])[:2] / 2
    return bool(((ends < 0) | (ends > size)).any())


def _window_of(place: Place, width: int, height: int) -> Window | None:
    """The window to cut, within the picture; None where too little of it is within."""
    quad = np.clip(grown(place.window(), _ROOM_KEPT, 0.0, _ROOM_KEPT, 0.0), 0, (width, height))
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    if sides.min() < _LEAST_SIDE or not is_convex(quad):
        return None
    return window_of_quad(quad)


def window_of_quad(quad: Quad) -> Window:
    """Four corners `(4, 2)` as a window."""
    (a, b, c, d) = ((float(x), float(y)) for x, y in quad.tolist())
    return Window((a, b, c, d))


def consensus(found: Sequence[Found]) -> Found | None:
    """The window that pictures of one camera agree on: the surest of the largest group that overlaps.

    Those of one group are turned alike; those that run up to the picture's edge do not count. None where
    there is nothing to choose from.
    """
    whole = [each for each in found if not each.at_edge]
    if not whole:
        return None
    groups = [[other for other in whole if _is_same(each, other)] for each in whole]
    largest = max(groups, key=lambda group: sum(each.confidence for each in group))
    return max(largest, key=lambda each: each.confidence)


def _is_same(one: Found, other: Found) -> bool:
    if one.window.orientation != other.window.orientation:
        return False
    return overlap(np.array(one.window.corners), np.array(other.window.corners)) >= _SAME_WINDOW
