import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import (
    DeiTConfig,
    PreTrainedTokenizerFast,
    TrOCRConfig,
    TrOCRProcessor,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessorPil,
)

from models.architecture import Network
from models.errors import ModelNotFound
from models.recognizer import Candidate, Recognition, Recognizer, load_recognizer
from models.rendering.meter import MeterFace, draw_frame, register_corners
from models.window import Window, cut_window


def _register(position: float, seed: int = 0, digits: int = 7) -> NDArray[np.uint8]:
    face = MeterFace(digits=digits, seed=seed)
    return cut_window(draw_frame(face, position, seed=seed), Window(register_corners(face)))


@pytest.fixture(scope="module")
def builtin() -> Recognizer:
    return load_recognizer()


@pytest.mark.parametrize(
    ("position", "text", "half_step"),
    [(361_097.0, "0361097", False), (1_204_586.0, "1204586", False), (54_321.35, "0054321", True)],
)
def test_the_demo_meter_is_read(builtin: Recognizer, position: float, text: str, half_step: bool) -> None:
    recognition = builtin.read([_register(position)], digits=7)[0]
    assert recognition.reason is None
    assert recognition.best is not None
    assert (recognition.best.text, recognition.best.half_step) == (text, half_step)


def test_the_demo_meters_are_read_almost_always(builtin: Recognizer) -> None:
    positions = np.random.default_rng(0).integers(0, 10**7, 24).tolist()
    found = builtin.read([_register(position, seed % 3) for seed, position in enumerate(positions)], digits=7)
    right = [
        f.best and f.best.text == f"{position:07d}" for f, position in zip(found, positions, strict=True)
    ]
    assert sum(map(bool, right)) >= 21


def test_a_window_with_the_unit_beside_the_drums_is_read_like_a_close_one(builtin: Recognizer) -> None:
    face = MeterFace(mirror="none")
    corners = np.array(register_corners(face))
    beside = 0.45 * (corners[1] - corners[0])
    corners[1:3] += beside
    loose = Window(tuple((float(x), float(y)) for x, y in corners))  # type: ignore[arg-type]  # four, as before
    windows = [cut_window(draw_frame(face, position, seed=1), loose) for position in (361_097.0, 8_254_610.0)]
    texts = [recognition.best.text for recognition in builtin.read(windows, digits=7) if recognition.best]
    assert texts == ["0361097", "8254610"]


@pytest.mark.parametrize("digits", [None, 7, 8])
def test_candidates_are_ranked_and_share_one_probability(builtin: Recognizer, digits: int | None) -> None:
    for recognition in builtin.read([_register(98_765.4), _register(5.0)], digits=digits):
        candidates = recognition.candidates
        assert len(candidates) >= 5
        assert sum(candidate.probability for candidate in candidates) <= 1 + 1e-6
        assert list(candidates) == sorted(candidates, key=lambda candidate: -candidate.probability)
        assert len({c.text for c in candidates}) == len(candidates)
        assert all(c.text.isdigit() and digits in {None, len(c.text)} for c in candidates)


def test_batches_read_like_single_windows(builtin: Recognizer) -> None:
    windows = [_register(float(position)) for position in (10, 2_000, 300_000)]
    together = builtin.read(windows, digits=7)
    for window, recognition in zip(windows, together, strict=True):
        alone = builtin.read([window], digits=7)[0].candidates
        assert [c.text for c in alone[:3]] == [c.text for c in recognition.candidates[:3]]
        assert alone[0].probability == pytest.approx(recognition.candidates[0].probability, abs=1e-3)


@pytest.mark.parametrize(
    ("window", "reasons"),
    [
        (np.zeros((40, 200, 3), np.uint8), {"dark"}),
        (np.zeros((0, 0, 3), np.uint8), {"dark"}),
        (np.full((40, 200, 3), 128, np.uint8), {"blurred", "no_counter"}),
        (np.zeros((1, 1, 3), np.uint8) + 200, {"blurred", "no_counter"}),
    ],
    ids=["black", "nothing", "grey", "one pixel"],
)
def test_what_holds_no_counter_gets_a_reason(
    builtin: Recognizer, window: NDArray[np.uint8], reasons: set[str]
) -> None:
    recognition = builtin.read([window])[0]
    assert recognition.reason in reasons
    assert recognition.candidates == ()
    assert recognition.best is None


def test_a_counter_behind_a_hand_is_covered(builtin: Recognizer) -> None:
    window = _register(361_097.0).copy()
    window[:, window.shape[1] // 8 : window.shape[1] * 7 // 8] = (176, 132, 110)
    recognition = builtin.read([window])[0]
    assert (recognition.reason, recognition.candidates) == ("covered", ())


def test_a_glance_tells_a_counter_from_what_is_none(builtin: Recognizer) -> None:
    upright, grey, nothing = _register(361_097.0), np.full((40, 200, 3), 128, np.uint8), np.zeros((0, 0, 3))
    shares = builtin.glance([upright, upright[::-1].copy(), grey, nothing.astype(np.uint8)])
    assert shares[0] > 0.5
    assert max(shares[1:]) < 0.5
    assert shares[3] == 0.0
    assert builtin.glance([]) == []


def test_nothing_to_read_is_no_work(builtin: Recognizer) -> None:
    assert builtin.read([]) == []


def test_the_version_is_a_fingerprint_of_the_weights(builtin: Recognizer) -> None:
    assert builtin.name == "trocr-meter-small"
    assert len(builtin.version) == 12
    assert builtin.read([_register(1.0)])[0].reader_version == builtin.version


@pytest.mark.parametrize("name", ["/no/such/folder", "./neither/this"])
def test_a_missing_model_is_a_sentence(name: str) -> None:
    with pytest.raises(ModelNotFound, match=r"There is no reader .*: give `builtin`"):
        load_recognizer(name)


def test_the_best_candidate_comes_first() -> None:
    candidates = (
        Candidate("12", half_step=False, probability=0.6),
        Candidate("13", half_step=True, probability=0.3),
    )
    assert Recognition(candidates, None, "r", "v", 1.0).best == candidates[0]


def _save_foreign(folder: Path, encoder: ViTConfig | DeiTConfig, words: int) -> None:
    """Saves an untrained network of the usual build: square pictures, letters among its words."""
    torch.manual_seed(0)
    decoder = TrOCRConfig(
        vocab_size=words,
        d_model=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        max_position_embeddings=40,
        cross_attention_hidden_size=16,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    model: Network = VisionEncoderDecoderModel(config=config)
    for settings in (model.config, model.generation_config):
        settings.decoder_start_token_id, settings.pad_token_id, settings.eos_token_id = 2, 1, 2
    model.save_pretrained(folder)


_TINY: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 16,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


def _fresh_checkpoint(folder: Path) -> None:
    """As one is saved today: one file for the tokenizer, one for the processor."""
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *"0123456789.kWh"]
    words = Tokenizer(models.WordLevel({word: index for index, word in enumerate(vocabulary)}, "<unk>"))
    words.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    wrap: Network = PreTrainedTokenizerFast
    names = zip(("bos_token", "pad_token", "eos_token", "unk_token"), vocabulary, strict=False)
    assemble: Network = TrOCRProcessor
    processor = assemble(
        ViTImageProcessorPil(size={"height": 32, "width": 32}), wrap(tokenizer_object=words, **dict(names))
    )
    processor.save_pretrained(folder)
    _save_foreign(folder, ViTConfig(**_TINY), len(vocabulary))


def _published_checkpoint(folder: Path) -> None:
    """As `microsoft/trocr-small-printed` was published: DeiT encoder, SentencePiece words, old files."""
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["0123456789 kWh 12.5 991 47 total"] * 30),
        model_writer=pieces,
        vocab_size=40,
        model_type="bpe",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.model").write_bytes(pieces.getvalue())
    tokenizer = {"tokenizer_class": "XLMRobertaTokenizer", "processor_class": "TrOCRProcessor"}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    images = {"feature_extractor_type": "DeiTFeatureExtractor", "size": 32, "do_center_crop": False}
    (folder / "preprocessor_config.json").write_text(json.dumps(images), encoding="utf-8")
    _save_foreign(folder, DeiTConfig(**_TINY), 60)


@pytest.mark.parametrize("save", [_fresh_checkpoint, _published_checkpoint])
def test_any_other_trocr_comes_through_the_same_door(save: Callable[[Path], None], tmp_path: Path) -> None:
    save(tmp_path)
    recognizer = load_recognizer(str(tmp_path))
    assert recognizer.name == str(tmp_path)
    for recognition in recognizer.read([_register(77.0), np.zeros((20, 90, 3), np.uint8)]):
        assert recognition.reader_version == recognizer.version
        assert (recognition.reason is None) == bool(recognition.candidates)
        assert sum(candidate.probability for candidate in recognition.candidates) <= 1 + 1e-6
        assert all(candidate.text.isdigit() for candidate in recognition.candidates)
