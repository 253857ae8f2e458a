"""How often readings equal the labels of an imported series, before and after series decoding.

    smartmeter import PICTURES --meter gas --labels labels.csv --home HOME
    python benchmarks/labelled_series.py HOME labels.csv --meter gas

A label may cover only the first drums; those are compared. Where a drum rolls, `reading_alt` is right too.
"""

import argparse
import csv
from pathlib import Path

import polars as pl

from warehouse.connection import open_warehouse


def labels_by_name(path: Path) -> dict[str, tuple[str, ...]]:
    """The readings that are right, by file name; labels with a drum that nobody can tell are left out."""
    with path.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["reading"].isdigit()]
    return {
        Path(row["file"]).name: tuple(filter(None, (row["reading"], row.get("reading_alt")))) for row in rows
    }


def outcomes(home: Path, meter: str) -> pl.DataFrame:
    """Every picture with the reader's best text and the decoded reading, both as drums."""
    with open_warehouse(home / "site" / "smartmeter.duckdb", read_only=True) as warehouse:
        return warehouse.sql(
            f"""
            select p.source, r.recognised_text, r.quality::varchar as quality, r.reason,
                lpad((r.value_wh // (10 ** (3 - g.decimals))::bigint)::varchar, g.digits, '0') as decoded
            from raw.pictures p
            join core.register_readings r using (picture_key)
            join core.registers g using (register_id)
            where g.meter = '{meter}'
            order by p.taken_at
            """  # noqa: S608  (a benchmark's own argument)
        )


def steps_off(decoded: str, label: tuple[str, ...]) -> int:
    """How far the decoded reading is from the nearest right one, in steps of the label's last drum."""
    return min(abs(int(decoded[: len(answer)]) - int(answer)) for answer in label)


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--meter", required=True)
    arguments = parser.parse_args()
    labels = labels_by_name(arguments.labels)
    rows = [
        (labels[Path(row["source"]).name], row)
        for row in outcomes(arguments.home, arguments.meter).iter_rows(named=True)
        if Path(row["source"]).name in labels
    ]
    total = len(rows)
    before = sum((row["recognised_text"] or "").startswith(label) for label, row in rows)
    accepted = [(label, row) for label, row in rows if row["decoded"] is not None]
    off = [steps_off(row["decoded"], label) for label, row in accepted]
    print(f"labelled pictures          {total}")
    print(f"best text equals label     {before} ({before / total:.1%})")
    print(f"decoded equals label       {off.count(0)} ({off.count(0) / total:.1%})")
    print(f"decoded one step off       {off.count(1)}")
    print(f"decoded further off        {sum(steps > 1 for steps in off)}")
    print(f"rejected                   {total - len(accepted)}")
    for label, row in accepted:
        if steps_off(row["decoded"], label) > 0:
            right, name = " or ".join(label), Path(row["source"]).name
            print(f"  {name}: label {right}, decoded {row['decoded']} ({row['quality']})")


if __name__ == "__main__":
    main()
