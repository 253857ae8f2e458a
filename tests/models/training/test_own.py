from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from transformers import VisionEncoderDecoderModel

from models.architecture import Network, new_model
from models.engines.checkpoints import load_network
from models.evaluation import read_labels
from models.recognizer import BUILTIN, load_recognizer
from models.rendering.glyphs import own_typefaces
from models.rendering.strips import drawn_strip
from models.training.fit import FitPlan, load_state
from models.training.own import (
    Comparison,
    compare,
    draw_own_shard,
    is_for_testing,
    keep_some,
    start_from,
)
from models.training.shards import ShardReader
from models.vocabulary import TENTHS


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as an owner has it: windows, one label that is not complete, one picture missing."""
    folder = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(0)
    rows = ["file,reading,state"]
    for index in range(12):
        strip = drawn_strip(rng, own_typefaces(), "clean")
        cv2.imwrite(str(folder / f"{index}.png"), cv2.cvtColor(strip.picture, cv2.COLOR_RGB2BGR))
        rows.append(f"{index}.png,{strip.text},ok")
    rows += ["12.png,123?5,ok", "missing.png,12345,ok"]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_own_pictures_become_strips_to_train_on_but_for_those_kept_to_test(own: Path, tmp_path: Path) -> None:
    kept = [label for label in read_labels(own) if is_for_testing(label) and label.is_complete]
    count = draw_own_shard(own, tmp_path)
    assert kept
    assert count == 12 - len([label for label in kept if label.file != "missing.png"])
    texts = np.load(next(tmp_path.glob("train-own-*.texts.npy"))).tolist()
    assert set(texts) == {
        label.reading
        for label in read_labels(own)
        if label.is_complete and label.file != "missing.png" and not is_for_testing(label)
    }
    batch = ShardReader(tmp_path, "train-").batch(np.random.default_rng(0), 256)
    assert batch.pictures.shape == (256, 3, 40, 192)


def test_a_run_may_start_from_the_built_in_reader(tmp_path: Path) -> None:
    plan = FitPlan(tmp_path, tmp_path / "no.pt", tmp_path / "checkpoint.pt", 64, 32, 1e-3, seed=0)
    fresh = load_state(plan).model.state_dict()
    start_from(plan, BUILTIN)
    state = load_state(plan)
    name = "decoder.model.decoder.layers.0.fc1.weight"
    assert (state.step, state.seen) == (0, 0)
    assert not fresh[name].equal(state.model.state_dict()[name])
    assert state.average.state_dict()[name].equal(state.model.state_dict()[name])
    plan.checkpoint.write_bytes(before := plan.checkpoint.read_bytes())
    start_from(plan, tmp_path / "nowhere")
    assert plan.checkpoint.read_bytes() == before


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A reader of an earlier version, which has no head for columns."""
    config = new_model().config
    config.encoder.pooler_output_size = TENTHS
    torch.manual_seed(0)
    VisionEncoderDecoderModel(config=config).save_pretrained(tmp_path / "earlier")
    return tmp_path / "earlier"


def test_heads_that_the_weights_have_are_begun_with(tmp_path: Path, earlier: Path) -> None:
    plan = FitPlan(tmp_path, tmp_path / "no.pt", tmp_path / "checkpoint.pt", 64, 32, 1e-3, seed=0)
    start_from(plan, earlier)
    head, before = (
        each.encoder.pooler.dense for each in (load_state(plan).model, load_network(str(earlier)))
    )
    assert head.weight[:TENTHS].equal(before.weight)
    assert head.bias[:TENTHS].equal(before.bias)
    assert len(head.weight) > TENTHS


def test_layers_that_the_weights_lack_pass_on_what_they_see(tmp_path: Path) -> None:
    config = new_model().config
    config.encoder.num_hidden_layers, config.encoder.refined_blocks = 2, 0
    torch.manual_seed(0)
    known: Network = VisionEncoderDecoderModel(config=config).eval()
    known.save_pretrained(tmp_path / "known")
    plan = FitPlan(tmp_path, tmp_path / "no.pt", tmp_path / "checkpoint.pt", 64, 32, 1e-3, seed=0)
    start_from(plan, tmp_path / "known")
    deeper = load_state(plan).average
    assert len(deeper.encoder.layers) > len(known.encoder.layers)
    picture = torch.rand(1, 3, 32, 160)
    with torch.no_grad():
        expected, seen = (each.encoder(picture).last_hidden_state for each in (known, deeper))
    assert torch.allclose(seen, expected, atol=1e-4)


@pytest.mark.parametrize(("share", "kept"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_a_share_of_what_was_known_stays(tmp_path: Path, share: float, kept: float) -> None:
    model = load_state(FitPlan(tmp_path, tmp_path / "no.pt", tmp_path / "no.pt", 64, 32, 1e-3, seed=0)).model
    name = "decoder.model.decoder.layers.0.fc1.weight"
    learned, known = model.state_dict()[name].clone(), load_network(str(BUILTIN)).state_dict()[name]
    keep_some(model, BUILTIN, share)
    assert torch.allclose(model.state_dict()[name], learned + kept * (known - learned), atol=1e-6)


def test_of_heads_that_were_known_a_share_stays(tmp_path: Path, earlier: Path) -> None:
    model = load_state(FitPlan(tmp_path, tmp_path / "no.pt", tmp_path / "no.pt", 64, 32, 1e-3, seed=1)).model
    name = "encoder.pooler.dense.weight"
    learned, known = model.state_dict()[name].clone(), load_network(str(earlier)).state_dict()[name]
    keep_some(model, earlier, 0.25)
    expected = torch.cat([torch.lerp(learned[:TENTHS], known, 0.25), learned[TENTHS:]])
    assert torch.allclose(model.state_dict()[name], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("only_new", "only_old", "better"),
    [(0, 0, False), (4, 0, False), (5, 0, True), (5, 1, False), (7, 1, True), (3, 9, False), (60, 40, True)],
)
def test_better_is_more_than_luck(only_new: int, only_old: int, better: bool) -> None:
    comparison = Comparison(only_new, only_old, both=20, neither=1)
    assert comparison.is_better == better
    assert str(comparison).endswith(": better." if better else ": not better beyond luck.")


def test_a_reader_is_not_better_than_itself(own: Path) -> None:
    reader = load_recognizer()
    found = compare(reader, reader, [own])
    assert (found.only_new, found.only_old) == (0, 0)
    assert 0 < found.both + found.neither < len(read_labels(own)) / 2
    everything = compare(reader, reader, [], [own])
    assert everything.both + everything.neither == 13
