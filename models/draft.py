"""A look's short way: the encoder's columns draft a number, and the decoder checks all of it at once.

A search asks the decoder for one token after another. The tokens of a draft are known beforehand, so one
step tells the probability of each, given those before it, as a search would (Leviathan et al., 2023). What
has more than half of the probability is the best reading: where a draft has it, no search is needed.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from models.beam import COLUMNS, MOST_DIGITS, Beam
from models.engines.engine import Engine, Floats, Integers, Memory
from models.vocabulary import BOS, EOS, FIRST_DIGIT, HALF_STEP, PAD, character_of


def check_drafts(
    engine: Engine, memory: Memory, signs: Integers, beams: int, digits: int | None
) -> tuple[list[list[Beam]], list[float]]:
    """Readings of each picture around its draft, and the probability that there is nothing to read.

    The first two are the draft without and with a half step, after which the end is taken for certain. The
    others have another digit in one place, and what drums show after it; this is taken to be as probable as
    in the draft. A picture has no readings where its columns show no number of the right length.

    Args:
        engine: Computes the small TrOCR.
        memory: The pictures as the engine saw them.
        signs: What each of their columns shows, as in `Memory`.
        beams: How many readings to give of each picture, two at least.
        digits: How many digits each reading must have; any number when None.
    """
    texts = [_draft(row, digits) for row in signs.tolist()]
    tokens = np.full((len(texts), max(map(len, texts)) + 1), PAD)
    tokens[:, 0] = BOS
    for row, text in zip(tokens, texts, strict=True):
        row[1 : len(text) + 1] = text
    step = engine.check(tokens, memory)
    empty = np.exp(step.likely[:, 0, EOS]).tolist()
    checked = zip(texts, step.likely, step.columns, strict=True)
    return [_around(*each, beams - 2) if each[0] else [] for each in checked], empty


def _draft(signs: Sequence[int], digits: int | None) -> list[int]:
    """The tokens of what columns show, each sign once for as long as it lasts (Graves et al., 2006)."""
    shown = [FIRST_DIGIT + sign - 1 for sign, _ in groupby(signs) if sign]
    fits = 1 <= len(shown) <= MOST_DIGITS and digits in {None, len(shown)}
    return shown if fits else []


def _around(draft: Sequence[int], likely: Floats, columns: Integers, others: int) -> list[Beam]:
    """The draft without and with a half step, and so many that differ from it in a digit."""
    length = len(draft)
    every = np.arange(length), np.array(draft) - FIRST_DIGIT
    by_digit = likely[:length, FIRST_DIGIT:HALF_STEP]
    written = by_digit[every]
    whole, half = (float(written.sum() + likely[length, end]) for end in (EOS, HALF_STEP))
    places = tuple(((columns[:length] + 0.5) / COLUMNS).tolist())
    text = "".join(map(character_of, draft))
    readings = [Beam(text, whole, places), Beam(f"{text}~", half, places)]
    scores = by_digit - written[:, None] + np.logaddexp(whole, half)
    scores[every] = -np.inf
    end = "~" if half > whole else ""
    for index in np.argsort(-scores, None, kind="stable")[:others].tolist():
        place, digit = divmod(index, by_digit.shape[1])
        rest = _carried(text[place + 1 :], (digit - int(text[place])) % 10)
        readings.append(Beam(f"{text[:place]}{digit}{rest}{end}", float(scores[place, digit]), places))
    return readings


def _carried(rest: str, steps: int) -> str:
    """What follows a digit that has turned by so many steps: drums turn together from nines to noughts."""
    before, after = {1: ("9", "0"), 9: ("0", "9")}.get(steps, ("", ""))
    return rest.replace(before, after) if set(rest) == {before} else rest
