import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.finding.geometry import OrientedBox, cut, grown, oriented_box, overlap, placed, whole

boxes = st.builds(
    OrientedBox,
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    length=st.floats(20, 400),
    height=st.floats(5, 100),
    angle=st.floats(-1.5, 1.5),
)


@given(boxes)
def test_a_box_and_its_corners_are_the_same_thing(box: OrientedBox) -> None:
    again = oriented_box(box.corners())
    assert (again.x, again.y) == pytest.approx((box.x, box.y), abs=1e-6)
    assert (again.length, again.height, again.angle) == pytest.approx((box.length, box.height, box.angle))


@given(boxes, st.floats(0, 1), st.floats(0, 1))
def test_growing_a_box_by_its_margins_is_growing_its_sides(box: OrientedBox, side: float, lid: float) -> None:
    larger = grown(box.corners(), side, lid, side, lid)
    assert larger == pytest.approx(box.corners(1 + 2 * side, 1 + 2 * lid), abs=0.05)


@given(boxes, boxes)
def test_points_carried_to_another_place_come_back(source: OrientedBox, target: OrientedBox) -> None:
    points = source.corners(0.5, 0.5)
    there = placed(points, source.corners(), target.corners())
    assert there == pytest.approx(target.corners(0.5, 0.5), abs=0.1)
    assert placed(there, target.corners(), source.corners()) == pytest.approx(points, abs=0.1)


@pytest.mark.parametrize(
    ("shift", "share"), [(0, 1.0), (50, 1 / 3), (100, 0.0), (300, 0.0)], ids=["same", "half", "beside", "far"]
)
def test_overlap_is_intersection_over_union(shift: float, share: float) -> None:
    assert overlap(whole(100, 40), whole(100, 40) + np.array([shift, 0])) == pytest.approx(share, abs=1e-6)


def test_a_cut_shows_what_stands_between_its_corners() -> None:
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[20:40, 10:70] = 200
    picture[20:40, 10:40, 0] = 90
    quad = np.array([(10, 20), (70, 20), (70, 40), (10, 40)], np.float64)
    seen = cut(picture, quad, (30, 10))
    assert seen[:, :13, 0] == pytest.approx(90, abs=2)
    assert seen[:, 17:] == pytest.approx(200, abs=2)
    mirrored = cut(picture, quad[[1, 0, 3, 2]], (30, 10))
    assert np.abs(mirrored.astype(int) - seen[:, ::-1]).max() < 25


@pytest.mark.parametrize("shift", [(5000, 0), (-9000, 50), (0, 1e6)])
def test_what_lies_outside_of_the_picture_is_black(shift: tuple[float, float]) -> None:
    picture = np.full((60, 80, 3), 255, np.uint8)
    assert not cut(picture, whole(2000, 700) + np.array(shift), (30, 10)).any()
