from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.engines.engine import Floats, Integers, Memory, Step
from models.engines.onnx_engine import OnnxEngine
from models.looks import look
from models.recognizer import BUILTIN
from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.window import Window, cut_window

_ALWAYS_SURE, _NEVER_SURE = 0.0, 2.0


class _Watched(OnnxEngine):
    """The engine, which counts a search's steps, and whose columns may be told to show something else."""

    def __init__(self, columns: str | None = None) -> None:
        super().__init__(BUILTIN)
        self.steps = 0
        self._columns = columns

    def encode(self, pictures: Floats) -> Memory:
        """See `Engine`."""
        memory = super().encode(pictures)
        if self._columns is None:
            return memory
        signs = np.zeros((len(pictures), 40), np.int64)
        signs[:, 1 : 2 * len(self._columns) : 2] = [int(digit) + 1 for digit in self._columns]
        return replace(memory, signs=signs)

    def step(self, tokens: Integers, past: Any, parents: Integers, position: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        """See `Engine`."""
        self.steps += 1
        return super().step(tokens, past, parents, position, memory)


@pytest.fixture(scope="module")
def engine() -> OnnxEngine:
    return OnnxEngine(BUILTIN)


def _register(position: float = 361_097.0) -> NDArray[np.uint8]:
    face = MeterFace(digits=7, seed=0)
    return cut_window(draw_frame(face, position, seed=0), Window(register_corners(face)))


def _exposed_thrice() -> NDArray[np.uint8]:
    """Three registers in one, so that nobody can be sure of any."""
    all_three = np.mean([_register(each) for each in (361_097.0, 8_254_610.0, 1_749_382.0)], axis=0)
    return np.asarray(all_three, np.uint8)


@pytest.mark.parametrize(
    ("window", "sure_above", "rounds", "looks"),
    [
        (_register(), _ALWAYS_SURE, 1, 1),
        (_exposed_thrice(), _ALWAYS_SURE, 1, 1),
        (_register(), 0.9, 1, 1),
        (_register(), _NEVER_SURE, 2, 2),
        (_exposed_thrice(), 0.99, 3, 4),
    ],
    ids=["sure of anything", "sure of little", "sure", "settled by the second round", "never settled"],
)
def test_a_window_is_looked_at_as_often_as_it_takes(
    engine: OnnxEngine, window: NDArray[np.uint8], sure_above: float, rounds: int, looks: int
) -> None:
    seen = look(engine, sure_above, [window], None)[0]
    assert seen.rounds == rounds
    assert looks <= seen.looks <= looks + 1
    assert sum(opinion.share for opinion in seen.opinions) + seen.empty <= 1 + 1e-5


def test_room_beside_a_window_shows_the_drum_that_it_cuts(engine: OnnxEngine) -> None:
    whole = _register()
    narrow = whole[:, : int(whole.shape[1] * 0.9)]
    seen = look(engine, _NEVER_SURE, [narrow], None, recut=[whole])[0]
    without = look(engine, _NEVER_SURE, [narrow], None)[0]
    shares = [
        next((opinion.share for opinion in each.opinions if opinion.text == "0361097"), 0.0)
        for each in (seen, without)
    ]
    assert shares[0] > shares[1]


def test_one_round_is_all_that_is_asked_for_once(engine: OnnxEngine) -> None:
    windows = [_register(), _exposed_thrice()]
    assert [each.looks for each in look(engine, _NEVER_SURE, windows, None, once=True)] == [1, 1]
    assert look(engine, _NEVER_SURE, windows[:1], None, once=True)[0].opinions[0].text == "0361097"


@pytest.mark.parametrize(
    ("window", "columns", "digits", "sure_above", "searched"),
    [
        (_register(), None, None, 0.95, False),
        (_register(), None, 7, 0.95, False),
        (_register(361_092.3), None, None, 0.95, False),
        (np.full((40, 200, 3), 128, np.uint8), None, None, 0.95, False),
        (_register(), None, 6, 0.95, True),
        (_register(), "0361098", None, _ALWAYS_SURE, True),
        (_register(), "361097", None, _ALWAYS_SURE, True),
        (_register(), "", None, _ALWAYS_SURE, True),
        (_register(), None, None, _NEVER_SURE, True),
    ],
    ids=["plain", "of seven", "half", "empty", "of six", "misread", "lacking", "unseen", "asked for more"],
)
def test_windows_are_searched_where_their_drafts_do_not_do(
    window: NDArray[np.uint8], columns: str | None, digits: int | None, sure_above: float, searched: bool
) -> None:
    watched, blind = _Watched(columns), _Watched("")
    found, expected = (look(each, sure_above, [window], digits)[0] for each in (watched, blind))
    assert (watched.steps > 0) == searched
    assert found.empty == pytest.approx(expected.empty, abs=1e-3)
    for one, other in zip(found.opinions[:1], expected.opinions[:1], strict=True):
        assert (one.text, one.is_half) == (other.text, other.is_half)
        assert one.share == pytest.approx(other.share, abs=1e-3)
