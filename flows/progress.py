"""Progress of long work: a bar where someone is watching, silence where nobody is."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def in_batches(items: Sequence[Item], size: int, description: str) -> Iterator[Sequence[Item]]:
    """Slices of at most `size` items; a terminal sees a bar of them, a log file one line at the end."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (items and console.is_terminal)) as progress:
        bar = progress.add_task(description, total=len(items))
        for start in range(0, len(items), size):
            batch = items[start : start + size]
            yield batch
            progress.advance(bar, len(batch))
    if items and not console.is_terminal:
        console.print(f"{description}: {len(items)}", highlight=False)
