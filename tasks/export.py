"""Export: pictures, register windows and labels as a dataset that others can load, and nothing private."""

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from models.picture import UnreadablePicture, decode_picture
from models.window import Window, cut_window
from tasks.datasheet import datasheet
from tasks.kept_windows import kept_window
from tasks.settings import Settings, SettingsError
from tasks.step import step
from tasks.strip_metadata import without_metadata
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)
BATCH = 500
SPLITS = ("train", "validation", "test")
MANIFEST = "MANIFEST.sha256"
FEWEST_DAYS = 10
TRAIN_UNTIL, VALIDATION_UNTIL = 0.8, 0.9
COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "window": (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), ""),
    "text": (pa.string(), "string"),
    "quality": (pa.string(), "string"),
    "label_source": (pa.string(), "string"),
    "reason": (pa.string(), "string"),
    "settled": (pa.bool_(), "bool"),
    "recognised_text": (pa.string(), "string"),
    "probability": (pa.float64(), "float64"),
    "log_odds": (pa.float64(), "float64"),
    "taken_at": (pa.timestamp("us", "UTC"), "timestamp[us, tz=UTC]"),
    "camera": (pa.string(), "string"),
    "register_id": (pa.string(), "string"),
    "digits": (pa.int32(), "int32"),
    "decimals": (pa.int32(), "int32"),
    "window_corners": (pa.string(), "string"),
    "orientation": (pa.string(), "string"),
    "reader": (pa.string(), "string"),
    "reader_version": (pa.string(), "string"),
    "picture_key": (pa.string(), "string"),
    "picture_file": (pa.string(), "string"),
    "picture_sha256": (pa.string(), "string"),
    "window_file": (pa.string(), "string"),
    "window_sha256": (pa.string(), "string"),
}


@step(timeout_s=3600)
def list_labels(settings: Settings, first: date | None, last: date | None) -> pl.DataFrame:
    """Every decided picture of these local days (None: all) with its label and its split.

    Raises:
        SettingsError: There is none.
    """
    with open_warehouse(settings.warehouse) as warehouse:
        labels = warehouse.query("export_labels", first=first, last=last)
    if labels.is_empty():
        raise SettingsError("There is nothing to export: no picture of that time has been read.")
    return labels.with_columns(
        text=pl.struct("value_wh", "digits", "decimals").map_elements(_text, return_dtype=pl.String),
        label_source=pl.when(pl.col("quality") == "manual")
        .then(pl.lit("manual"))
        .when(pl.col("value_wh").is_not_null())
        .then(pl.lit("decoded")),
        split=split_by_time(labels),
    )


def split_by_time(labels: pl.DataFrame) -> pl.Series:
    """The split of each label: the oldest for training, the newest for the test, no day in two of them.

    Pictures minutes apart are nearly the same: a random split would test on what was trained on. Where there
    are but few days, hours stay whole instead.
    """
    hour = labels.get_column("taken_at").dt.truncate("1h").alias("block")
    day = labels.get_column("local_date").alias("block")
    blocks = day if day.n_unique() >= FEWEST_DAYS else hour
    sizes = blocks.value_counts().sort("block")
    share_until = (sizes["count"].cum_sum() - sizes["count"] / 2) / sizes["count"].sum()
    named = [
        SPLITS[0] if share < TRAIN_UNTIL else SPLITS[1] if share < VALIDATION_UNTIL else SPLITS[2]
        for share in share_until
    ]
    if len(named) >= len(SPLITS):  # few and uneven blocks: each split gets one
        named[-1] = SPLITS[2]
        named[-2] = named[-2] if SPLITS[1] in named else SPLITS[1]
    split_of = dict(zip(sizes["block"], named, strict=True))
    return pl.Series("split", [split_of[block] for block in blocks])


@step(timeout_s=60)
def begin_dataset(target: Path) -> Path:
    """An empty folder beside the target to work in, so that a half export is never taken for a whole one."""
    draft = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "data").mkdir(parents=True)
    return draft


@step(timeout_s=1800)
def export_batch(settings: Settings, labels: pl.DataFrame, draft: Path, number: int) -> int:
    """Write pictures and windows of these labels, all of one split, with a Parquet file; return how many."""
    split = str(labels.get_column("split")[0])
    rows = [row for label in labels.iter_rows(named=True) if (row := _exported(label, settings, draft))]
    fields = [(name, kind) for name, (kind, _) in COLUMNS.items()]
    schema = pa.schema(fields, metadata={"huggingface": json.dumps(_features())})
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, draft / "data" / f"{split}-{number:05d}.parquet", compression="zstd")
    return len(rows)


@step(timeout_s=3600)
def finish_dataset(settings: Settings, labels: pl.DataFrame, draft: Path, target: Path) -> dict[str, int]:
    """Add the datasheet and the manifest, give the folder its name, and count what is in it.

    Raises:
        SettingsError: The archive had none of the pictures; what was begun is removed.
    """
    columns = ["picture_key", "register_id"]
    # The folder's own name may hold what a pattern would take for one.
    parts = [pl.read_parquet(file, columns=columns, glob=False) for file in (draft / "data").iterdir()]
    labels = labels.join(pl.concat(parts), on=columns, how="semi", maintain_order="left")
    if labels.is_empty():
        shutil.rmtree(draft)
        raise SettingsError(
            f"None of the pictures is in {settings.archive}; nothing was written. "
            "Put that folder back from a copy, then export again."
        )
    (draft / "README.md").write_text(datasheet(labels, settings.timezone), encoding="utf-8")
    lines = [
        f"{sha256(path.read_bytes())}  {path.relative_to(draft).as_posix()}\n"
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    ]
    (draft / MANIFEST).write_text("".join(lines), encoding="utf-8")
    if target.exists():
        target.rmdir()  # empty, as the command has seen to
    draft.rename(target)
    counts = dict(labels.group_by("split").len().iter_rows())
    return {split: counts[split] for split in SPLITS if split in counts} | {"files": len(lines) + 1}


def sha256(data: bytes) -> str:
    """The fingerprint of a file, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def bare_picture(data: bytes) -> tuple[bytes, str]:
    """A picture with nothing but its pixels, and the ending that fits it.

    Raises:
        UnreadablePicture: It can't be decoded.
    """
    stripped = without_metadata(data)
    if stripped is not None:
        return stripped, "png" if stripped.startswith(b"\x89PNG") else "jpg"
    return as_png(Image.fromarray(decode_picture(data))), "png"


def as_png(picture: Image.Image) -> bytes:
    """A picture as PNG, without any metadata."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _exported(label: dict[str, object], settings: Settings, draft: Path) -> dict[str, object] | None:
    """Write one picture and its window; None when the archive can't give them."""
    key = str(label["picture_key"])
    try:
        thinned = kept_window(settings.archive, str(label["register_id"]), key)
        is_whole = thinned is None or (settings.archive / key).is_file()
        if thinned is not None and not is_whole:
            cut = as_png(Image.fromarray(thinned))
            picture, ending = cut, "png"
        else:
            data = (settings.archive / key).read_bytes()
            corners = label["window_corners"]
            window = None if corners is None else _window(json.loads(str(corners)))
            cut = as_png(Image.fromarray(cut_window(decode_picture(data), window)))
            picture, ending = bare_picture(data)
    except (OSError, UnreadablePicture, ValueError) as error:
        log.warning("%s is left out: %s", key, error)
        return None
    stem = key.removeprefix("images/").rpartition(".")[0]
    register = str(label["register_id"]).replace("/", "_").replace(":", ".")
    files = {
        # Of a frame that has been thinned, each register has a picture of its own.
        "picture": (f"pictures/{stem if is_whole else f'{register}/{stem}'}.{ending}", picture),
        "window": (f"windows/{register}/{stem}.png", cut),
    }
    row = {name: label[name] for name in COLUMNS if name in label}
    for kind, (name, content) in files.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(content)
        row |= {f"{kind}_file": name, f"{kind}_sha256": sha256(content)}
    return row | {"window": {"bytes": cut, "path": files["window"][0]}}


def _window(corners: Sequence[Sequence[float]]) -> Window:
    (a, b), (c, d), (e, f), (g, h) = corners
    return Window(((a, b), (c, d), (e, f), (g, h)))


def _text(label: dict[str, int | None]) -> str | None:
    """What stood on all drums, from left to right; None where nobody knows."""
    if label["value_wh"] is None:
        return None
    return f"{label['value_wh'] // 10 ** (3 - int(label['decimals'] or 0)):0{label['digits']}d}"


def _features() -> dict[str, object]:
    """The columns as Hugging Face's datasets declares them: the window opens as a picture."""
    features: dict[str, object] = {
        name: {"dtype": kind, "_type": "Value"} for name, (_, kind) in COLUMNS.items() if kind
    }
    return {"info": {"features": {"window": {"_type": "Image"}} | features}}
