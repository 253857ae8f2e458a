"""`smartmeter train`: a reader trained further, taken over only if it reads better."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from models.recognizer import BUILTIN, load_recognizer
from models.training.__main__ import options_of, run
from models.training.fit import FitProgress, OtherShape
from models.training.own import compare, draw_own_shard
from tasks.settings import SettingsError

Watch = Callable[[FitProgress], None]


@dataclass(frozen=True, slots=True)
class TrainingWish:
    """What `smartmeter train` was asked for; folders hold `labels.csv` and windows."""

    home: Path
    own: tuple[Path, ...]
    test: tuple[Path, ...]
    drums: Path | None
    fonts: Path | None
    samples: int
    shards: int
    shard_size: int
    seed: int
    present: str
    adopt: bool


def train_reader(wish: TrainingWish, console: Console) -> bool:
    """Train, compare with the present reader, and adopt the new one if that is wished and it is better.

    Returns:
        False where a wished reader was not adopted.

    Raises:
        SettingsError: A folder has nothing to train on, or an earlier run's checkpoint is of another shape.
    """
    folder = wish.home / "training"
    for directory in wish.own:
        count = draw_own_shard(directory, folder / "pool")
        if count == 0:
            raise SettingsError(f"{directory} has no picture with a complete reading to train on.")
        console.print(f"{directory}: {count} pictures to train on, one in three kept to test with")
    try:
        with _progress(console) as watch:
            run(options_of(_arguments(wish, folder)), watch)
    except OtherShape as error:
        raise SettingsError(str(error)) from error
    weights = folder / "weights"
    console.print(f"New reader: {weights}, card: {folder / 'card.md'}", soft_wrap=True, highlight=False)
    if not (*wish.own, *wish.test):
        console.print("No labelled pictures to compare it on: name some with --own or --test to adopt it.")
        return not wish.adopt
    comparison = compare(
        load_recognizer(str(weights)), load_recognizer(wish.present), (*wish.own, *wish.test)
    )
    console.print(str(comparison), soft_wrap=True, highlight=False)
    if not wish.adopt:
        return True
    if not comparison.is_better:
        console.print("It is not adopted; the present reader stays.")
        return False
    target = wish.home / "models" / f"reader-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    shutil.copytree(weights, target)
    shutil.copy(folder / "card.md", target / "card.md")
    console.print(
        f'Adopted. In smartmeter.toml, [reader]: model = "{target}"', soft_wrap=True, highlight=False
    )
    return True


def _arguments(wish: TrainingWish, folder: Path) -> Sequence[str]:
    """The command line of `python -m models.training` that this wish comes to."""
    sources = [*(["--fonts", str(wish.fonts)] if wish.fonts else [])]
    sources += ["--drums", str(wish.drums)] if wish.drums else ["--without-drums"]
    return [
        "all",
        *("--home", str(folder)),
        *("--start-from", str(BUILTIN)),
        *("--learning-rate", "3e-4"),
        *("--samples", str(wish.samples)),
        *("--shards", str(wish.shards)),
        *("--shard-size", str(wish.shard_size)),
        *("--held-out-size", str(min(wish.shard_size, 600))),
        *("--calibration-strips", "600"),
        *("--seed", str(wish.seed)),
        *("--threads", "1"),
        *("--target", str(folder / "weights")),
        *("--card", str(folder / "card.md")),
        *sources,
    ]


@contextmanager
def _progress(console: Console) -> Iterator[Watch]:
    """A bar of strips where someone watches; lines of a log elsewhere."""
    text = "[progress.description]{task.description}"
    with Progress(TextColumn(text), BarColumn(), TimeRemainingColumn(), console=console) as bars:
        bar = bars.add_task("Drawing strips", total=None)

        def watch(progress: FitProgress) -> None:
            said = f"{progress.seen:,} strips, loss {progress.loss:.3f}, {progress.strips_per_s:.0f} strips/s"
            bars.update(bar, description=said, total=progress.samples, completed=progress.seen)

        yield watch
