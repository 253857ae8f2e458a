from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.engines.checkpoints import load_network
from models.recognizer import BUILTIN
from models.rendering.glyphs import own_typefaces
from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.rendering.strips import STRIP_HEIGHT, STRIP_WIDTH, drawn_strip
from models.training.pool import IGNORED
from models.training.shards import Batch, ShardReader, as_pictures, labels_of
from models.training.weigh import doubts_of, weigh_pool, weights_of
from models.window import Window, cut_window

_COUNT = 12


def _shard(pool: Path, name: str, pictures: NDArray[np.uint8], texts: list[str]) -> None:
    np.save(pool / f"{name}.pictures.npy", pictures)
    np.save(pool / f"{name}.tenths.npy", np.full(len(texts), IGNORED))
    np.save(pool / f"{name}.texts.npy", np.array(texts, dtype="<U12"))


@pytest.fixture(scope="module")
def strips() -> tuple[NDArray[np.uint8], list[str]]:
    """Counters that anyone can read."""
    rng = np.random.default_rng(1)
    drawn = [drawn_strip(rng, own_typefaces(), "clean") for _ in range(_COUNT)]
    return np.array([each.picture for each in drawn]), [each.text + "~" * each.half_step for each in drawn]


@pytest.mark.parametrize(
    ("doubt", "weight"),
    [(0.0, 0.15), (0.019, 0.15), (0.021, 1), (0.5, 1), (0.69, 1), (0.71, 0.15), (1.0, 0.15)],
)
def test_strips_told_surely_or_not_at_all_count_little(doubt: float, weight: float) -> None:
    assert weights_of(np.array([doubt], np.float32)) == pytest.approx(weight)


def _doubts(pictures: NDArray[np.uint8], texts: list[str]) -> NDArray[np.float32]:
    labels = torch.from_numpy(labels_of(texts))
    model = load_network(str(BUILTIN)).eval()
    return doubts_of(model, Batch(as_pictures(pictures), labels, torch.zeros(len(texts))))


def test_what_is_hard_to_see_is_in_doubt(strips: tuple[NDArray[np.uint8], list[str]]) -> None:
    pictures, texts = strips
    blurred = np.array([cv2.GaussianBlur(each, (0, 0), 6) for each in pictures])
    assert np.median(_doubts(pictures, texts)) < 0.02
    assert np.median(_doubts(blurred, texts)) > 0.2


def test_whether_a_drum_has_left_its_digit_is_no_doubt() -> None:
    face = MeterFace(digits=7, seed=0)
    window = Window(register_corners(face))
    turning = [
        cut_window(draw_frame(face, 361_097 + share, seed=0), window) for share in (0.15, 0.2, 0.25, 0.3)
    ]
    pictures = np.array([cv2.resize(each, (STRIP_WIDTH, STRIP_HEIGHT)) for each in turning], np.uint8)
    assert (_doubts(pictures, ["0361097"] * 4) < 0.05).all()


def test_drawn_shards_are_weighed_once_and_own_pictures_all_count_alike(
    strips: tuple[NDArray[np.uint8], list[str]], tmp_path: Path
) -> None:
    for name in ("train-0000", "train-own-mine", "val-drawn"):
        _shard(tmp_path, name, *strips)
    weigh_pool(BUILTIN, tmp_path)
    kept = np.arange(_COUNT, dtype=np.float32)
    np.save(tmp_path / "train-0000.weights.npy", kept)
    _shard(tmp_path, "train-0001", *strips)
    weigh_pool(BUILTIN, tmp_path)
    assert {path.name for path in tmp_path.glob("*weights*")} == {
        "train-0000.weights.npy",
        "train-0001.weights.npy",
    }
    assert np.load(tmp_path / "train-0000.weights.npy").tolist() == kept.tolist()
    assert np.load(tmp_path / "train-0001.weights.npy") == pytest.approx(weights_of(_doubts(*strips)))


def test_what_another_reader_doubted_is_weighed_again(
    strips: tuple[NDArray[np.uint8], list[str]], tmp_path: Path
) -> None:
    _shard(tmp_path, "train-0000", *strips)
    np.save(tmp_path / "train-0000.weights.npy", np.arange(_COUNT, dtype=np.float32))
    (tmp_path / "weighed-by.txt").write_text("another", encoding="utf-8")
    weigh_pool(BUILTIN, tmp_path)
    assert np.load(tmp_path / "train-0000.weights.npy") == pytest.approx(weights_of(_doubts(*strips)))


def test_strips_are_drawn_by_their_weights(
    strips: tuple[NDArray[np.uint8], list[str]], tmp_path: Path
) -> None:
    _shard(tmp_path, "train-0000", *strips)
    np.save(tmp_path / "train-0000.weights.npy", np.eye(_COUNT)[3] + np.eye(_COUNT)[5])
    batch = ShardReader(tmp_path, "train-").batch(np.random.default_rng(0), 2)
    assert batch.labels.tolist() == labels_of([strips[1][3], strips[1][5]]).tolist()
