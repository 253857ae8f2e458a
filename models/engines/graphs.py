"""The small TrOCR as two graphs: what is computed once for a picture, and what for further tokens.

Keys and values of the cross-attention belong to the picture, so the encoder's graph computes them. All
readings of a picture share them, and the decoder's graph sorts its own past by the readings that survived.
PyTorch runs these modules, and ONNX Runtime their export. They are written for the latter: at this size, an
operation more costs more than the numbers in it, so products are joined and rows stay flat.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from models.architecture import Network
from models.vocabulary import COLUMN_SIGNS, TENTHS


class EncoderGraph(nn.Module):
    """Pictures `(n, 3, 32, 160)` to keys and values for each decoder layer, and the other heads' opinions.

    `also` names these, as far as the model has them: `tenths`, the probabilities of the tenth at which the
    last drum stands, `(n, 10)`; `signs`, what each column shows, 0 for nothing, else a digit + 1, `(n, 40)`.
    """

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.encoder = model.encoder
        # Earlier models have fewer heads, the earliest a pooler that nothing uses.
        heads: dict[int, tuple[str, ...]] = {TENTHS: ("tenths",), TENTHS + COLUMN_SIGNS: ("tenths", "signs")}
        self.also = heads.get(model.config.encoder.pooler_output_size, ())
        attention = [layer.attention for layer in model.encoder.layers]
        self.joint = nn.ModuleList(joined([each.q_proj, each.k_proj, each.v_proj]) for each in attention)
        crossed = [layer.encoder_attn for layer in model.decoder.model.decoder.layers]
        self.crossed = joined([part for each in crossed for part in (each.k_proj, each.v_proj)])
        self.heads, self.size = crossed[0].num_heads, crossed[0].head_dim
        embeddings = model.encoder.embeddings
        places = embeddings.position_embeddings.detach().clone()
        places[:, 0] += embeddings.cls_token[:, 0]
        self.places = nn.Parameter(places, requires_grad=False)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Keys `(n, heads, size, columns)`, values `(n, heads, columns, size)`, by layer; then `also`."""
        columns = self.encoder.embeddings.patch_embeddings.projection(pictures).flatten(2).transpose(1, 2)
        hidden = functional.pad(columns, (0, 0, 1, 0)) + self.places
        length, width = hidden.shape[1:]
        hidden = hidden.reshape(-1, width)
        for layer, joint in zip(self.encoder.layers, self.joint, strict=True):
            queries, keys, values = (
                part.reshape(-1, length, self.heads, self.size).transpose(1, 2)
                for part in joint(layer.layernorm_before(hidden)).split(width, 1)
            )
            shares = (torch.matmul(queries, keys.transpose(2, 3)) * self.size**-0.5).softmax(-1)
            seen = torch.matmul(shares, values).transpose(1, 2).reshape(-1, width)
            hidden = hidden + layer.attention.o_proj(seen)
            hidden = hidden + layer.mlp(layer.layernorm_after(hidden))
        states = self.encoder.layernorm(hidden)
        parts = [
            part.reshape(-1, length, self.heads, self.size) for part in self.crossed(states).split(width, 1)
        ]
        crossed = [
            part.permute(0, 2, 1, 3) if index % 2 else part.permute(0, 2, 3, 1)
            for index, part in enumerate(parts)
        ]
        told = self.encoder.pooler.dense(states).reshape(states.shape[0] // length, length, -1)
        tenths = [told[:, 0, :TENTHS].softmax(-1)] if "tenths" in self.also else []
        signs = [told[:, 1:, TENTHS:].argmax(-1)] if "signs" in self.also else []
        return (*crossed, *tenths, *signs)


class DecoderGraph(nn.Module):
    """The log-probabilities of what follows each of `t` tokens, for `k` readings of each of `n` pictures."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.decoder, self.output = model.decoder.model.decoder, model.decoder.output_projection
        attention = [layer.self_attn for layer in self.decoder.layers]
        self.joint = nn.ModuleList(joined([each.q_proj, each.k_proj, each.v_proj]) for each in attention)
        self.heads, self.size = attention[0].num_heads, attention[0].head_dim

    def forward(
        self,
        tokens: torch.Tensor,
        parents: torch.Tensor,
        positions: torch.Tensor,
        unseen: torch.Tensor,
        *memory: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Log-probabilities `(n, k * t, vocabulary)`, the column attended to `(n, k * t)`, and the new past.

        Tokens are `(n, k, t)`, their positions `(t,)`; `unseen` `(t, length + t)` is minus infinity where a
        token may not look back at another, and nought elsewhere. The memory holds the picture's keys and
        values, layer by layer, and after them the past: those of the tokens before, `(n * k, heads, length,
        size)`.
        """
        crossed, past = memory[: len(memory) // 2], memory[len(memory) // 2 :]
        decoder, heads, size, scale = self.decoder, self.heads, self.size, self.size**-0.5
        places = decoder.embed_positions.weight[positions + decoder.embed_positions.offset]
        width, length = heads * size, tokens.shape[2]
        embedded = (decoder.embed_tokens(tokens) + places).reshape(-1, width)
        hidden = decoder.layernorm_embedding(embedded)
        grown: list[torch.Tensor] = []
        shares = hidden
        for index, layer in enumerate(decoder.layers):
            queries, keys, values = (
                part.reshape(-1, length, heads, size).transpose(1, 2)
                for part in self.joint[index](hidden).split(width, 1)
            )
            keys = torch.cat([past[2 * index].index_select(0, parents), keys], 2)
            values = torch.cat([past[2 * index + 1].index_select(0, parents), values], 2)
            grown += [keys, values]
            shares = (torch.matmul(queries, keys.transpose(2, 3)) * scale + unseen).softmax(-1)
            seen = torch.matmul(shares, values).transpose(1, 2).reshape(-1, width)
            seen = layer.self_attn.out_proj(seen)
            hidden = layer.self_attn_layer_norm(hidden + seen)
            attention = layer.encoder_attn
            queries = attention.q_proj(hidden).reshape(tokens.shape[0], -1, heads, size).transpose(1, 2)
            shares = (torch.matmul(queries, crossed[2 * index]) * scale).softmax(-1)
            seen = torch.matmul(shares, crossed[2 * index + 1]).transpose(1, 2).reshape(-1, width)
            hidden = layer.encoder_attn_layer_norm(hidden + attention.out_proj(seen))
            hidden = layer.final_layer_norm(hidden + layer.fc2(layer.activation_fn(layer.fc1(hidden))))
        likely = self.output(hidden).log_softmax(-1)
        # The first place of the memory is the picture as a whole, not a column.
        columns = shares.mean(1)[:, :, 1:].argmax(-1)
        return likely.reshape(tokens.shape[0], -1, likely.shape[1]), columns, *grown


def joined(parts: Sequence[nn.Linear]) -> nn.Linear:
    """Several linear layers of the same input as one."""
    joint = nn.Linear(parts[0].in_features, sum(part.out_features for part in parts))
    with torch.no_grad():
        joint.weight.copy_(torch.cat([part.weight for part in parts]))
        joint.bias.copy_(torch.cat([part.bias for part in parts]))
    return joint


def empty_past(graph: DecoderGraph, rows: int) -> tuple[torch.Tensor, ...]:
    """The past before the first token."""
    nothing = torch.zeros(rows, graph.heads, 0, graph.size)
    return (nothing,) * (2 * len(graph.joint))
