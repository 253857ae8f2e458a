"""From the finder's trained networks to the graphs that are shipped."""

import copy
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.finding.shapes import LOOK_HEIGHT, LOOK_WIDTH, SEARCH_LONG, SEARCH_SHORT
from models.training.onnx_export import finish_graph

_OPSET = 17


def export_finder(search: nn.Module, look: nn.Module, target: Path) -> None:
    """Writes `search.onnx` and `look.onnx`, the weights of both networks rounded to half floats."""
    target.mkdir(parents=True, exist_ok=True)
    any_size = {0: "n", 2: "height", 3: "width"}
    _export(
        search,
        (SEARCH_SHORT, SEARCH_LONG),
        target / "search.onnx",
        any_size,
        {0: "n", 2: "rows", 3: "columns"},
    )
    _export(look, (LOOK_HEIGHT, LOOK_WIDTH), target / "look.onnx", {0: "n"}, {0: "n"})


def fused(network: nn.Module) -> nn.Module:
    """A copy for inference: each normalisation within its convolution, the weights rounded to half floats."""
    slim = copy.deepcopy(network).eval()
    for block in [each for each in slim.modules() if isinstance(each, nn.Sequential)]:
        for index in range(len(block) - 1):
            convolution, normalisation = block[index], block[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                block[index] = fuse_conv_bn_eval(convolution, normalisation)
                block[index + 1] = nn.Identity()
    for parameter in slim.parameters():
        parameter.data = parameter.data.half().float()
    return slim


def _export(
    network: nn.Module, size: tuple[int, int], path: Path, moving: dict[int, str], result: dict[int, str]
) -> None:
    example = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)) * 255
    with warnings.catch_warnings():
        # PyTorch's newer exporter needs two packages more for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            fused(network),
            (example,),
            str(path),
            input_names=["pictures"],
            output_names=["values"],
            dynamic_axes={"pictures": moving, "values": result},
            opset_version=_OPSET,
            dynamo=False,
        )
    finish_graph(path, "1")
