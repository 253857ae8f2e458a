"""Trains the reader, by stages that each resume: `python -m models.training STAGE`, or `all` in turn."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from models.calibration import save_calibration
from models.engines.onnx_engine import OnnxEngine
from models.marks import reliability
from models.recognizer import BUILTIN, load_recognizer
from models.training.calibrate import Outcome, described, fit_calibration, look_at_strips, measure
from models.training.export import CALLED, CardFacts, export_weights, measured_rows, write_card
from models.training.fit import FitPlan, FitProgress, OtherShape, fit, load_state, log_progress, validate
from models.training.own import keep_some, start_from
from models.training.pool import PoolSources, draw_pool
from models.training.stem import pretrain_stem
from models.training.weigh import weigh_pool

STAGES = ("pool", "stem", "weigh", "train", "export", "calibrate", "all")
_logger = logging.getLogger(__name__)
_CARD = Path(__file__).parents[1] / "cards" / "trocr-meter-small.md"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    stage: str
    home: Path
    drums: Path
    without_drums: bool
    fonts: Path | None
    shards: int
    shard_size: int
    held_out_size: int
    stem_steps: int
    samples: int
    learning_rate: float
    batch: int
    start_from: Path | None
    keep_share: float
    seed: int
    threads: int
    target: Path
    card: Path
    measure: Path | None
    calibration_strips: int
    note: str


def options_of(arguments: Sequence[str]) -> Options:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    add = parser.add_argument
    add("stage", choices=STAGES, help="what to do; each stage resumes")
    add("--home", type=Path, default=Path("var/training"), help="pool and checkpoint (default %(default)s)")
    add(
        "--drums",
        type=Path,
        default=Path("../shared/data/drums.parquet"),
        help="single drums to glue strips from",
    )
    add("--without-drums", action="store_true", help="draw all strips, glue none from real drums")
    add("--fonts", type=Path, help="folder of font files to draw with besides the project's own strokes")
    add("--shards", type=int, default=24, help="shards of the pool (default %(default)s)")
    add("--shard-size", type=int, default=5000, help="strips per shard (default %(default)s)")
    add("--held-out-size", type=int, default=1500, help="strips per kind of validation (default %(default)s)")
    add("--stem-steps", type=int, default=1500, help="steps of the stem's own training (default %(default)s)")
    add(
        "--samples", type=int, default=600_000, help="strips that the model sees in all (default %(default)s)"
    )
    add("--learning-rate", type=float, default=1e-3, help="highest of the run (default %(default)s)")
    add("--batch", type=int, default=64, help="strips per step (default %(default)s)")
    add("--start-from", type=Path, help="folder of weights to begin with instead of a stem and random ones")
    add(
        "--keep-share",
        type=float,
        default=0.0,
        help="share of the weights begun with that stays in those exported (default %(default)s)",
    )
    add("--seed", type=int, default=0, help="of everything random (default %(default)s)")
    add("--threads", type=int, default=2, help="of torch, and drawing processes (default %(default)s)")
    add("--target", type=Path, default=BUILTIN, help="folder for the weights (default %(default)s)")
    add("--card", type=Path, default=_CARD, help="the card to write (default %(default)s)")
    add(
        "--measure",
        type=Path,
        help="folder of real strips with labels.csv, measured for the card, never trained on",
    )
    add(
        "--calibration-strips",
        type=int,
        default=1000,
        help="strips per kind of validation to calibrate with, half of them to measure (default %(default)s)",
    )
    add("--note", default="", help="a sentence for the card about this run")
    options = Options(**vars(parser.parse_args(arguments)))
    if options.stage == "weigh" and options.start_from is None:
        parser.error("weigh asks a reader what it doubts: name its folder with --start-from.")
    return options


def run(options: Options, watch: Callable[[FitProgress], None] = log_progress) -> None:
    """Does one stage, or all in turn; `watch` hears how training goes."""
    cv2.setNumThreads(1)
    torch.set_num_threads(options.threads)
    if options.stage in {"pool", "all"}:
        sizes = (options.shards, options.shard_size, options.held_out_size)
        sources = PoolSources(options.home / "pool", _drums(options), options.fonts, *sizes)
        draw_pool(sources, seed=options.seed, processes=options.threads)
    if options.stage in {"stem", "all"} and options.start_from is None:
        accuracy = pretrain_stem(
            options.drums, options.home / "stem.pt", steps=options.stem_steps, seed=options.seed
        )
        (options.home / "stem.txt").write_text(f"{accuracy:.4f}\n", encoding="utf-8")
    if options.stage in {"weigh", "all"} and options.start_from is not None:
        weigh_pool(options.start_from, options.home / "pool")
    if options.stage in {"train", "all"}:
        if options.start_from is not None:
            start_from(_plan(options), options.start_from)
        fit(_plan(options), watch)
    if options.stage in {"export", "all"}:
        _export(options)
    if options.stage == "calibrate":
        _calibrate(options)


def _drums(options: Options) -> Path | None:
    return None if options.without_drums else options.drums


def _calibrate(options: Options) -> dict[str, Outcome]:
    """Fits the calibration of the exported weights, keeps it beside them, and says what it is worth."""
    looks = look_at_strips(OnnxEngine(options.target), options.home / "pool", options.calibration_strips)
    calibration = fit_calibration(looks)
    save_calibration(options.target, calibration)
    outcomes = measure(looks, calibration)
    rows = {kind: reliability(each.probabilities, each.right) for kind, each in outcomes.items()}
    (options.home / "reliability.json").write_text(json.dumps(rows), encoding="utf-8")
    for kind, each in outcomes.items():
        _logger.info("calibrate: %s, %s", kind, described(each))
    return outcomes


def _plan(options: Options) -> FitPlan:
    return FitPlan(
        options.home / "pool",
        options.home / "stem.pt",
        options.home / "checkpoint.pt",
        options.samples,
        batch=options.batch,
        learning_rate=options.learning_rate,
        seed=options.seed,
    )


def _export(options: Options) -> None:
    state = load_state(_plan(options))
    stem = options.home / "stem.txt"
    if options.start_from is not None and options.keep_share:
        keep_some(state.average, options.start_from, options.keep_share)
    export_weights(state.average, options.target)
    outcomes = _calibrate(options)
    measured = measured_rows(options.measure, load_recognizer(str(options.target))) if options.measure else ""
    facts = CardFacts(
        command=_command(options),
        seed=options.seed,
        samples=state.seen,
        pool_size=options.shard_size * len(list((options.home / "pool").glob("train-*.texts.npy"))),
        shares=validate(state.average, options.home / "pool", options.held_out_size),
        learning_rate=options.learning_rate,
        held_out=options.held_out_size,
        stem_accuracy=float(stem.read_text(encoding="utf-8")) if stem.exists() else None,
        started_from_weights=options.start_from is not None,
        kept_share=options.keep_share,
        measured=measured,
        calibrated="\n".join(f"| {CALLED[kind]} | {described(each)} |" for kind, each in outcomes.items()),
        note=options.note,
    )
    write_card(options.card, facts, sum(values.numel() for values in state.average.parameters()))


def _command(options: Options) -> str:
    drums = "--without-drums" if options.without_drums else f"--drums {options.drums}"
    fonts = f" --fonts {options.fonts}" if options.fonts else ""
    start = f" --start-from {options.start_from}" if options.start_from else ""
    start += f" --keep-share {options.keep_share:g}" if options.keep_share else ""
    return (
        f"python -m models.training all {drums}{fonts}{start} --shards {options.shards} "
        f"--shard-size {options.shard_size} --samples {options.samples} "
        f"--learning-rate {options.learning_rate:g} --batch {options.batch} "
        f"--seed {options.seed}"
    )


if __name__ == "__main__":
    # Dying activations turn into denormal numbers, which processors compute many times slower.
    torch.set_flush_denormal(True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        run(options_of(sys.argv[1:]))
    except OtherShape as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
