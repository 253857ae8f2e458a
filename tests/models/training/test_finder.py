from pathlib import Path

import numpy as np
import pytest
import torch

from models.finder import BUILTIN
from models.finding.geometry import cut, grown, oriented_box, overlap, whole
from models.finding.networks import LookNet, SearchNet
from models.finding.search import Finder, answers, open_graph, peaks
from models.finding.shapes import CELL
from models.rendering.frames import random_frame
from models.rendering.glyphs import own_typefaces, segment_typefaces
from models.training.finder_batches import FrameShards, look_targets, nudged, search_targets
from models.training.finder_export import export_finder, fused
from models.training.finder_fit import LESSONS, NetworkName, Schedule, fit_network, load_network_state
from models.training.finder_marks import finder_marks
from models.training.finder_pool import LOOKS, FramePool, draw_shard, looks_of
from models.training.finder_start import start_from

FACES = (*own_typefaces(), *segment_typefaces())
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


def test_a_small_run_draws_learns_resumes_ships_and_is_marked(tmp_path: Path, shared_data: Path) -> None:
    pool = FramePool(tmp_path / "pool", shared_data / "drums.parquet", None, shards=1, shard_size=3)
    draw_shard(pool, "train-0000", 1, held_out=False)
    draw_shard(pool, "val", 2, held_out=True)
    for name in LESSONS:
        checkpoint = tmp_path / f"{name}.pt"
        fit_network(name, pool.folder, checkpoint, Schedule(1, 1))
        assert load_network_state(checkpoint, name, seed=1).step == 1
        state = fit_network(name, pool.folder, checkpoint, Schedule(2, 1))
        assert state.step == 2
    search, look = (load_network_state(tmp_path / f"{name}.pt", name, seed=1).mean for name in LESSONS)
    export_finder(search, look, tmp_path / "weights")
    Finder(tmp_path / "weights").places(np.zeros((100, 130, 3), np.uint8))
    marks = finder_marks(tmp_path / "weights", pool.folder)
    assert marks.looks == 3 * LOOKS
    assert 0 <= marks.on_drums <= marks.counters <= 3


def test_the_finder_that_ships_finds_most_drawn_counters(tmp_path: Path, shared_data: Path) -> None:
    pool = FramePool(tmp_path / "pool", shared_data / "drums.parquet", None, shards=1, shard_size=12)
    draw_shard(pool, "val", 3, held_out=True)
    marks = finder_marks(BUILTIN, pool.folder)
    assert marks.on_drums >= 0.5 * marks.counters
    assert marks.presence_right > 0.7
    assert marks.across_px < 10


def test_batches_are_as_the_networks_take_them(tmp_path: Path, shared_data: Path) -> None:
    pool = FramePool(tmp_path / "pool", shared_data / "drums.parquet", None, shards=1, shard_size=4)
    draw_shard(pool, "train-0000", 1, held_out=False)
    shards, rng = FrameShards(pool.folder, "train"), np.random.default_rng(0)
    frames, corners = shards.frames(rng, 8)
    assert frames.shape[2:] in {(144, 192), (192, 144)}
    assert corners.shape == (4, 4, 2)
    looks, truths = shards.looks(rng, 12)
    assert looks.shape == (12, 3, 48, 160)
    assert truths.shape == (12, 8, 2)


def test_a_nudged_look_shows_its_drums_where_the_truth_says() -> None:
    look = np.zeros((48, 160, 3), np.uint8)
    look[12:36, 40:120] = 255
    truth = np.array([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)] * 2, np.float32)
    for seed in range(20):
        seen, where = nudged(np.random.default_rng(seed), look, truth)
        there = where[:4].astype(np.float64) * (160, 48)
        assert cut(seen, grown(there, -0.05, -0.05, -0.05, -0.05), (60, 20)).min() > 200
        assert (seen > 127).mean() == pytest.approx(np.prod(where[2] - where[0]), abs=0.03)


@pytest.mark.parametrize("name", LESSONS)
def test_training_goes_on_from_weights_that_ship(name: NetworkName) -> None:
    size = (96, 140) if name == "search" else (48, 160)
    pictures = torch.rand(4, 3, *size, generator=torch.Generator().manual_seed(1)) * 255
    network = LESSONS[name].build().eval()
    start_from(BUILTIN / f"{name}.onnx", network, pictures)
    graph = open_graph(BUILTIN / f"{name}.onnx")
    shipped = answers(graph, pictures.byte().permute(0, 2, 3, 1).numpy())
    with torch.no_grad():
        again = network(pictures.byte().float()).numpy()
    assert again == pytest.approx(shipped, abs=0.01)


@pytest.mark.parametrize(("network", "size"), [(SearchNet(), (96, 140)), (LookNet(), (48, 160))])
def test_what_is_shipped_answers_as_what_was_trained(network: torch.nn.Module, size: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 255
    with torch.no_grad():
        network.train()(pictures)
        trained, shipped = network.eval()(pictures), fused(network)(pictures)
    assert shipped.numpy() == pytest.approx(trained.numpy(), abs=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_looks_show_the_counter_or_something_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = random_frame(rng, FACES)
    looks = looks_of(frame, rng)
    shown = [each for each in looks if each.drums is not None]
    assert len(looks) == LOOKS
    assert len(shown) == (0 if frame.drums is None else 3)
    assert all(overlap(each.drums, whole(1, 1)) > 0.02 for each in shown if each.drums is not None)


def test_the_pool_needs_frames(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pool"):
        FrameShards(tmp_path, "train")


def test_cells_are_where_the_picture_is() -> None:
    with torch.no_grad():
        found = SearchNet().eval()(torch.zeros(1, 3, 100, 132))
    assert found.shape[2:] == (100 // CELL, 132 // CELL)
