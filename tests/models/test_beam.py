import math

import pytest
import torch

from models.architecture import Network, new_model
from models.beam import search
from models.engines.torch_engine import TorchEngine
from models.vocabulary import BOS, EOS, tokens_of


@pytest.fixture(scope="module")
def model() -> Network:
    torch.manual_seed(0)
    network = new_model().eval()
    with torch.no_grad():
        for values in network.parameters():
            # An untrained model finds everything alike; with larger weights it has opinions.
            values.mul_(2.5 if values.dim() > 1 else 1)
    return network


def _pictures(count: int, seed: int) -> torch.Tensor:
    return torch.rand(count, 3, 32, 160, generator=torch.Generator().manual_seed(seed))


def _by_the_book(model: Network, picture: torch.Tensor, texts: list[str]) -> list[float]:
    """The log-probability of each reading by the model's own forward pass, all its tokens at once."""
    rows = [[BOS, *tokens_of(text), EOS] for text in texts]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [EOS] * (longest - len(row)) for row in rows])
    with torch.no_grad():
        hidden = model.encoder(picture[None]).last_hidden_state.expand(len(rows), -1, -1)
        likely = model.decoder(input_ids=tokens[:, :-1], encoder_hidden_states=hidden).logits.log_softmax(-1)
    scores = likely.gather(2, tokens[:, 1:, None])[..., 0]
    return [float(score[: len(row) - 1].sum()) for score, row in zip(scores, rows, strict=True)]


@pytest.mark.parametrize("digits", [None, 1, 7, 14])
def test_scores_are_the_models_own_probabilities(model: Network, digits: int | None) -> None:
    engine, pictures = TorchEngine(model), _pictures(3, seed=1)
    readings, empty = search(engine, engine.encode(pictures.numpy()), 3, 6, digits)
    for picture, beams, nothing in zip(pictures, readings, empty, strict=True):
        assert len(beams) == 6
        assert [b.log_probability for b in beams] == sorted((b.log_probability for b in beams), reverse=True)
        assert sum(math.exp(beam.log_probability) for beam in beams) + nothing <= 1 + 1e-6
        expected = _by_the_book(model, picture, ["", *(beam.text for beam in beams)])
        assert nothing == pytest.approx(math.exp(expected[0]), abs=1e-5)
        assert [beam.log_probability for beam in beams] == pytest.approx(expected[1:], abs=1e-3)
        assert all(digits in {None, len(beam.text.rstrip("~"))} for beam in beams)


def test_a_wide_beam_finds_the_best_of_all(model: Network) -> None:
    engine, picture = TorchEngine(model), _pictures(1, seed=2)
    readings, _ = search(engine, engine.encode(picture.numpy()), 1, 40, 2)
    texts = [f"{number:02d}{half}" for number in range(100) for half in ("", "~")]
    everything = dict(zip(texts, _by_the_book(model, picture[0], texts), strict=True))
    best = sorted(everything, key=lambda text: -everything[text])[:5]
    assert [beam.text for beam in readings[0][:5]] == best


def test_a_digit_stands_where_the_model_looked_while_writing_it(model: Network) -> None:
    engine, pictures = TorchEngine(model), _pictures(2, seed=3)
    readings, _ = search(engine, engine.encode(pictures.numpy()), 2, 4, None)
    model.decoder.set_attn_implementation("eager")
    for picture, beams in zip(pictures, readings, strict=True):
        for beam in beams:
            with torch.no_grad():
                seen = model.decoder(
                    input_ids=torch.tensor([[BOS, *tokens_of(beam.text)]]),
                    encoder_hidden_states=model.encoder(picture[None]).last_hidden_state,
                    output_attentions=True,
                )
            columns = seen.cross_attentions[-1][0].mean(0)[:, 1:].argmax(-1)
            digits = len(beam.text.rstrip("~"))
            assert beam.places == pytest.approx((columns[:digits].numpy() + 0.5) / 40)
