from pathlib import Path

import numpy as np
import pytest
import torch

from models.finding.geometry import oriented_box
from models.finding.networks import LookNet, SearchNet
from models.finding.search import Finder, peaks
from models.finding.shapes import CELL
from models.training.finder import fit_finder, load_finder_state
from models.training.finder_batches import FrameShards, look_targets, search_targets
from models.training.finder_export import export_finder, fused
from models.training.finder_pool import FramePool, draw_shard

SQUARE = np.array([(0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)], np.float32)
FLIPPED = {"none": (0, 0), "horizontal": (1, 0), "vertical": (0, 1), "both": (1, 1)}


def test_what_the_search_should_say_is_what_its_peaks_find() -> None:
    corners = np.array([(40, 60), (120, 70), (118, 90), (38, 80)], np.float32)
    core, _, values = search_targets(torch.from_numpy(corners)[None], 36, 48)
    ideal = torch.cat([torch.where(core, 9.0, -9.0)[:, None], values], 1)[0].numpy()
    boxes = peaks(ideal)
    truth = oriented_box(corners.astype(np.float64))
    assert len(boxes) == 1
    assert (boxes[0].x, boxes[0].y) == pytest.approx((truth.x, truth.y), abs=0.1)
    assert (boxes[0].length, boxes[0].height) == pytest.approx((truth.length, truth.height), rel=0.01)
    assert boxes[0].angle == pytest.approx(truth.angle, abs=0.01)


def test_a_frame_without_a_counter_has_nothing_to_find() -> None:
    core, ignored, _ = search_targets(torch.full((1, 4, 2), torch.nan), 36, 48)
    assert not core.any()
    assert not ignored.any()


@pytest.mark.parametrize("kind", FLIPPED)
def test_a_flipped_look_has_the_same_corners_and_margins_as_they_appear(kind: str) -> None:
    band = SQUARE + np.array([(-0.1, -0.2), (0.05, -0.2), (0.05, 0.1), (-0.1, 0.1)], np.float32)
    truth = np.concatenate([SQUARE, band])
    upright = look_targets(torch.from_numpy(truth)[None])
    for axis, flips in enumerate(FLIPPED[kind]):
        if flips:
            truth[:, axis] = 1 - truth[:, axis]
    present, flip, corners, margins = look_targets(torch.from_numpy(truth)[None])
    assert present.item()
    assert flip.item() == list(FLIPPED).index(kind)
    assert corners[0].tolist() == pytest.approx(upright[2][0].tolist(), abs=1e-5)
    left, above, right, below = upright[3][0].tolist()
    across, down = FLIPPED[kind]
    expected = [right if across else left, below if down else above]
    expected += [left if across else right, above if down else below]
    assert margins[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_a_small_run_draws_learns_resumes_and_ships(tmp_path: Path, shared_data: Path) -> None:
    pool = FramePool(tmp_path / "pool", shared_data / "drums.parquet", None, shards=1, shard_size=3)
    draw_shard(pool, "train-0000", 1, held_out=False)
    shards = FrameShards(pool.folder, "train")
    frames, corners = shards.frames(np.random.default_rng(0), 8)
    assert frames.shape[2:] in {(144, 192), (192, 144)}
    inside = corners[~corners.isnan().any(2).any(1)]
    assert (inside > -2).all()
    assert (inside < 194).all()
    state = fit_finder(pool.folder, tmp_path / "finder.pt", steps=1, seed=1)
    assert load_finder_state(tmp_path / "finder.pt", seed=1).step == 1
    state = fit_finder(pool.folder, tmp_path / "finder.pt", steps=2, seed=1)
    assert state.step == 2
    export_finder(state.mean_search, state.mean_look, tmp_path / "weights")
    Finder(tmp_path / "weights").places(np.zeros((100, 130, 3), np.uint8))


@pytest.mark.parametrize(("network", "size"), [(SearchNet(), (96, 140)), (LookNet(), (48, 160))])
def test_what_is_shipped_answers_as_what_was_trained(network: torch.nn.Module, size: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 255
    with torch.no_grad():
        network.train()(pictures)
        trained, shipped = network.eval()(pictures), fused(network)(pictures)
    assert shipped.numpy() == pytest.approx(trained.numpy(), abs=0.05)


def test_the_pool_needs_frames(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pool"):
        FrameShards(tmp_path, "train")


def test_cells_are_where_the_picture_is() -> None:
    with torch.no_grad():
        found = SearchNet().eval()(torch.zeros(1, 3, 100, 132))
    assert found.shape[2:] == (100 // CELL, 132 // CELL)
