"""The small TrOCR: a ViT whose patches come from a convolutional stem, and TrOCR's own text decoder.

It is a `VisionEncoderDecoderModel` like every TrOCR (Li et al., 2021), so any other TrOCR checkpoint loads
through the same door. The stem stands in for the patch projection: at this size, convolutions learn strokes
from far fewer pictures than one linear patch does.
"""

from typing import Any, TypeAlias

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from torch import nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    PreTrainedTokenizerFast,
    TrOCRConfig,
    TrOCRProcessor,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
)

from models.vocabulary import BOS, COLUMN_SIGNS, EOS, INPUT_HEIGHT, INPUT_WIDTH, PAD, TENTHS, VOCABULARY

# transformers types the attributes of its modules as tensors, so networks travel untyped.
Network: TypeAlias = Any

COLUMN_WIDTH = 4
_HIDDEN, _HEADS, _FEED_FORWARD = 128, 4, 384
_REFINED_BLOCKS = 3
_FAINTEST = 4 / 255


class ConvStem(nn.Conv2d):
    """Turns `(n, 3, 32, 160)` pictures from 0 to 1 into `(n, hidden, 1, 40)` columns.

    It is a `Conv2d` because `ViTModel` asks its projection for a weight. Each picture is brought to zero mean
    and unit deviation first, so that dim and bright pictures look alike; what is fainter than `_FAINTEST`
    stays faint. `refined` of its three blocks, from the last on, are each followed by two convolutions that
    add to what they see.
    """

    def __init__(self, hidden: int, refined: int) -> None:
        super().__init__(96, hidden, (4, 1))
        self.blocks = nn.Sequential(_block(3, 24, 2), _block(24, 48, 2), _block(48, 96, (2, 1)))
        plain = len(self.blocks) - refined
        self.refinements = nn.ModuleList(
            nn.Identity() if index < plain else Refinement(width) for index, width in enumerate((24, 48, 96))
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Columns of features, see the class."""
        mean = pictures.mean((1, 2, 3), keepdim=True)
        deviation = pictures.std((1, 2, 3), keepdim=True)
        seen = (pictures - mean) / (deviation + _FAINTEST)
        for block, refinement in zip(self.blocks, self.refinements, strict=True):
            seen = refinement(block(seen))
        return super().forward(seen)


class Refinement(nn.Module):
    """Two convolutions that add to what they see (He et al., 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _block(width, width, 1)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.scale = nn.BatchNorm2d(width)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Features of the same size."""
        refined: torch.Tensor = functional.relu(seen + self.scale(self.second(self.first(seen))))
        return refined


def _block(inputs: int, outputs: int, stride: int | tuple[int, int]) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class ConvStemViTConfig(ViTConfig):
    """A ViT configuration under its own name, so that the automatic classes find the stem."""

    model_type = "convstem_vit"
    # Checkpoints that do not tell have none.
    refined_blocks: int = 0


class ConvStemViT(ViTModel):
    """A ViT that sees columns of a strip through a `ConvStem`."""

    config_class = ConvStemViTConfig

    def __init__(self, config: ConvStemViTConfig, **options: bool) -> None:
        super().__init__(config, **options)
        self.embeddings.patch_embeddings.projection = ConvStem(config.hidden_size, config.refined_blocks)


AutoConfig.register("convstem_vit", ConvStemViTConfig, exist_ok=True)
AutoModel.register(ConvStemViTConfig, ConvStemViT, exist_ok=True)


def new_stem() -> ConvStem:
    """An untrained stem, as the small TrOCR has it."""
    return ConvStem(_HIDDEN, _REFINED_BLOCKS)


def new_model() -> Network:
    """An untrained small TrOCR of 2.1 million parameters."""
    encoder = ConvStemViTConfig(
        image_size=[INPUT_HEIGHT, INPUT_WIDTH],
        patch_size=[INPUT_HEIGHT, COLUMN_WIDTH],
        hidden_size=_HIDDEN,
        num_hidden_layers=8,
        refined_blocks=_REFINED_BLOCKS,
        num_attention_heads=_HEADS,
        intermediate_size=_FEED_FORWARD,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        # The pooler, which TrOCR has no use for, is two more heads: of the picture as a whole, by how many
        # tenths of a step the last drum has left its digit; of each column, the digit that it shows.
        pooler_output_size=TENTHS + COLUMN_SIGNS,
        pooler_act="linear",
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, _decoder_config())
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = BOS, PAD, EOS
    model: Network = VisionEncoderDecoderModel(config=config)
    embeddings = model.encoder.embeddings
    nn.init.normal_(embeddings.position_embeddings, std=0.02)
    nn.init.normal_(embeddings.cls_token, std=0.02)
    generation = model.generation_config
    generation.decoder_start_token_id, generation.pad_token_id, generation.eos_token_id = BOS, PAD, EOS
    generation.bos_token_id, generation.max_length = BOS, 16
    return model


def _decoder_config() -> TrOCRConfig:
    decoder = TrOCRConfig(
        vocab_size=len(VOCABULARY),
        d_model=_HIDDEN,
        decoder_layers=2,
        decoder_attention_heads=_HEADS,
        decoder_ffn_dim=_FEED_FORWARD,
        max_position_embeddings=20,
        cross_attention_hidden_size=_HIDDEN,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        is_decoder=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
    )
    decoder.add_cross_attention = True
    return decoder


def new_processor() -> TrOCRProcessor:
    """The small TrOCR's processor: strips squashed to 32 x 160, one token per character."""
    tokenizer = Tokenizer(models.WordLevel(dict(zip(VOCABULARY, range(len(VOCABULARY)), strict=True)), "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", None, [("<s>", BOS), ("</s>", EOS)]
    )
    # PreTrainedTokenizerFast and TrOCRProcessor leave their constructors untyped.
    wrap: Any = PreTrainedTokenizerFast
    special = dict(
        zip(("pad_token", "bos_token", "eos_token", "unk_token"), ("<pad>", "<s>", "</s>", "?"), strict=True)
    )
    fast = wrap(tokenizer_object=tokenizer, model_max_length=20, **special)
    images = ViTImageProcessorPil(size={"height": INPUT_HEIGHT, "width": INPUT_WIDTH}, do_normalize=False)
    assemble: Any = TrOCRProcessor
    processor: TrOCRProcessor = assemble(images, fast)
    return processor
