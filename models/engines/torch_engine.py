"""The small TrOCR computed by PyTorch."""

import hashlib
from typing import Any

import torch

from models.architecture import Network
from models.engines.engine import Floats, Integers, Memory, Step
from models.engines.graphs import DecoderGraph, EncoderGraph, empty_past


class TorchEngine:
    """Guards a loaded network; see `Engine`."""

    def __init__(self, model: Network) -> None:
        self.version = version_of(model)
        self._encoder, self._decoder = EncoderGraph(model).eval(), DecoderGraph(model).eval()
        # Threads of a network this small wait for one another longer than they compute.
        torch.set_num_threads(1)

    @torch.inference_mode()
    def encode(self, pictures: Floats) -> Memory:
        """See `Engine`."""
        crossed = self._encoder(torch.from_numpy(pictures))
        if self._encoder.tells_tenths:
            return Memory(crossed[:-1], crossed[-1].numpy())
        return Memory(crossed, None)

    @torch.inference_mode()
    def step(self, tokens: Integers, past: Any, parents: Integers, position: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        """See `Engine`."""
        likely, columns, *grown = self._decoder(
            torch.from_numpy(tokens),
            torch.from_numpy(parents),
            torch.tensor([position]),
            *memory.crossed,
            *(empty_past(self._decoder, tokens.size) if past is None else past),
        )
        return Step(likely.numpy(), columns.numpy(), grown)


def version_of(model: Network) -> str:
    """A short fingerprint of a model's weights."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
