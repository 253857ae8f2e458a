"""Two readers on the same labelled pictures, each picture seen several times a little otherwise.

    python benchmarks/reader_luck.py NEW OLD --strips STRIPS --frames FRAMES --pool var/training/pool

What is read of a picture as it lies there is one draw among many, and readers are chosen by such draws. Seen
several times, cut or turned a little, a picture says how often it is read; the standard error is that of the
difference between pictures. NEW and OLD are `builtin` or folders of weights. A label of a whole picture may
leave out the last drums; those of a strip name all. Strips that a training kept out are as many as one likes,
so they are read as they are, and what counts is how many only one of the two reads right. What plates print
beside counters, and counters turned or mirrored, drawn in families of fonts that no training sees, are to be
read as nothing.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.evaluation import Label, Reading, best_is_right, read_labels
from models.finder import find_register
from models.picture import open_picture
from models.recognizer import Recognition, Recognizer, load_recognizer
from models.rendering.counterless import lettered_strip, turned_strip
from models.training.pool import VALIDATION_KINDS, typefaces

Picture = NDArray[np.uint8]
_BATCH, _WITHOUT_COUNTER = 32, 2000


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("new")
    parser.add_argument("old")
    parser.add_argument("--strips", type=Path, help="folder with labels.csv and cut-out counters")
    parser.add_argument("--frames", type=Path, help="folder with labels.csv and whole pictures")
    parser.add_argument("--pool", type=Path, help="pool of a training, for the strips that it kept out")
    parser.add_argument("--prints", type=Path, help="folder of font files, to draw what is no counter")
    parser.add_argument("--times", type=int, default=8, help="how often each is seen (default %(default)s)")
    options = parser.parse_args()
    readers = [load_recognizer(name) for name in (options.new, options.old)]
    if options.pool is not None:
        print_kept_out(options.pool, readers)
    if options.prints is not None:
        print_taken_for_counters(options.prints, readers)
    if options.strips is not None or options.frames is not None:
        print("| pictures | new | old | difference | standard error |\n| --- | --- | --- | --- | --- |")
    for folder, varied, read, prefix in (
        (options.strips, cut_otherwise, read_strip, False),
        (options.frames, turned_otherwise, read_frame, True),
    ):
        if folder is not None:
            shares = shares_right(folder, readers, varied, read, options.times, prefix=prefix)
            apart = shares[:, 0] - shares[:, 1]
            new, old = shares.mean(0).tolist()
            error = float(apart.std() / np.sqrt(len(apart)))
            print(
                f"| {len(apart)} of {folder.name} | {new:.3f} | {old:.3f} | {new - old:+.3f} | {error:.3f} |"
            )


def print_kept_out(pool: Path, readers: list[Recognizer]) -> None:
    """Prints how much of what training kept out each reader reads right, and how much only one of the two."""
    print("| kept out | strips | new | old | only new | only old |\n| --- | --- | --- | --- | --- | --- |")
    for kind in VALIDATION_KINDS:
        texts = np.load(pool / f"val-{kind}.texts.npy").tolist()
        pictures = np.load(pool / f"val-{kind}.pictures.npy", mmap_mode="r")
        new, old = (right_of(pictures, texts, reader) for reader in readers)
        only_new, only_old = int((new & ~old).sum()), int((old & ~new).sum())
        print(
            f"| {kind} | {len(new)} | {new.mean():.3f} | {old.mean():.3f} | {only_new} | {only_old} |",
            flush=True,
        )
    print()


def print_taken_for_counters(fonts: Path, readers: list[Recognizer]) -> None:
    """Prints how many strips without a counter to read each reader takes for one, by how sure it is."""
    faces, rng = typefaces(fonts, held_out=True), np.random.default_rng(0)
    drums, displays = ([face for face in faces if face.is_lcd == is_display] for is_display in (False, True))
    print("| no counter to read | read with more than | new | old |\n| --- | --- | --- | --- |")
    for name, draw, suited in (
        ("prints", lettered_strip, faces),
        ("drums turned or mirrored", turned_strip, drums),
        ("displays turned or mirrored", turned_strip, displays),
    ):
        strips = [draw(rng, suited).picture for _ in range(_WITHOUT_COUNTER)]
        found = [[each.best.probability for each in reader.read(strips) if each.best] for reader in readers]
        for least in (0.0, 0.5, 0.9):
            new, old = (sum(probability > least for probability in one) for one in found)
            print(f"| {len(strips)} {name} | {least:g} | {new} | {old} |", flush=True)
    print()


def right_of(pictures: Picture, texts: list[str], reader: Recognizer) -> NDArray[np.bool_]:
    """Whether each of these strips is read right, half steps aside."""
    right = []
    for start in range(0, len(texts), _BATCH):
        wanted = [text.rstrip("~") for text in texts[start : start + _BATCH]]
        found = reader.read([np.array(each) for each in pictures[start : start + len(wanted)]])
        right += [
            each.best is not None and each.best.text == text for each, text in zip(found, wanted, strict=True)
        ]
    return np.array(right, np.bool_)


def shares_right(
    folder: Path,
    readers: list[Recognizer],
    varied: Callable[[Picture, np.random.Generator], Picture],
    read: Callable[[Picture, Recognizer], Recognition | None],
    times: int,
    *,
    prefix: bool,
) -> NDArray[np.float64]:
    """How often each reader reads each complete picture of a folder right, `(pictures, readers)`.

    `prefix` is that of `is_right`.
    """
    rng = np.random.default_rng(0)
    rows = []
    for label, picture in pictures_of(folder):
        seen = [varied(picture, rng) for _ in range(times)]
        found = [[read(each, reader) for each in seen] for reader in readers]
        rows.append(
            [
                np.mean(
                    [each is not None and best_is_right(Reading(label, each), prefix=prefix) for each in one]
                )
                for one in found
            ]
        )
    return np.array(rows, np.float64)


def pictures_of(folder: Path) -> Iterator[tuple[Label, Picture]]:
    """The complete labels of a folder, each with its picture."""
    for label in read_labels(folder):
        if label.is_complete:
            yield label, open_picture(folder / label.file)


def read_strip(picture: Picture, reader: Recognizer) -> Recognition:
    """What is read of a cut-out counter."""
    return reader.read([picture])[0]


def read_frame(picture: Picture, reader: Recognizer) -> Recognition | None:
    """What is read of a whole picture, without a hint."""
    found = find_register(picture, reader)
    return None if found is None else found.recognition


def cut_otherwise(picture: Picture, rng: np.random.Generator) -> Picture:
    """A strip with a little more or less at each side, a little tilted."""
    height, width = picture.shape[:2]
    left, right = rng.uniform(-0.03, 0.012, 2) * width
    (top, bottom), tilt = rng.uniform(-0.06, 0.03, 2) * height, rng.uniform(-0.012, 0.012) * height
    corners = [[left, top + tilt], [width - right, top - tilt], [left, height - bottom + tilt]]
    matrix = cv2.getAffineTransform(
        np.array(corners, np.float32), np.array([[0, 0], [width, 0], [0, height]], np.float32)
    )
    return _warped(picture, matrix, cv2.INTER_CUBIC)


def turned_otherwise(picture: Picture, rng: np.random.Generator) -> Picture:
    """A whole picture turned, scaled and shifted a little."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), rng.uniform(0.85, 1.05))
    matrix[:, 2] += rng.uniform(-0.03, 0.03, 2) * width
    return _warped(picture, matrix, cv2.INTER_LINEAR)


def _warped(picture: Picture, matrix: cv2.typing.MatLike, how: int) -> Picture:
    size = (picture.shape[1], picture.shape[0])
    seen = cv2.warpAffine(picture, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


if __name__ == "__main__":
    main()
