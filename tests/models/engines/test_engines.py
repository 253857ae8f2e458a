import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from transformers import VisionEncoderDecoderModel

from models.architecture import Network, new_model
from models.beam import search
from models.engines.engine import Engine
from models.engines.onnx_engine import OnnxEngine
from models.engines.torch_engine import TorchEngine
from models.errors import ModelNotFound
from models.recognizer import BUILTIN, Recognition, load_recognizer
from models.rendering.counterless import counterless_strip
from models.rendering.glyphs import own_typefaces
from models.rendering.strips import drawn_strip
from models.training.onnx_export import export_onnx


def _strips(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    strips = [drawn_strip(rng, own_typefaces()) for _ in range(count - count // 4)]
    strips += [counterless_strip(rng, own_typefaces()) for _ in range(count // 4)]
    return [strip.picture for strip in strips]


def _said(recognition: Recognition) -> dict[str, float]:
    return {candidate.text: candidate.probability for candidate in recognition.candidates[:3]}


@pytest.mark.parametrize("digits", [None, 6])
def test_the_shipped_graphs_read_like_the_shipped_weights(digits: int | None) -> None:
    windows = _strips(24)
    by_onnx, by_torch = (load_recognizer(engine=engine) for engine in ("onnx", "torch"))
    assert by_onnx.version == by_torch.version
    for one, other in zip(
        by_onnx.read(windows, digits=digits), by_torch.read(windows, digits=digits), strict=True
    ):
        assert one.reason == other.reason
        assert (one.best and one.best.text) == (other.best and other.best.text)
        assert _said(one) == pytest.approx(_said(other), abs=1e-3)


def _model(told: int) -> Network:
    """An untrained model whose pooler tells so much: tenths and signs, tenths alone, nothing of use."""
    config = new_model().config
    config.encoder.pooler_output_size = told
    torch.manual_seed(0)
    model: Network = VisionEncoderDecoderModel(config=config).eval()
    return model


def _readings(engine: Engine, pictures: NDArray[np.float32]) -> list[tuple[str, float]]:
    found, _ = search(engine, engine.encode(pictures), len(pictures), 5, None)
    return [(beam.text, beam.log_probability) for beams in found for beam in beams]


@pytest.mark.parametrize(
    ("told", "tenths", "signs"), [(21, True, True), (10, True, False), (128, False, False)]
)
def test_an_export_computes_what_the_model_computes(
    told: int, tenths: bool, signs: bool, tmp_path: Path
) -> None:
    model = _model(told)
    export_onnx(model, tmp_path)
    pictures = np.random.default_rng(1).random((3, 3, 32, 160), np.float32)
    exported, own = OnnxEngine(tmp_path), TorchEngine(model)
    assert exported.version == own.version
    one, other = (engine.encode(pictures) for engine in (exported, own))
    assert {each.tenths is not None for each in (one, other)} == {tenths}
    assert {each.signs is not None for each in (one, other)} == {signs}
    if one.tenths is not None and other.tenths is not None:
        assert one.tenths == pytest.approx(other.tenths, abs=1e-5)
        assert one.tenths.sum(1) == pytest.approx(np.ones(3), abs=1e-5)
    if one.signs is not None and other.signs is not None:
        assert one.signs.shape == (3, 40)
        assert (one.signs == other.signs).all()
    for found, expected in zip(_readings(exported, pictures), _readings(own, pictures), strict=True):
        assert found[0] == expected[0]
        assert found[1] == pytest.approx(expected[1], abs=1e-3)


def test_the_encoder_graph_is_the_models_own_encoder() -> None:
    torch.manual_seed(1)
    model = new_model().eval()
    pictures = torch.rand(2, 3, 32, 160)
    keys = TorchEngine(model).encode(pictures.numpy()).crossed[0]
    attention = model.decoder.model.decoder.layers[0].encoder_attn
    with torch.no_grad():
        expected = attention.k_proj(model.encoder(pictures).last_hidden_state)
    assert keys.permute(0, 3, 1, 2).flatten(2).numpy() == pytest.approx(expected.numpy(), abs=1e-4)


def test_reading_loads_no_torch() -> None:
    code = (
        "import sys; from models.recognizer import load_recognizer; "
        "load_recognizer(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_graphs_of_another_version_are_left_to_torch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(BUILTIN, tmp_path, dirs_exist_ok=True)
    decoder = onnx.load(str(tmp_path / "decoder.onnx"))
    for each in [*decoder.graph.input, *decoder.graph.node]:
        if each.name == "unseen":
            each.name = "unknown"
        for index, name in enumerate(getattr(each, "input", ())):
            if name == "unseen":
                each.input[index] = "unknown"
    onnx.save(decoder, str(tmp_path / "decoder.onnx"))
    windows = _strips(2)
    read = load_recognizer(str(tmp_path)).read(windows)
    assert [_said(each) for each in read] == [
        pytest.approx(_said(each), abs=1e-3) for each in load_recognizer().read(windows)
    ]
    assert "decoder.onnx was exported by another version. PyTorch reads with it, slower" in caplog.text


def test_a_broken_graph_is_a_sentence(tmp_path: Path) -> None:
    for file in BUILTIN.iterdir():
        (tmp_path / file.name).write_bytes(
            file.read_bytes()[:1000] if file.suffix == ".onnx" else file.read_bytes()
        )
    with pytest.raises(ModelNotFound, match=r"encoder\.onnx cannot be opened"):
        load_recognizer(str(tmp_path))
