"""Beam search over a TrOCR decoder: every window's most probable readings, with their probabilities.

`generate` spends most of its time outside of the mathematics at this size. Here all beams of a window share
its cross-attention keys and values, which are computed once, and nothing is normalised by length: a score is
the logarithm of the probability that the model gives to exactly this reading.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch.nn import functional

from models.architecture import Network
from models.vocabulary import BOS, EOS, FIRST_DIGIT, HALF_STEP, tokens_of

_MOST_DIGITS = 10
_NEVER = -math.inf


@dataclass(frozen=True, slots=True)
class Beam:
    """One reading as the model wrote it, `~` for a half step, with its log-probability."""

    text: str
    log_probability: float


@dataclass
class _Search:
    """The beams of `n` windows, `k` each, while they grow."""

    tokens: torch.Tensor
    scores: torch.Tensor
    done_tokens: torch.Tensor
    done_scores: torch.Tensor
    cache: list[tuple[torch.Tensor, torch.Tensor]]


@torch.inference_mode()
def encoded(model: Network, pictures: torch.Tensor) -> torch.Tensor:
    """What the encoder sees in pictures `(n, 3, 32, 160)` from 0 to 1: the memory that the decoder reads."""
    return cast("torch.Tensor", model.encoder(pictures).last_hidden_state)


@torch.inference_mode()
def search_small(
    model: Network, memory: torch.Tensor, beams: int, digits: int | None
) -> tuple[list[list[Beam]], list[float]]:
    """The readings of each picture, best first, and the probability that there is nothing to read.

    Args:
        model: The small TrOCR.
        memory: The pictures as `encoded` gives them.
        beams: How many readings to keep per picture.
        digits: How many digits each reading must have; any number when None.
    """
    decoder = model.decoder.model.decoder
    crossed = [_keys_and_values(layer.encoder_attn, memory) for layer in decoder.layers]
    count = len(memory)
    search = _Search(
        tokens=torch.full((count, 1, 1), BOS),
        scores=torch.zeros(count, 1),
        done_tokens=torch.full((count, beams, _MOST_DIGITS + 2), EOS),
        done_scores=torch.full((count, beams), _NEVER),
        cache=[],
    )
    empty: list[float] = []
    for length in range(_MOST_DIGITS + 2):
        logits = model.decoder.output_projection(_hidden(decoder, search, crossed))
        likely = logits.log_softmax(-1)
        if length == 0:
            empty = likely[:, 0, EOS].exp().tolist()
        _grow(search, likely + _allowed(length, digits, search.tokens), beams)
        if bool((search.scores[:, 0] <= search.done_scores[:, -1]).all()):
            break
    return _readings(search), empty


@torch.inference_mode()
def drum_places(model: Network, memory: torch.Tensor, texts: Sequence[str]) -> list[list[float]]:
    """Where each digit of a reading stands, as shares of the picture's width.

    It is the column that the decoder's last layer attends to most while it writes the digit: right within a
    third of a drum, though never taught.
    """
    longest = max(map(len, texts))
    rows = [[BOS, *tokens_of(text), *[EOS] * (longest - len(text))] for text in texts]
    seen = model.decoder(input_ids=torch.tensor(rows), encoder_hidden_states=memory, output_attentions=True)
    # The first place of the memory is the picture as a whole, not a column.
    columns = seen.cross_attentions[-1].mean(1)[:, :, 1:]
    places = (columns.argmax(-1) + 0.5) / columns.shape[2]
    return [row[: len(text.rstrip("~"))].tolist() for row, text in zip(places, texts, strict=True)]


def _keys_and_values(attention: Network, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Projections split into heads: `(n, heads, length, size)`."""
    keys, values = attention.k_proj(states), attention.v_proj(states)
    shape = (len(states), -1, attention.num_heads, attention.head_dim)
    return keys.view(shape).transpose(1, 2), values.view(shape).transpose(1, 2)


def _hidden(
    decoder: Network, search: _Search, crossed: list[tuple[torch.Tensor, torch.Tensor]]
) -> torch.Tensor:
    """The decoder's last states for the newest token of every beam, `(n, k, hidden)`."""
    count, beams, length = search.tokens.shape
    hidden = decoder.embed_tokens(search.tokens[:, :, -1])
    hidden = hidden + decoder.embed_positions.weight[length - 1 + decoder.embed_positions.offset]
    hidden = decoder.layernorm_embedding(hidden)
    for index, layer in enumerate(decoder.layers):
        attention = layer.self_attn
        keys, values = _keys_and_values(attention, hidden.view(count * beams, 1, -1))
        if len(search.cache) > index:
            old_keys, old_values = search.cache[index]
            keys, values = torch.cat([old_keys, keys], 2), torch.cat([old_values, values], 2)
            search.cache[index] = keys, values
        else:
            search.cache.append((keys, values))
        queries = attention.q_proj(hidden).view(count * beams, 1, attention.num_heads, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(queries, keys, values)
        seen = attention.out_proj(seen.transpose(1, 2).reshape(count, beams, -1))
        hidden = layer.self_attn_layer_norm(hidden + seen)
        attention = layer.encoder_attn
        queries = attention.q_proj(hidden).view(count, beams, attention.num_heads, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(queries, *crossed[index])
        seen = attention.out_proj(seen.transpose(1, 2).reshape(count, beams, -1))
        hidden = layer.encoder_attn_layer_norm(hidden + seen)
        hidden = layer.final_layer_norm(hidden + layer.fc2(layer.activation_fn(layer.fc1(hidden))))
    return cast("torch.Tensor", hidden)


def _allowed(length: int, digits: int | None, tokens: torch.Tensor) -> torch.Tensor:
    """Nought where a token may follow, minus infinity where it may not."""
    allowed = torch.full((1, 1, HALF_STEP + 2), _NEVER)
    least, most = (1, _MOST_DIGITS) if digits is None else (digits, digits)
    if length < most:
        allowed[..., FIRST_DIGIT:HALF_STEP] = 0
    if least <= length <= most:
        allowed[..., HALF_STEP] = 0
    if length >= least:
        allowed[..., EOS] = 0
    after_half = torch.full_like(allowed, _NEVER)
    after_half[..., EOS] = 0
    return torch.where((tokens[:, :, -1] == HALF_STEP)[..., None], after_half, allowed)


def _grow(search: _Search, likely: torch.Tensor, beams: int) -> None:
    """Moves finished readings aside and keeps the best unfinished ones, in place."""
    count, alive, length = search.tokens.shape
    totals = search.scores[..., None] + likely
    ended = functional.pad(search.tokens[:, :, 1:], (0, search.done_tokens.shape[2] - length + 1), value=EOS)
    all_tokens = torch.cat([search.done_tokens, ended], 1)
    best = torch.cat([search.done_scores, totals[:, :, EOS]], 1).topk(search.done_scores.shape[1])
    search.done_scores = best.values
    search.done_tokens = all_tokens.gather(1, best.indices[..., None].expand(-1, -1, all_tokens.shape[2]))
    totals[:, :, EOS] = _NEVER
    flat = totals.flatten(1)
    scores, places = flat.topk(min(beams, flat.shape[1]))
    parents, tokens = places // likely.shape[2], places % likely.shape[2]
    kept = search.tokens.gather(1, parents[..., None].expand(-1, -1, length))
    search.tokens, search.scores = torch.cat([kept, tokens[..., None]], 2), scores
    rows = (torch.arange(count)[:, None] * alive + parents).flatten()
    search.cache = [(keys[rows], values[rows]) for keys, values in search.cache]


def _readings(search: _Search) -> list[list[Beam]]:
    readings = []
    for tokens, scores in zip(search.done_tokens.tolist(), search.done_scores.tolist(), strict=True):
        texts = ["".join(_character(token) for token in row if token != EOS) for row in tokens]
        readings.append(
            [Beam(text, score) for text, score in zip(texts, scores, strict=True) if score > _NEVER]
        )
    return readings


def _character(token: int) -> str:
    return "~" if token == HALF_STEP else str(token - FIRST_DIGIT)


@torch.inference_mode()
def search_with_generate(
    model: Network,
    tokenizer: Network,
    pictures: torch.Tensor,
    beams: int,
) -> list[list[Beam]]:
    """The readings of each picture by a foreign TrOCR, best first; letters and points are left out of them.

    Args:
        model: Any TrOCR.
        tokenizer: Its own.
        pictures: As its own image processor made them.
        beams: How many readings to look for per picture.
    """
    model.generation_config.max_length = None
    found = model.generate(
        pixel_values=pictures,
        num_beams=beams,
        num_return_sequences=beams,
        max_new_tokens=24,
        do_sample=False,
        length_penalty=0.0,
        early_stopping=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    scores = found.sequences_scores.view(len(pictures), beams).tolist()
    texts = tokenizer.batch_decode(found.sequences, skip_special_tokens=True)
    readings = []
    for row, row_scores in enumerate(scores):
        merged: dict[str, float] = {}
        for text, score in zip(texts[row * beams : (row + 1) * beams], row_scores, strict=True):
            figures = "".join(character for character in text if character in "0123456789~")
            merged[figures] = merged.get(figures, 0.0) + math.exp(score)
        ranked = sorted(merged.items(), key=lambda item: -item[1])
        readings.append([Beam(text, math.log(share)) for text, share in ranked if share > 0])
    return readings
