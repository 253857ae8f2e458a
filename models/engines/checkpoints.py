"""TrOCR checkpoints opened with PyTorch: the project's own, a folder of another make, or one by name."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import TrOCRProcessor, VisionEncoderDecoderModel
from transformers.utils import logging as transformers_logging

from models.architecture import ConvStemViTConfig, Network
from models.engines.foreign import ForeignReader
from models.engines.torch_engine import TorchEngine
from models.looks import Look, look


def open_checkpoint(place: str, sure_above: float) -> tuple[str, Look]:
    """The fingerprint and the look of a folder, or of a name: from the cache, else downloaded.

    Args:
        place: The folder, or the name.
        sure_above: The share at which one look is enough, for models of the project's own kind.

    Raises:
        OSError: When there is none.
        ValueError: When what is there is no TrOCR.
    """
    quiet: Any = transformers_logging
    quiet.disable_progress_bar()
    try:
        return _opened(place, sure_above, local=True)
    except (OSError, ValueError):
        if Path(place).is_dir():
            raise
        return _opened(place, sure_above, local=False)


def load_network(place: str, *, local: bool = True) -> Network:
    """The network of a checkpoint in single precision, ready to compute; errors as `open_checkpoint`."""
    return VisionEncoderDecoderModel.from_pretrained(
        place, dtype=torch.float32, local_files_only=local
    ).eval()


def _opened(place: str, sure_above: float, *, local: bool) -> tuple[str, Look]:
    model = load_network(place, local=local)
    if isinstance(model.config.encoder, ConvStemViTConfig):
        engine = TorchEngine(model)
        return engine.version, partial(look, engine, sure_above)
    reader = ForeignReader(model, TrOCRProcessor.from_pretrained(place, local_files_only=local))
    return reader.version, reader.look
