from collections.abc import Callable

import numpy as np
import pytest

from models.rendering.degrade import Floats
from models.rendering.fittings import Box
from models.rendering.inscriptions import Font, handwriting, inscribe, lines, table, words

AREA = (20.0, 15.0, 220.0, 95.0)
INK = np.full(3, 10, np.float32)


def _paper() -> Floats:
    return np.full((120, 260, 3), 230, np.float32)


def test_what_a_plate_says_is_never_blank_and_rarely_the_same() -> None:
    rng = np.random.default_rng(0)
    said = [words(rng) for _ in range(200)]
    assert all(each.strip() for each in said)
    assert len(set(said)) > 80


@pytest.mark.parametrize("serial", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_box_of_an_inscription_holds_its_ink(seed: int, serial: bool) -> None:
    paper = _paper()
    x0, y0, x1, y1 = map(round, inscribe(np.random.default_rng(seed), paper, AREA, INK, None, serial=serial))
    written = paper.min(2) < 200
    assert written[y0:y1, x0:x1].sum() == written.sum() > 0
    assert (x0, y0) >= (20, 15)
    assert x1 <= 222


@pytest.mark.parametrize("printed", [lines, table])
@pytest.mark.parametrize("seed", range(6))
def test_rows_of_print_lie_one_under_the_other(
    printed: Callable[[np.random.Generator, Floats, Box, Floats, Font], list[Box]], seed: int
) -> None:
    paper = _paper()
    rows = printed(np.random.default_rng(seed), paper, AREA, INK, None)
    assert (paper < 200).any()
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert all(row[0] == AREA[0] and AREA[1] <= row[1] < row[3] <= AREA[3] + 1 for row in rows)


def test_chalk_lies_on_or_near_the_counter() -> None:
    for seed in range(10):
        glass = np.full((400, 600, 3), 128, np.float32)
        handwriting(np.random.default_rng(seed), glass, (200, 180, 400, 220), None)
        rows, columns = np.nonzero((np.abs(glass - 128) > 20).any(2))
        assert rows.min() < 225
        assert rows.max() > 100
        assert columns.min() < 405
        assert columns.max() > 155
