"""Accuracy and cost of this reader and others on the same strips, in one run on one core.

    python benchmarks/reader.py [STRIPS] [--most 120] [--frames FRAMES]

STRIPS is a folder with `labels.csv` and cut-out counters, FRAMES one with whole pictures. Costs are processor
time (user and system, children included), median and mean, from the pixels to the text; a command pays its
start as people do. Tesseract (`apt install tesseract-ocr`) and RapidOCR (`pip install rapidocr-onnxruntime`)
are skipped where missing.
"""

import argparse
import csv
import importlib
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import load_calibration
from models.engines.engine import Memory
from models.engines.onnx_engine import OnnxEngine
from models.evaluation import Label, is_right, read_labels
from models.finder import find_register
from models.looks import look
from models.picture import open_picture
from models.recognizer import BUILTIN, Recognizer, load_recognizer

Picture = NDArray[np.uint8]
Reader = Callable[[Sequence[Picture]], list[str]]
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `exact` is None where weights are random."""

    name: str
    exact: float | None
    milliseconds: float
    mean_milliseconds: float
    strips: int


def processor_s() -> float:
    """Processor time of this process and its children so far."""
    # The times of `os.times` are whole hundredths of a second.
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(
    name: str, reader: Reader, strips: Sequence[Picture], labels: Sequence[Label] | None, batch: int = 1
) -> Row:
    """Reads all strips after one batch to warm up."""
    reader(strips[:batch])
    texts: list[str] = []
    costs: list[float] = []
    for first in range(0, len(strips) - len(strips) % batch, batch):
        started = processor_s()
        texts += reader(strips[first : first + batch])
        costs.append((processor_s() - started) * 1000 / batch)
    exact = None
    if labels is not None:
        exact = sum(
            is_right(each, text, prefix=False) for each, text in zip(labels, texts, strict=False)
        ) / len(texts)
    row = Row(name, exact, median(costs), mean(costs), len(texts))
    print(as_line(row), flush=True)
    return row


class Undrafted(OnnxEngine):
    """The engine, but for what its columns show: every window is searched."""

    def encode(self, pictures: NDArray[np.float32]) -> Memory:
        """See `Engine`."""
        return replace(super().encode(pictures), signs=None)


def ours(recognizer: Recognizer) -> Reader:
    """This reader."""
    return lambda strips: [each.best.text if each.best else "" for each in recognizer.read(strips)]


def trocr_small() -> Reader:
    """The architecture of microsoft/trocr-small-printed with random weights: as slow as the real one."""
    torch, transformers = (importlib.import_module(name) for name in ("torch", "transformers"))
    torch.set_num_threads(1)
    encoder = transformers.DeiTConfig(
        image_size=384, hidden_size=384, num_attention_heads=6, intermediate_size=1536
    )
    decoder = transformers.TrOCRConfig(
        vocab_size=64044,
        d_model=256,
        decoder_layers=6,
        decoder_attention_heads=8,
        decoder_ffn_dim=1024,
        cross_attention_hidden_size=384,
        tie_word_embeddings=False,
        scale_embedding=True,
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    model = transformers.VisionEncoderDecoderModel(config=config).eval()
    millions = sum(values.numel() for values in model.parameters()) / 1e6
    print(f"(trocr-small built with {millions:.1f} million parameters)")
    images = transformers.ViTImageProcessorPil(size={"height": 384, "width": 384})
    options = {"decoder_start_token_id": 2, "pad_token_id": 1, "min_new_tokens": 8, "max_new_tokens": 8}

    def read(strips: Sequence[Picture]) -> list[str]:
        pixels = images(images=list(strips), return_tensors="pt").pixel_values
        with torch.inference_mode():
            return [str(row) for row in model.generate(pixel_values=pixels, num_beams=1, **options)]

    return read


def tesseract(strips: Sequence[Picture]) -> list[str]:
    """Debian's command, told to expect one line of digits."""
    texts = []
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        for strip in strips:
            cv2.imwrite(file.name, cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
            command = ["tesseract", file.name, "-", "--psm", "7", "-c", "tessedit_char_whitelist=0123456789"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            texts.append("".join(filter(str.isdigit, done.stdout)))
    return texts


def rapid_ocr() -> Reader:
    """RapidOCR's recogniser alone, without its search for text."""
    engine = importlib.import_module("rapidocr_onnxruntime").RapidOCR(
        intra_op_num_threads=1, inter_op_num_threads=1
    )

    def read(strips: Sequence[Picture]) -> list[str]:
        texts = []
        for strip in strips:
            found, _ = engine(
                cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), use_det=False, use_cls=False, use_rec=True
            )
            texts.append("".join(filter(str.isdigit, found[0][0])) if found else "")
        return texts

    return read


def whole_frames(folder: Path, recognizer: Recognizer) -> str:
    """What finding and reading whole frames without a hint costs, and how many are read right."""
    labels = read_labels(folder)
    frames = [open_picture(folder / label.file) for label in labels]
    find_register(frames[0], recognizer)
    costs, texts = [], []
    for frame in frames:
        started = processor_s()
        found = find_register(frame, recognizer)
        costs.append((processor_s() - started) * 1000)
        texts.append(found.recognition.best.text if found and found.recognition.best else "")
    most = np.quantile(costs, 0.95)
    return (
        f"{len(costs)} whole frames: median {median(costs):.0f} ms, 19 of 20 at most {most:.0f} ms\n"
        + frames_right(folder, dict(zip((label.file for label in labels), texts, strict=True)))
    )


def frames_right(folder: Path, texts: dict[str, str]) -> str:
    """How many complete counters are read right: of all frames, of those with a box, of displays."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        displays = {row["file"] for row in csv.DictReader(file) if row.get("kind") == "lcd"}
    complete = [label for label in read_labels(folder) if label.is_complete]
    groups = {
        "all": complete,
        "with a box": [label for label in complete if label.box],
        "displays": [label for label in complete if label.file in displays],
    }
    return "right: " + ", ".join(
        f"{name} {sum(is_right(each, texts[each.file], prefix=True) for each in group)} of {len(group)}"
        for name, group in groups.items()
    )


def as_line(row: Row) -> str:
    """The row as a line of a Markdown table."""
    exact = "-" if row.exact is None else f"{row.exact:.3f}"
    return f"| {row.name} | {row.strips} | {exact} | {row.milliseconds:.1f} | {row.mean_milliseconds:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strips", type=Path, nargs="?", default=Path("../shared/data/strips"))
    parser.add_argument("--most", type=int, default=120, help="strips to read at most")
    parser.add_argument("--frames", type=Path, help="whole pictures to find and read the counter in")
    arguments = parser.parse_args()
    if arguments.most < 1:
        parser.error("--most: at least one strip")
    cv2.setNumThreads(1)
    labels = [label for label in read_labels(arguments.strips) if label.is_complete]
    labels = labels[:: -(-len(labels) // arguments.most)]
    strips = [open_picture(arguments.strips / label.file) for label in labels]
    print(f"{len(strips)} strips, {time.strftime('%Y-%m-%d')}\n")
    print("| reader | strips | exact | CPU ms, median | mean |\n| --- | --- | --- | --- | --- |")
    calibration = load_calibration(BUILTIN)
    onnx, torch = load_recognizer(engine="onnx"), load_recognizer(engine="torch")
    first = timed("this reader, ONNX Runtime, one at a time", ours(onnx), strips, labels)
    if len(strips) >= _BATCH:
        timed(f"this reader, ONNX Runtime, {_BATCH} at a time", ours(onnx), strips, labels, _BATCH)
    searching = Recognizer(
        "no drafts", "", partial(look, Undrafted(BUILTIN), calibration.sure_above), calibration
    )
    timed("this reader, ONNX Runtime, without drafts, one at a time", ours(searching), strips, labels)
    once = Recognizer("one look", "", partial(look, OnnxEngine(BUILTIN), 0.0), calibration)
    timed("this reader, ONNX Runtime, one look only, one at a time", ours(once), strips, labels)
    timed("this reader, PyTorch, one at a time", ours(torch), strips[:30], labels)
    rows = [timed("trocr-small, random weights, PyTorch", trocr_small(), strips[:6], None)]
    if shutil.which("tesseract"):
        rows.append(timed("Tesseract's command", tesseract, strips, labels))
    else:
        print("Tesseract skipped: the command is not installed")
    try:
        rows.append(timed("RapidOCR's recogniser", rapid_ocr(), strips, labels))
    except ImportError:
        print("RapidOCR skipped: rapidocr-onnxruntime is not installed")
    print()
    for row in rows:
        ratio, by_means = (
            row.milliseconds / first.milliseconds,
            row.mean_milliseconds / first.mean_milliseconds,
        )
        print(f"{row.name}: {ratio:.0f}x this reader's time, by means {by_means:.0f}x")
    if arguments.frames:
        print(whole_frames(arguments.frames, onnx))


if __name__ == "__main__":
    main()
