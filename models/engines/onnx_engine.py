"""The small TrOCR computed by ONNX Runtime: a hundredth of the start-up of PyTorch, a third of its time."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.engines.engine import Floats, Integers, Memory, Step, places_of

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
_UNSEEN = "unseen"


class BrokenGraph(ValueError):  # noqa: N818 the sentence goes to people
    """A file that ONNX Runtime cannot open as one of the reader's graphs."""


class OtherGraph(BrokenGraph):
    """Graphs that another version exported, with other inputs."""


class OnnxEngine:
    """Guards the sessions of the two graphs in a folder of weights; see `Engine`."""

    def __init__(self, folder: Path) -> None:
        self._encoder, self._decoder = _session(folder / ENCODER), _session(folder / DECODER)
        if _UNSEEN not in {each.name for each in self._decoder.get_inputs()}:
            raise OtherGraph(f"{DECODER} was exported by another version")
        self.version: str = self._encoder.get_modelmeta().custom_metadata_map["version"]
        self._outputs = [each.name for each in self._encoder.get_outputs()]
        self._past = [each.name for each in self._decoder.get_inputs() if each.name.startswith("past")]
        self._crossed = [each.removeprefix("past_") for each in self._past]
        _, heads, _, size = self._decoder.get_inputs()[-1].shape
        self._head_shape = heads, size

    def encode(self, pictures: Floats) -> Memory:
        """See `Engine`."""
        seen = dict(zip(self._outputs, self._encoder.run(None, {"pictures": pictures}), strict=True))
        return Memory([seen[each] for each in self._crossed], seen.get("tenths"), seen.get("signs"))

    def step(self, tokens: Integers, past: Any, parents: Integers, position: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        """See `Engine`."""
        past = self._empty_past(tokens.size) if past is None else past
        return self._decoded(tokens[..., None], past, parents, position, memory)

    def check(self, tokens: Integers, memory: Memory) -> Step:
        """See `Engine`."""
        past, parents = self._empty_past(len(tokens)), np.arange(len(tokens))
        return self._decoded(tokens[:, None], past, parents, 0, memory)

    def _decoded(self, tokens: Integers, past: Any, parents: Integers, first: int, memory: Memory) -> Step:  # noqa: ANN401  as in `Engine`
        positions, unseen = places_of(tokens.shape[2], first)
        feed = {"tokens": tokens, "parents": parents, "positions": positions, _UNSEEN: unseen}
        feed |= zip(self._crossed, memory.crossed, strict=True)
        feed |= zip(self._past, past, strict=True)
        likely, columns, *grown = self._decoder.run(None, feed)
        return Step(np.asarray(likely), np.asarray(columns), grown)

    def _empty_past(self, rows: int) -> list[Floats]:
        heads, size = self._head_shape
        return [np.zeros((rows, heads, 0, size), np.float32)] * len(self._past)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Threads of a network this small wait for one another longer than they compute.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common ancestor but this
        raise BrokenGraph(f"{path.name} cannot be opened: {str(error).splitlines()[0]}") from error
