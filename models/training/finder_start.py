"""Puts the weights of a shipped graph back into the network that it came from, for training to go on."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn


@torch.no_grad()
def start_from(graph: Path, network: nn.Module, pictures: torch.Tensor) -> None:
    """Fills a network in place; its answers are then those of the graph.

    A graph holds no normalisations: they are folded into its convolutions. Each is given the mean and the
    spread that its convolution has over some pictures, and undoes them.

    Args:
        graph: `search.onnx` or `look.onnx`.
        network: Of the graph's kind.
        pictures: Of the kind that the network takes, `(n, 3, height, width)` from 0 to 255.

    Raises:
        FileNotFoundError: When there is no such graph.
    """
    stored = {
        tensor.name.removesuffix("_half"): torch.from_numpy(numpy_helper.to_array(tensor).astype("float32"))
        for tensor in onnx.load(str(graph)).graph.initializer
    }
    for name, parameter in network.named_parameters():
        if name in stored:
            parameter.copy_(stored[name])
    hooks = []
    for name, block in network.named_modules():
        layers = list(block.named_children()) if isinstance(block, nn.Sequential) else []
        for (number, convolution), (_, normalisation) in pairwise(layers):
            if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                folded = stored[f"{name}.{number}.bias"]
                hooks.append(normalisation.register_forward_pre_hook(_undoing(normalisation, folded)))
    was_training = network.training
    network.eval()(pictures)
    network.train(was_training)
    for hook in hooks:
        hook.remove()


def _undoing(
    normalisation: nn.BatchNorm2d, folded: torch.Tensor
) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
    def measure(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        spread, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        normalisation.running_mean, normalisation.running_var = mean, spread
        normalisation.weight.copy_((spread + normalisation.eps).sqrt())
        normalisation.bias.copy_(mean + folded)

    return measure
