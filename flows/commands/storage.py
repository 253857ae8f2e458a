"""Commands that look after the pictures: import, backup, restore, export."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

import typer
from rich.table import Table

from flows.commands.common import (
    Home,
    check_days,
    load_checked_settings,
    out,
    print_summary,
    use_home,
)
from flows.commands.moving import keep_whole_home
from tasks.settings import refuse_unless
from tasks.settings_tables import LONGEST_DAYS, LONGEST_HOURS

app = typer.Typer()
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would happen; nothing is changed.")]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="Only pictures of this local day or later."),
]
LastDay = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="Only pictures of this local day or earlier."),
]

GIGABYTE = 1_000_000_000
WORDS = {
    "in_store": "pictures in the store",
    "freed": "left the store, proved to be in the archive",
    "would_free": "would leave the store, proved to be in the archive",
    "newest": "stay: young",
    "in_grace": "stay: reached the archive only just now",
    "not_archived": "stay: not in the archive yet",
    "foreign": "stay: no pictures of a camera",
    "replaced": "stay: other bytes had taken their name",
    "mended": "stay: the archive's copy was bad and is mended",
    "unproven": "stay: the archive's copy differs",
}
THINNED = {
    "thinned": "archived frames thinned to their window",
    "archive_freed_bytes": "room made in the archive",
    "would_thin": "archived frames that would be thinned",
    "would_thin_bytes": "their size now",
}
RESTORED = {
    "would_restore": "would come back into the store",
    "bytes": "their size",
    "brought_back": "brought back out of the store's own bin",
    "uploaded": "uploaded again from the archive",
    "name_taken": "left alone: their name is taken by other bytes",
    "thinned": "cannot come back: the archive has only their window",
    "lost": "cannot come back: neither in the bin nor archived whole",
}
EXPORTED = {
    "exported": "pictures exported",
    "train": "of these for training",
    "validation": "for validation",
    "test": "for testing",
    "files": "files written",
}


@app.command()
def backup(
    *,
    dry_run: DryRun = False,
    keep_days: Annotated[
        float | None,
        typer.Option(min=0, max=LONGEST_DAYS, help="Younger pictures stay in the store (default: settings)."),
    ] = None,
    grace_hours: Annotated[
        float | None,
        typer.Option(
            min=0, max=LONGEST_HOURS, help="So do those archived only just now (default: settings)."
        ),
    ] = None,
    prune_archive: Annotated[
        bool,
        typer.Option("--prune-archive", help="Also thin old frames out of the archive, see above."),
    ] = False,
    older_than: Annotated[
        float,
        typer.Option(min=1, max=36_500, help="With --prune-archive: only pictures older than so many days."),
    ] = 365,
    warehouse: Annotated[
        bool, typer.Option("--warehouse", help="Instead: keep settings and warehouse in one archive.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="With --warehouse: the folder for it (default: settings).")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="With --warehouse: so many archives stay (default: settings).")
    ] = None,
    pictures: Annotated[
        Literal["none", "link", "copy"] | None,
        typer.Option(help="With --warehouse: also mirror pictures (default: settings)."),
    ] = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="With --warehouse: secrets too; keep that archive safe.")
    ] = False,
    home: Home = None,
) -> None:
    """Bring everything into the archive, then make room in the store.

    A picture leaves the store only after its copy has been read back from the disk and has the same name,
    size and content hash, and only in exactly that state. `smartmeter restore` brings it back.

    --prune-archive keeps of old pictures the register window, pixel for pixel, and removes the whole frame.
    This can't be undone. Frames stay that were repaired, rejected, revised, set by a person or never read,
    the first frame of each day, and whatever the store still has. A register that has left the settings is
    waited for no more: only what it has read counts.

    --warehouse keeps settings, warehouse and alarms in one dated file that `smartmeter restore-home` makes a
    home folder of on another machine.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    load_checked_settings()
    refuse_unless(
        warehouse or (to, keep, pictures, secrets) == (None, None, None, False),
        "--to, --keep, --pictures and --secrets go with --warehouse.",
    )
    if warehouse:
        keep_whole_home(folder, to, keep, pictures, with_secrets=secrets)
        return
    with prefect_backend(folder):
        from flows.backup import backup as flow

        summary = flow(
            dry_run=dry_run,
            keep_days=keep_days,
            grace_hours=grace_hours,
            prune_archive_days=older_than if prune_archive else None,
        )
    table = two_columns()
    for name, words in WORDS.items():
        if summary.get(name) or name in {"in_store", "freed", "would_free"} & summary.keys():
            table.add_row(words, f"{summary[name]:,}")
    table.add_row("room it would make" if dry_run else "room made", megabytes(summary["freed_bytes"]))
    table.add_row("used in the store", megabytes(summary["used_bytes"]))
    if "free_bytes" in summary:
        table.add_row("free in the store", megabytes(summary["free_bytes"]))
    for name, words in THINNED.items():
        if name in summary:
            shown = megabytes(summary[name]) if name.endswith("bytes") else f"{summary[name]:,}"
            table.add_row(words, shown)
    out.print(table, highlight=False)
    if summary["unproven"]:
        out.print(
            "Some pictures differ between store and archive; the log names them. Both stay as they are.",
            style="yellow",
        )


@app.command(name="import")
def import_(
    directory: Annotated[Path, typer.Argument(help="Folder with pictures; subfolders too.")],
    *,
    meter: Annotated[str, typer.Option(help="The configured meter they show.")],
    labels: Annotated[
        Path | None, typer.Option(help="CSV with columns file and timestamp: their times.")
    ] = None,
    pattern: Annotated[str, typer.Option(help="Only files whose names match, like 'bana_*'.")] = "*",
    timezone: Annotated[
        str | None,
        typer.Option(help="What the camera's clock was set to, like UTC (default: the household's zone)."),
    ] = None,
    home: Home = None,
) -> None:
    """Bring existing pictures into the archive and read them.

    Their times come from labels, file names (YYYYMMDD_HHMMSS, with Z for UTC, or +01:00) or EXIF. Pictures
    without a time are kept, and read once they are imported again with one. A name of the hour that
    autumn's clock change repeats is placed by the file's own time, else by the order of the files. Log
    files (*.log, *.log.gz, anything in a folder log or logs) are kept in the archive, their lines counted
    by level.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    refuse_unless(directory.is_dir(), f"{directory} is no folder. Name the folder with the pictures.")
    refuse_unless(
        labels is None or labels.is_file(), f"{labels} is no file. Leave --labels out, or name a CSV."
    )
    refuse_unless(
        timezone is None or timezone in available_timezones(),
        f"{timezone!r} is no time zone. Write it like Europe/Berlin, or UTC.",
    )
    load_checked_settings().register_of(meter)
    with prefect_backend(folder):
        from flows.import_pictures import import_pictures

        times = str(labels.resolve()) if labels else None
        summary = import_pictures(str(directory.resolve()), meter, times, pattern, timezone)
    print_summary(summary, folder)


@app.command()
def restore(
    *,
    first: FirstDay = None,
    last: LastDay = None,
    dry_run: DryRun = False,
    home: Home = None,
) -> None:
    """Bring pictures that left the store back into it, out of its own bin or from the archive.

    What is in the store now is never replaced. Later backups take restored pictures for new ones.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    load_checked_settings()
    check_days(first, last)
    with prefect_backend(folder):
        from flows.restore import restore as flow

        summary = flow(first.date() if first else None, last.date() if last else None, dry_run=dry_run)
    table = two_columns()
    always = {"would_restore", "brought_back", "uploaded"}
    for name, count in summary.items():
        if count or name in always:
            table.add_row(RESTORED[name], megabytes(count) if name == "bytes" else f"{count:,}")
    out.print(table, highlight=False)
    if summary.get("lost"):
        out.print(
            "Some pictures are neither in the store's bin nor whole in the archive; the log names them."
        )
        raise typer.Exit(1)


@app.command()
def export(
    dataset: Annotated[
        Path, typer.Option("--dataset", help="Folder to make; it must not exist yet, or be empty.")
    ],
    *,
    first: FirstDay = None,
    last: LastDay = None,
    home: Home = None,
) -> None:
    """Write pictures, register windows and labels as a dataset for others.

    Parquet and files, split by time, with a datasheet and a manifest of hashes; Hugging Face's
    datasets.load_dataset opens the folder. EXIF, GPS and comments are taken out of every picture.
    """
    from flows.backend import prefect_backend

    folder = use_home(home)
    load_checked_settings()
    target = dataset.resolve()
    refuse_unless(
        not target.exists() or (target.is_dir() and not any(target.iterdir())),
        f"{target} is not empty; nothing was written. Name a folder that does not exist yet.",
    )
    refuse_unless(
        not target.is_mount(), f"{target} is a disk's own folder. Name a new one in it: {target / 'dataset'}."
    )
    refuse_unless(target.parent.is_dir(), f"{target.parent} is no folder. Make it first.")
    check_days(first, last)
    with prefect_backend(folder):
        from flows.export import export as flow

        summary = flow(str(target), first.date() if first else None, last.date() if last else None)
    table = two_columns()
    for name, count in summary.items():
        table.add_row(EXPORTED.get(name, name.replace("_", " ")), f"{count:,}")
    out.print(table, highlight=False)
    out.print(f"Dataset: {target}; its README.md says what is in it.", highlight=False, soft_wrap=True)


def two_columns() -> Table:
    """Words on the left, numbers on the right; fits 80 columns."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(min_width=52)
    table.add_column(justify="right")
    return table


def megabytes(number: int) -> str:
    """A size for people."""
    return f"{number / 1e6:,.1f} MB" if number < GIGABYTE else f"{number / 1e9:,.1f} GB"
