"""The small TrOCR computed by PyTorch."""

import hashlib
from typing import Any

import numpy as np
import torch

from models.architecture import Network
from models.engines.engine import Floats, Integers, Memory, Step, places_of
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
        seen = self._encoder(torch.from_numpy(pictures))
        crossed = len(seen) - len(self._encoder.also)
        return Memory(seen[:crossed], *(each.numpy() for each in seen[crossed:]))

    @torch.inference_mode()
    def step(self, tokens: Integers, past: Any, parents: Integers, position: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        """See `Engine`."""
        past = empty_past(self._decoder, tokens.size) if past is None else past
        return self._decoded(tokens[..., None], past, parents, position, memory)

    @torch.inference_mode()
    def check(self, tokens: Integers, memory: Memory) -> Step:
        """See `Engine`."""
        past, parents = empty_past(self._decoder, len(tokens)), np.arange(len(tokens))
        return self._decoded(tokens[:, None], past, parents, 0, memory)

    def _decoded(self, tokens: Integers, past: Any, parents: Integers, first: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        positions, unseen = places_of(tokens.shape[2], first)
        given = (torch.from_numpy(each) for each in (tokens, parents, positions, unseen))
        likely, columns, *grown = self._decoder(*given, *memory.crossed, *past)
        return Step(likely.numpy(), columns.numpy(), grown)


def version_of(model: Network) -> str:
    """A short fingerprint of a model's weights."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
