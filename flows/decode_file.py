"""Decode a file of another reader's candidates into a file of readings."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from tasks.metering.register import Register
from tasks.metering.stretch import Break, ProposedExchange
from tasks.metering.windows import NO_READINGS, WINDOW, decode_windows
from tasks.settings import SettingsError, refuse_unless

COLUMNS = ("taken_at", "rank", "value", "probability")
SUFFIXES = (".parquet", ".csv")


def decode_file(
    source: Path,
    target: Path,
    register: Register,
    *,
    timezone: str,
    breaks: Sequence[Break] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    window: int = WINDOW,
) -> tuple[pl.DataFrame, list[ProposedExchange]]:
    """Decode `source` into `target` (both Parquet or CSV, by suffix), a window in memory at a time.

    Args:
        source: taken_at, rank, value, probability.
        target: written at the end, in one piece; a file of that name is replaced.
        register: the counter the pictures show.
        timezone: IANA name; what is learned of the household goes by its hours.
        breaks: instants at which the register is known to have jumped.
        progress: told how many of how many pictures are decoded.
        window: pictures decided at a time.

    Returns:
        quality and how many pictures have it, and what looks like an exchanged meter.

    Raises:
        SettingsError: The file is missing, or what it holds can't be decoded; the sentence says what.
    """
    for path in (source, target):
        refuse_unless(path.suffix in SUFFIXES, f"{path}: say .parquet or .csv.")
    refuse_unless(source.is_file(), f"{source} does not exist.")
    refuse_unless(target.parent.is_dir(), f"{target.parent} does not exist; create it first.")
    with tempfile.TemporaryDirectory(prefix="smartmeter-decode-", dir=target.parent) as folder:
        rows = _checked(source, Path(folder))
        instants = rows.select(pl.col("taken_at").unique()).collect(engine="streaming")["taken_at"].sort()

        def read(first: object, last: object) -> pl.DataFrame:
            found = rows.filter(pl.col("taken_at").is_between(pl.lit(first), pl.lit(last))).collect()
            twice = found.filter(pl.struct("taken_at", "rank").is_duplicated())
            if twice.height:
                raise SettingsError(f"{source}: {twice['taken_at'][0]} has the same rank twice.")
            return found

        exchanges, done = dict[int, ProposedExchange](), 0
        parts = Path(folder) / "parts"
        parts.mkdir()
        windows = decode_windows(instants, read, register, timezone=timezone, breaks=breaks, window=window)
        for k, part in enumerate(windows):
            part.readings.write_parquet(parts / f"{k:06d}.parquet")
            if part.exchange is not None:
                exchanges[part.exchange.last_at_s] = part.exchange
            done += part.readings.height
            progress(done, instants.len())
        return _write(parts, target, Path(folder)), list(exchanges.values())


def _write(parts: Path, target: Path, folder: Path) -> pl.DataFrame:
    """Join the windows into the target; return its qualities and how often each occurs."""
    if not any(parts.iterdir()):
        NO_READINGS.write_parquet(parts / "0.parquet")
    readings = pl.scan_parquet(parts / "*.parquet")
    whole = folder / f"whole{target.suffix}"
    if target.suffix == ".csv":
        readings.sink_csv(whole, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
    else:
        readings.sink_parquet(whole)
    counts = readings.group_by("quality").len().sort("len", descending=True).collect()
    whole.replace(target)
    return counts


def _checked(source: Path, folder: Path) -> pl.LazyFrame:
    """The source's rows with the types they should have."""
    rows = pl.scan_parquet(source) if source.suffix == ".parquet" else _from_csv(source, folder)
    try:
        schema = rows.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise SettingsError(f"{source} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in COLUMNS if name not in schema]
    refuse_unless(not missing, f"{source} lacks the column {', '.join(missing)}.")
    taken_at = schema["taken_at"]
    aware = isinstance(taken_at, pl.Datetime) and taken_at.time_zone is not None
    refuse_unless(aware, f"{source}: taken_at must be instants with a time zone (UTC), not {taken_at}.")
    for name in ("rank", "value"):
        whole = schema[name].is_integer() or schema[name] == pl.Null
        refuse_unless(whole, f"{source}: {name} must be whole numbers, not {schema[name]}.")
    number = schema["probability"].is_numeric() or schema["probability"] == pl.Null
    refuse_unless(number, f"{source}: probability must be numbers, not {schema['probability']}.")
    rows = rows.select(
        pl.col("taken_at").dt.convert_time_zone("UTC").dt.cast_time_unit("us"),
        pl.col("rank").cast(pl.Int64),
        pl.col("value").cast(pl.Int64),
        pl.col("probability").cast(pl.Float64),
    )
    _refuse_impossible(rows, source)
    return rows


def _from_csv(source: Path, folder: Path) -> pl.LazyFrame:
    """A CSV file as Parquet, which can be read in parts."""
    copy = folder / "source.parquet"
    try:
        rows = pl.scan_csv(source, infer_schema_length=10_000)
        if rows.collect_schema().get("taken_at") == pl.String:
            refuse_unless(
                rows.select(pl.col("taken_at").str.contains(r"(Z|[+-]\d\d:?\d\d)$").all()).collect().item(),
                f"{source}: taken_at must end in Z or an offset such as +00:00.",
            )
            rows = rows.with_columns(pl.col("taken_at").str.to_datetime(time_unit="us", time_zone="UTC"))
        rows.sink_parquet(copy)
    except pl.exceptions.PolarsError as error:
        raise SettingsError(f"{source} cannot be read: {str(error).splitlines()[0]}") from error
    return pl.scan_parquet(copy)


def _refuse_impossible(rows: pl.LazyFrame, source: Path) -> None:
    """Refuse what cannot be: instants, ranks, values and probabilities out of their range."""
    rank, value, probability = pl.col("rank"), pl.col("value"), pl.col("probability")
    checks = {
        "a row has no taken_at.": pl.col("taken_at").is_null(),
        "value must not be negative; it counts steps of the last drum.": value < 0,
        "a row with a value needs a rank of 1 or more.": value.is_not_null()
        & ~rank.ge(1).fill_null(value=False),
        "probability must lie between 0 and 1.": value.is_not_null()
        & ~probability.is_between(0, 1).fill_null(value=False),
    }
    found = rows.select(check.any().alias(str(k)) for k, check in enumerate(checks.values())).collect(
        engine="streaming"
    )
    for sentence, wrong in zip(checks, found.row(0), strict=True):
        refuse_unless(not wrong, f"{source}: {sentence}")
