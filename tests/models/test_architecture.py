from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import TrOCRProcessor, VisionEncoderDecoderModel

from models.architecture import new_model, new_processor
from models.vocabulary import EOS, PAD, tokens_of


@pytest.mark.parametrize("text", ["0", "0361097", "999~"])
def test_the_tokenizer_and_the_training_agree(text: str) -> None:
    tokenizer = new_processor().tokenizer
    assert tokenizer(text).input_ids[1:-1] == tokens_of(text)
    assert tokenizer.decode([*tokens_of(text), EOS, PAD], skip_special_tokens=True) == text


def test_saved_it_opens_as_a_trocr_and_sees_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = new_model().eval()
    model.save_pretrained(tmp_path)
    new_processor().save_pretrained(tmp_path)
    opened = VisionEncoderDecoderModel.from_pretrained(tmp_path)
    processor = TrOCRProcessor.from_pretrained(tmp_path)
    strip = np.random.default_rng(0).integers(0, 256, (50, 300, 3), np.uint8)
    pictures = processor(images=[strip], return_tensors="pt").pixel_values
    assert pictures.shape == (1, 3, 32, 160)
    with torch.no_grad():
        expected = model.encoder(pictures).last_hidden_state
        assert torch.equal(opened.encoder(pictures).last_hidden_state, expected)


@pytest.mark.parametrize(("factor", "offset"), [(0.3, 0.0), (1.0, 0.1), (0.5, 0.4)])
def test_light_and_contrast_hardly_matter(factor: float, offset: float) -> None:
    torch.manual_seed(0)
    encoder = new_model().eval().encoder
    picture = torch.rand(1, 3, 32, 160)
    with torch.no_grad():
        plain = encoder(picture).last_hidden_state
        changed = encoder(picture * factor + offset).last_hidden_state
    assert float((plain - changed).abs().mean()) < 0.1 * float(plain.abs().mean())
