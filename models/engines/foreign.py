"""Any other TrOCR checkpoint, read by its own `generate`."""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import TrOCRProcessor

from models.architecture import Network
from models.engines.torch_engine import version_of
from models.looks import Opinion, Seen

_FIGURES = "0123456789"
_BEAMS = 8


class ForeignReader:
    """Guards a TrOCR of any make, with its processor."""

    def __init__(self, model: Network, processor: TrOCRProcessor) -> None:
        self.version = version_of(model)
        self._model, self._processor = model, processor

    def look(
        self,
        windows: Sequence[NDArray[np.uint8]],
        digits: int | None,
        *,
        recut: Sequence[NDArray[np.uint8] | None] = (),  # noqa: ARG002 such a model looks once, at the window
        once: bool = True,  # noqa: ARG002 as before
    ) -> list[Seen]:
        """What windows show; see `models.looks`."""
        return [_seen(_figures(*each), digits) for each in self._generated(windows)]

    @torch.inference_mode()
    def _generated(self, windows: Sequence[NDArray[np.uint8]]) -> list[tuple[list[str], list[float]]]:
        """The texts of each window with their log-probabilities, best first."""
        pictures = self._processor(images=list(windows), return_tensors="pt").pixel_values
        self._model.generation_config.max_length = None
        found = self._model.generate(
            pixel_values=pictures,
            num_beams=_BEAMS,
            num_return_sequences=_BEAMS,
            max_new_tokens=24,
            do_sample=False,
            length_penalty=0.0,
            early_stopping=False,
            output_scores=True,
            return_dict_in_generate=True,
        )
        scores = found.sequences_scores.view(len(pictures), _BEAMS).tolist()
        texts = self._processor.tokenizer.batch_decode(found.sequences, skip_special_tokens=True)
        rows = range(0, len(texts), _BEAMS)
        return [(texts[row : row + _BEAMS], each) for row, each in zip(rows, scores, strict=True)]


def _figures(texts: Sequence[str], scores: Sequence[float]) -> dict[str, float]:
    """Texts reduced to their figures; those that then are alike count together."""
    shares: dict[str, float] = defaultdict(float)
    for text, score in zip(texts, scores, strict=True):
        shares["".join(character for character in text if character in _FIGURES)] += math.exp(score)
    return shares


def _seen(shares: dict[str, float], digits: int | None) -> Seen:
    fitting = [(text, share) for text, share in shares.items() if text and digits in {None, len(text)}]
    ranked = sorted(fitting, key=lambda item: (-item[1], item[0]))
    opinions = tuple(Opinion(text, is_half=False, share=share) for text, share in ranked)
    return Seen(opinions, shares.get("", 0.0), looks=1)
