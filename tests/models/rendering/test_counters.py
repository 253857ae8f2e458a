import numpy as np
import pytest

from models.rendering.counters import Drums, mount_counter
from models.rendering.degrade import Floats

MARK = np.array([250, 10, 250], np.float32)


def _mounted(seed: int, decimals: int) -> tuple[Floats, tuple[float, float, float, float]]:
    """Marked drums on a canvas, as a mask, and the box that is said to enclose them."""
    canvas = np.full((200, 400, 3), 120, np.float32)
    cells = [np.tile(MARK, (40, 26, 1)) for _ in range(6)]
    drums = Drums(cells, np.full(3, 30, np.float32), np.full(3, 220, np.float32), decimals, is_display=False)
    box, _ = mount_counter(np.random.default_rng(seed), canvas, drums, (200, 100, 240), None)
    return np.abs(canvas - MARK).max(2) < 1, box


@pytest.mark.parametrize("decimals", [0, 1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_box_encloses_all_drums_closely(seed: int, decimals: int) -> None:
    mask, (x0, y0, x1, y1) = _mounted(seed, decimals)
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    assert (columns[0], columns[-1] + 1) == pytest.approx((x0, x1), abs=2.5)
    assert (rows[0], rows[-1] + 1) == pytest.approx((y0, y1), abs=2.5)


def test_decimals_stand_apart_now_and_then() -> None:
    def widest_gaps(decimals: int) -> list[float]:
        gaps = [np.diff(np.flatnonzero(_mounted(seed, decimals)[0].any(0))) for seed in range(40)]
        return [float(each.max() - np.median(each[each > 1])) if (each > 1).any() else 0.0 for each in gaps]

    assert max(widest_gaps(0)) <= 1
    assert sum(gap > 3 for gap in widest_gaps(2)) in range(2, 25)
