import numpy as np
import pytest

from tasks.metering.evidence import IMPOSSIBLE, weigh
from tasks.metering.register import Register
from tasks.metering.runs import log_odds_of_shifts

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
FINE = Register("home/1-0:1.8.0", digits=9, decimals=3, max_power_w=24_000)
QUARTER = 900
RUN = slice(3, 6)


def against(values: list[int], probability: float, register: Register = HOME) -> list[float]:
    """What speaks against each reading when those of RUN have this probability, the others a high one."""
    probabilities = np.full((len(values), 1), 0.97)
    probabilities[RUN] = probability
    at_s = np.arange(len(values)) * QUARTER
    evidence = weigh(at_s, np.array(values)[:, None], probabilities, trust=1.0, floor=0.01)
    rows, column = np.arange(len(values)), np.zeros(len(values), np.int64)
    return [float(odds) for odds in log_odds_of_shifts(evidence, rows, column, register)]


@pytest.mark.parametrize(
    ("values", "probability", "speaks"),
    [
        pytest.param(
            [100, 101, 104, 142, 143, 145, 165, 167], 0.15, True, id="a drum two digits off, perhaps"
        ),
        pytest.param([100, 101, 104, 142, 143, 145, 165, 167], 0.9, False, id="read well"),
        pytest.param([100, 101, 102, 102, 102, 103, 103, 104], 0.15, False, id="no room for another digit"),
    ],
)
def test_a_doubtful_run_is_weighed_against_its_shifts(
    values: list[int], probability: float, speaks: bool
) -> None:
    found = against(values, probability)
    assert all((odds > -2.0) == speaks for odds in found[RUN])
    assert all(odds < -2.0 for odds in [*found[:2], *found[7:]])


def test_what_nobody_sees_apart_is_not_asked_about() -> None:
    assert max(against([1000, 1003, 1006, 1011, 1014, 1017, 1020, 1023], 0.15, FINE)) == IMPOSSIBLE


@pytest.mark.parametrize("count", [0, 1, 3])
def test_nothing_speaks_against_readings_at_the_ends(count: int) -> None:
    assert against(list(range(100, 100 + count)), 0.15) == [IMPOSSIBLE] * count
