"""What a reader still has to learn: strips that it tells with some doubt are trained on more often."""

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.architecture import Network
from models.engines.checkpoints import load_network
from models.engines.torch_engine import version_of
from models.training.pool import IGNORED
from models.training.shards import Batch, ShardReader, at_input_size, decoder_inputs, weights_path
from models.training.speed import half_floats, hurry
from models.vocabulary import EOS, HALF_STEP

_logger = logging.getLogger(__name__)
_AT_ONCE = 250
# Below, there is nothing to learn; above, most strips cannot be read by anyone.
LEAST_DOUBT, MOST_DOUBT = 0.02, 0.7
OTHERS_WEIGHT = 0.15


def weigh_pool(reader: Path, pool: Path) -> None:
    """Writes beside each drawn shard how often its strips are trained on, where that is not there yet.

    What another reader found hard is forgotten. The doubt is the reader's own, of each digit given the true
    ones before it. Strips are not chosen for being misread, so what is learned of probabilities stays true.

    Args:
        reader: Folder of the weights that the run begins with.
        pool: The pool's folder; pictures of one's own meter (`train-own-…`) all count alike.
    """
    model = load_network(str(reader)).eval()
    _forget_other_readers(pool, version_of(model))
    hurry(model)
    for texts in sorted(pool.glob("train-[0-9]*.texts.npy")):
        target = weights_path(texts)
        if target.exists():
            continue
        batch = ShardReader(pool, texts.name.removesuffix(".texts.npy")).everything()
        weights = weights_of(doubts_of(model, batch))
        part = target.with_name("weights.part.npy")
        np.save(part, weights)
        part.replace(target)
        _logger.info("weigh: %s, %.0f %% in doubt", texts.name, 100 * (weights == 1).mean())


def _forget_other_readers(pool: Path, reader_version: str) -> None:
    weighed_by = pool / "weighed-by.txt"
    if weighed_by.exists() and weighed_by.read_text(encoding="utf-8") == reader_version:
        return
    for weights in pool.glob("train-[0-9]*.weights.npy"):
        weights.unlink()
    weighed_by.write_text(reader_version, encoding="utf-8")


@torch.no_grad()
def doubts_of(model: Network, batch: Batch) -> NDArray[np.float32]:
    """How improbable the most probable number is of each strip `(n,)`, half steps aside."""
    doubts = []
    for first in range(0, len(batch.labels), _AT_ONCE):
        labels = batch.labels[first : first + _AT_ONCE]
        pictures = at_input_size(batch.pictures[first : first + _AT_ONCE])
        with half_floats():
            hidden = model.encoder(pictures).last_hidden_state
            logits = model.decoder(
                input_ids=decoder_inputs(labels), encoder_hidden_states=hidden, use_cache=False
            ).logits
        shares = logits.float().softmax(-1)
        shares[..., EOS] += shares[..., HALF_STEP]
        surest = shares.amax(-1).clamp(max=1).masked_fill(labels == IGNORED, 1)
        doubts.append(1 - surest.prod(1).numpy())
    return np.concatenate(doubts)


def weights_of(doubts: NDArray[np.float32]) -> NDArray[np.float32]:
    """How often strips are trained on, against one that is worth it most."""
    is_worth = (doubts > LEAST_DOUBT) & (doubts < MOST_DOUBT)
    return np.where(is_worth, 1, OTHERS_WEIGHT).astype(np.float32)
