"""Stage four: the averaged weights become a TrOCR folder that loads like any other, with its card."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from models.architecture import Network, new_processor
from models.engines.checkpoints import load_network
from models.evaluation import evaluate
from models.recognizer import Recognizer
from models.training.onnx_export import export_onnx
from models.training.weigh import LEAST_DOUBT, MOST_DOUBT, OTHERS_WEIGHT


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card says that the weights do not: the run and its marks."""

    command: str
    seed: int
    samples: int
    pool_size: int
    shares: dict[str, float]
    learning_rate: float
    held_out: int
    stem_accuracy: float | None
    started_from_weights: bool
    kept_share: float
    measured: str
    calibrated: str
    note: str


# What the card calls the kinds of validation strips.
CALLED = {
    "drawn": "drawn afresh",
    "fonts": "drawn with families of fonts never seen",
    "drums": "glued from drums of meters never seen",
    "harsh": "drawn afresh, in light that may hide single drums",
}


def export_weights(model: Network, target: Path) -> None:
    """Writes weights (as half floats; loading widens them again), configuration and processor to a folder."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    # As files hold tensors.
    model.to(memory_format=torch.contiguous_format)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model.half().save_pretrained(part)
    model.float().load_state_dict(state)
    new_processor().save_pretrained(part)
    # What is exported is what was saved: halves.
    export_onnx(load_network(str(part)), part)
    for file in part.iterdir():
        file.chmod(0o644)
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)


def write_card(path: Path, facts: CardFacts, parameters: int) -> None:
    """Writes the model card: what it is, how it came about, how good it is, what it cannot do."""
    template = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    text = template.format(
        command=facts.command,
        seed=facts.seed,
        samples=f"{facts.samples:,}",
        pool_size=f"{facts.pool_size:,}",
        parameters=f"{parameters:,}",
        beginning=_beginning(facts),
        kept=_kept(facts),
        learning_rate=f"{facts.learning_rate:g}",
        held_out=f"{facts.held_out:,}",
        measured=facts.measured,
        calibrated=facts.calibrated,
        note=facts.note,
        torch=torch.__version__.split("+")[0],
        **{name: f"{share:.3f}" for name, share in facts.shares.items()},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _beginning(facts: CardFacts) -> str:
    if facts.started_from_weights:
        return (
            "The run begins with the weights of an earlier one (`--start-from`) instead of random ones. "
            f"Strips whose number these tell with a doubt between {LEAST_DOUBT:.0%} and {MOST_DOUBT:.0%} "
            f"are chosen most; the others, {OTHERS_WEIGHT:g} times as often."
        )
    accuracy = "not measured" if facts.stem_accuracy is None else f"{facts.stem_accuracy:.3f}"
    return f"The stem learns to tell single real drums apart: accuracy {accuracy} on meters kept out."


def _kept(facts: CardFacts) -> str:
    if not facts.kept_share:
        return "the exponential average"
    kept, learned = facts.kept_share, 1 - facts.kept_share
    return (
        f"{learned:.0%} of the exponential average and {kept:.0%} of the weights that the run began with, "
        "but for layers that these lack (Wortsman et al. 2022)"
    )


def measured_rows(directory: Path, recognizer: Recognizer) -> str:
    """A paragraph of the card: the marks on real strips, which were measured and never trained on."""
    marks = evaluate(directory, recognizer, window=True)
    shares = ", ".join(f"{share:.3f} at {coverage:.0%}" for coverage, share in marks.exact_at.items())
    return (
        f"\nReal counters cut out by others ({marks.complete} complete ones of {marks.pictures}; development "
        f"pictures), read as the recognizer reads, number of drums not told: exact {shares} coverage; "
        f"{marks.exact_or_half_step:.3f} with either side of a half step; {marks.per_drum:.3f} of the drums; "
        f"the truth among five candidates in {marks.in_top_5:.3f}; "
        f"calibration error {marks.calibration_error:.3f}.\n"
    )
