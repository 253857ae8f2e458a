"""The datasheet that goes with an exported dataset: what it is, how it came about, what it is good for."""

from datetime import datetime
from importlib.resources import files

import polars as pl

# The questions follow Gebru et al., Datasheets for Datasets, 2018 (arXiv:1803.09010).
TEMPLATE = (files("tasks") / "datasheet.md").read_text(encoding="utf-8")


def datasheet(labels: pl.DataFrame, timezone: str) -> str:
    """The datasheet of a dataset, which Hugging Face's tools read as its card too.

    Args:
        labels: Every row, with its split.
        timezone: Of the household.
    """
    splits = labels.group_by("split", maintain_order=True).agg(
        pl.len().alias("pictures"),
        pl.col("text").is_not_null().sum().alias("labelled"),
        (pl.col("label_source") == "manual").sum().alias("manual"),
        pl.col("taken_at").min().alias("first"),
        pl.col("taken_at").max().alias("last"),
    )
    rows = [
        f"| {row['split']} | {row['pictures']} | {row['labelled']} | {row['manual']} "
        f"| {_minute(row['first'])} | {_minute(row['last'])} |"
        for row in splits.iter_rows(named=True)
    ]
    data = [f"  - split: {split}\n    path: data/{split}-*.parquet" for split in splits.get_column("split")]
    taken = labels.get_column("taken_at")
    first, last = taken.sort()[0], taken.sort()[-1]
    whole_days = labels.group_by("local_date").agg(pl.col("split").n_unique())["split"].max() == 1
    return TEMPLATE.format(
        data_files="\n".join(data),
        pictures=labels.height,
        registers=_listed(labels, "register_id"),
        cameras=_listed(labels, "camera"),
        first=_minute(first),
        last=_minute(last),
        days=labels.get_column("local_date").n_unique(),
        split_rows="\n".join(rows),
        timezone=timezone,
        block="day" if whole_days else "hour",
    )


def _listed(labels: pl.DataFrame, column: str) -> str:
    return ", ".join(f"`{name}`" for name in labels.get_column(column).unique().sort())


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
