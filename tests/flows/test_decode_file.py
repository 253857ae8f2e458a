"""`smartmeter decode`: files in, files out, refusals."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.decode_file import decode_file
from tasks.metering.register import Register
from tasks.metering.stretch import Break
from tasks.settings import SettingsError

HOME = Register("file", 7, 1, 24_000)
START_AT = datetime(2026, 3, 20, tzinfo=UTC)
GUIDE = Path(__file__).parents[2] / "docs" / "decode.md"


def rows(values: list[int | None], every_min: int = 15) -> pl.DataFrame:
    """One sure candidate a picture."""
    return pl.DataFrame(
        {
            "taken_at": pl.Series(
                [START_AT + timedelta(minutes=every_min * i) for i in range(len(values))],
                dtype=pl.Datetime("us", "UTC"),
            ),
            "rank": [1] * len(values),
            "value": pl.Series(values, dtype=pl.Int64),
            "probability": [0.95] * len(values),
        }
    )


def decoded(
    frame: pl.DataFrame, folder: Path, *, breaks: tuple[Break, ...] = (), window: int = 20_000
) -> pl.DataFrame:
    frame.write_parquet(folder / "in.parquet")
    decode_file(
        folder / "in.parquet", folder / "out.parquet", HOME, timezone="UTC", breaks=breaks, window=window
    )
    return pl.read_parquet(folder / "out.parquet")


def test_the_guides_example_is_true(tmp_path: Path) -> None:
    guide = GUIDE.read_text()
    given, expected = re.findall(r"```csv\n(.*?)```", guide, flags=re.DOTALL)
    (command,) = re.findall(r"```sh\nsmartmeter (.*?)\n```", guide, flags=re.DOTALL)
    (tmp_path / "candidates.csv").write_text(given)
    answer = subprocess.run(
        [sys.executable, "-m", "flows.cli", *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = pl.read_csv(tmp_path / "readings.csv", infer_schema=False).drop("log_odds")
    assert found.rows() == pl.read_csv(expected.encode(), infer_schema=False).rows()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (pl.col("value").alias("reading"), None),
        (pl.col("taken_at").dt.replace_time_zone(None), "time zone"),
        (pl.col("taken_at").cast(pl.String), "time zone"),
        (pl.col("value").cast(pl.Float64), "value must be whole numbers"),
        (pl.col("rank").cast(pl.String), "rank must be whole numbers"),
        (pl.lit("sure").alias("probability"), "probability must be numbers"),
        (pl.lit(1.5).alias("probability"), "between 0 and 1"),
        (pl.lit(float("nan")).alias("probability"), "between 0 and 1"),
        (pl.lit(None, dtype=pl.Float64).alias("probability"), "between 0 and 1"),
        (pl.lit(0).alias("rank"), "rank of 1 or more"),
        (-pl.col("value"), "must not be negative"),
        (pl.lit(START_AT).alias("taken_at"), "same rank twice"),
        (pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("taken_at"), "no taken_at"),
    ],
)
def test_files_that_cannot_be_decoded_are_refused(tmp_path: Path, change: pl.Expr, says: str | None) -> None:
    frame = rows([100, 101, 102]).with_columns(change)
    if says is None:
        assert decoded(frame, tmp_path)["value"].to_list() == [100, 101, 102]
        return
    with pytest.raises(SettingsError, match=says):
        decoded(frame, tmp_path)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("in.txt", "", "say .parquet or .csv"),
        ("in.parquet", "no parquet", "cannot be read"),
        ("in.csv", "", "cannot be read"),
        ("in.csv", "taken_at,rank,value\n2026-03-20T10:00:00Z,1,5\n", "lacks the column probability"),
        ("in.csv", "taken_at,rank,value,probability\n2026-03-20T10:00:00,1,5,0.9\n", "end in Z or an offset"),
        ("in.csv", "taken_at,rank,value,probability\nyesterdayZ,1,5,0.9\n", "cannot be read"),
        ("in.csv", "taken_at,rank,value,probability\n2026-03-20T10:00:00Z,1,5.5,0.9\n", "whole numbers"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=says):
        decode_file(tmp_path / name, tmp_path / "out.csv", HOME, timezone="UTC")


@pytest.mark.parametrize("window", [30, 100, 1000])
def test_windows_come_to_the_same_as_everything_at_once(tmp_path: Path, window: int) -> None:
    values: list[int | None] = [360_000 + i // 2 for i in range(400)]
    for i in range(7, 400, 23):
        values[i] = 999_999
    values[150:160] = [None] * 10
    whole = decoded(rows(values), tmp_path)
    assert whole.height == 400
    shuffled = rows(values).sample(fraction=1, shuffle=True, seed=1)
    assert decoded(shuffled, tmp_path, window=window).drop("log_odds").equals(whole.drop("log_odds"))


def test_an_exchanged_meter_is_told_and_followed_on_the_users_word(tmp_path: Path) -> None:
    frame = rows([*range(500_000, 500_060), *range(40)])
    frame.write_parquet(tmp_path / "in.parquet")
    _, (found,) = decode_file(tmp_path / "in.parquet", tmp_path / "out.parquet", HOME, timezone="UTC")
    at = int((START_AT + timedelta(minutes=15 * 60)).timestamp())
    assert (found.taken_at_s, found.value_units, found.last_units) == (at, 0, 500_059)
    assert decoded(frame, tmp_path, breaks=(Break(at),))["value"].null_count() == 0


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    assert decoded(rows([]), tmp_path).is_empty()
