"""The reader's two graphs as ONNX files, stored in half precision where that loses nothing."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from models.architecture import Network
from models.engines.graphs import DecoderGraph, EncoderGraph, empty_past
from models.engines.onnx_engine import DECODER, ENCODER
from models.engines.torch_engine import version_of
from models.vocabulary import BOS, INPUT_HEIGHT, INPUT_WIDTH

_OPSET = 17
_SMALL = 64


def export_onnx(model: Network, folder: Path) -> None:
    """Writes `encoder.onnx` and `decoder.onnx` beside a model's weights."""
    encoder, decoder = EncoderGraph(model).eval(), DecoderGraph(model).eval()
    crossed = [f"{kind}_{layer}" for layer in range(len(decoder.joint)) for kind in ("keys", "values")]
    past, grown = [f"past_{name}" for name in crossed], [f"grown_{name}" for name in crossed]
    outputs = [*crossed, *encoder.also]
    pictures = torch.rand(2, 3, INPUT_HEIGHT, INPUT_WIDTH, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        memory = encoder(pictures)[: len(crossed)]
        first = (torch.full((2, 1, 1), BOS), torch.arange(2), torch.tensor([0]), torch.zeros(1, 1), *memory)
        _, _, *before = decoder(*first, *empty_past(decoder, 2))
    _export(encoder, (pictures,), (["pictures"], outputs), folder / ENCODER)
    tokens, parents = torch.full((2, 3, 2), BOS), torch.tensor([0, 0, 0, 1, 1, 1])
    inputs = (tokens, parents, torch.tensor([1, 2]), torch.zeros(2, 3), *memory, *before)
    names = (["tokens", "parents", "positions", "unseen", *crossed, *past], ["likely", "columns", *grown])
    _export(decoder, inputs, names, folder / DECODER)
    for file in (ENCODER, DECODER):
        finish_graph(folder / file, version_of(model))


def _moving(name: str) -> dict[int, str]:
    """The axes of an input or output whose lengths change from call to call."""
    if name.startswith("past_"):
        return {0: "rows", 2: "length"}
    if name.startswith("grown_"):
        return {0: "grown_rows", 2: "grown_length"}
    moving = {
        "tokens": {0: "n", 1: "k", 2: "t"},
        "parents": {0: "grown_rows"},
        "positions": {0: "t"},
        "unseen": {0: "t", 1: "grown_length"},
        "likely": {0: "n", 1: "written"},
        "columns": {0: "n", 1: "written"},
    }
    return moving.get(name, {0: "n"})


def _export(
    module: torch.nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: tuple[list[str], list[str]],
    path: Path,
) -> None:
    moving = {name: _moving(name) for name in (*names[0], *names[1])}
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter by tracing is called legacy; the newer one needs two packages more for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(path),
            input_names=names[0],
            output_names=names[1],
            dynamic_axes=moving,
            opset_version=_OPSET,
            dynamo=False,
        )


def finish_graph(path: Path, version: str) -> None:
    """Notes the weights' fingerprint in a graph, and halves what half precision holds exactly."""
    model = onnx.load(str(path))
    model.metadata_props.add(key="version", value=version)
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        halved = values.astype(np.float16)
        if np.array_equal(halved.astype(np.float32), values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(halved, f"{name}_half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
