import numpy as np
import pytest

from tasks.metering.decoding import decode
from tasks.metering.register import Register
from tasks.metering.stretch import Break

HOME = Register("home/1-0:1.8.0", digits=6, decimals=1, max_power_w=24_000)
QUARTER = 900
OLD, NEW = range(361_000, 361_070), range(10, 50)
AT_S = QUARTER * np.arange(len(OLD) + len(NEW)) + np.repeat([0, 120 * 86_400], [len(OLD), len(NEW)])
EXPLAINED = Break(int(AT_S[70]))


@pytest.mark.parametrize(
    ("row", "units", "breaks", "anchor", "expected"),
    [
        pytest.param(70, 10, (), None, (69, 70, 0), id="the new meter's first picture"),
        pytest.param(70, 10, (), (-QUARTER, 361_000), (69, 70, 0), id="from an anchor"),
        pytest.param(90, 30, (), None, (69, 70, 20), id="a later one; the pictures before it tell too"),
        pytest.param(72, 12, (), None, (69, 72, 0), id="a later one; few pictures before it"),
        pytest.param(
            30, 3_610, (EXPLAINED,), None, (30, 31, 39), id="mistyped; the pictures after it tell too"
        ),
        pytest.param(107, 361_100, (), None, (69, 70, 37), id="mistyped; pictures before it tell"),
        pytest.param(70, 10, (EXPLAINED,), None, None, id="explained"),
        pytest.param(30, 361_030, (EXPLAINED,), None, None, id="right"),
    ],
)
def test_a_persons_reading_that_cannot_follow_is_asked_about(
    row: int, units: int, breaks: tuple[Break, ...], anchor: tuple[int, int] | None, expected: object
) -> None:
    candidates = np.array([*OLD, *NEW], dtype=np.int64)[:, None]
    pins = np.where(np.arange(AT_S.size) == row, units, -1)
    likely = np.full(candidates.shape, 0.95)
    found = decode(AT_S, candidates, likely, HOME, pins=pins, breaks=breaks, anchor=anchor).exchange
    rows = AT_S.tolist()
    assert expected == (found and (rows.index(found.last_at_s), rows.index(found.taken_at_s), found.readings))
