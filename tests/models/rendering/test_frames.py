import cv2
import numpy as np
import pytest

from models.finding.geometry import cut, grown, is_convex, overlap, whole
from models.rendering.frames import Frame, random_frame, turned_frame
from models.rendering.glyphs import own_typefaces, segment_typefaces

FACES = (*own_typefaces(), *segment_typefaces())
FRAMES = [random_frame(np.random.default_rng(seed), FACES) for seed in range(12)]
MANY = [random_frame(np.random.default_rng([5, seed]), FACES) for seed in range(60)]


def _out_of_view(frame: Frame) -> float:
    """The share of the drums that lies beyond the picture."""
    assert frame.drums is not None
    height, width = frame.picture.shape[:2]
    shared, _ = cv2.intersectConvexConvex(
        frame.drums.astype(np.float32), whole(width, height).astype(np.float32)
    )
    return 1 - shared / cv2.contourArea(frame.drums.astype(np.float32))


@pytest.mark.parametrize("frame", FRAMES)
def test_the_drums_stand_in_the_picture_and_in_their_band(frame: Frame) -> None:
    assert frame.drums is not None
    assert frame.band is not None
    assert is_convex(frame.drums)
    assert _out_of_view(frame) < 0.6
    assert overlap(frame.drums, frame.band) > 0.15
    assert overlap(grown(frame.band, 0.01, 0.01, 0.01, 0.01), frame.band) > 0.9


def test_a_few_counters_are_cut_off_by_the_edge_of_the_picture() -> None:
    lost = [_out_of_view(frame) for frame in MANY if frame.drums is not None]
    assert 0.03 < np.mean(np.array(lost) > 0.03) < 0.3
    assert max(lost) < 0.62


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_truth_turns_with_the_picture(steps: int, mirrored: bool) -> None:
    frame = FRAMES[0]
    other = turned_frame(frame, steps, mirrored=mirrored)
    assert frame.drums is not None
    assert other.drums is not None
    assert other.picture.shape[:2] == frame.picture.shape[:2][:: 1 if steps % 2 == 0 else -1]
    seen, again = cut(frame.picture, frame.drums, (120, 30)), cut(other.picture, other.drums, (120, 30))
    assert np.abs(seen.astype(int) - again).mean() < 6


def test_the_same_seed_draws_the_same_frame() -> None:
    again = random_frame(np.random.default_rng(3), FACES)
    assert (again.picture == FRAMES[3].picture).all()


def test_some_frames_hold_no_counter_and_say_so() -> None:
    bare = [random_frame(np.random.default_rng([9, seed]), FACES) for seed in range(36)]
    assert 0 < sum(frame.drums is None for frame in bare) < 10
    assert all((frame.drums is None) == (frame.band is None) for frame in bare)


def test_drawn_counters_tell_what_they_show_and_turned_ones_still_do() -> None:
    shown = [frame for frame in MANY if frame.drums is not None]
    assert all(
        frame.text is not None and 3 <= len(frame.text) <= 9 and frame.text.isdigit() for frame in shown
    )
    assert turned_frame(shown[0], 1, mirrored=True).text == shown[0].text
    assert len({frame.text for frame in shown}) > len(shown) / 2
