"""What people told, and what reading again would change, as the terminal shows it."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from flows.amending import waiting
from flows.commands.common import out
from tasks.settings import Settings


def print_events(settings: Settings, *, undone: bool) -> None:
    """Print what people told, and the breaks that wait for a person's word."""
    from tasks.decode import proposal_sentence

    with waiting(settings) as warehouse:
        events = warehouse.query("events")
        corrections = warehouse.query("corrections")
        proposals = warehouse.query("proposals")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("no", "when", "register", "what"):
        table.add_column(name, justify="right" if name == "no" else "left", overflow="fold")
    rows = [
        (str(row["event_id"]), _local(row["happened_at"], row["timezone"]), row["register_id"], describe(row))
        for row in events.iter_rows(named=True)
        if undone or row["undone_at"] is None
    ]
    rows += [
        (
            "",
            f"{row['taken_local']:%Y-%m-%d %H:%M}",
            row["register_id"],
            f"reading {_shortest(row['value_wh'])} kWh of {row['picture_key']}{_undone(row)}",
        )
        for row in corrections.iter_rows(named=True)
        if undone or row["undone_at"] is None
    ]
    for each in sorted(rows, key=lambda each: each[1]):
        table.add_row(*each)
    out.print(
        table if rows else "Nobody has told anything yet; `smartmeter event add --help` says what can be."
    )
    for row in proposals.iter_rows(named=True):
        out.print()
        out.print(proposal_sentence(row), style="yellow", highlight=False, soft_wrap=True)


def describe(row: dict[str, object]) -> str:
    """An event in a line."""
    parts = [str(row["kind"])]
    for name, words in (("last_wh", "old"), ("first_wh", "new"), ("offset_wh", "by")):
        if row[name] is not None:
            parts.append(f"{words} {_shortest(int(str(row[name])))} kWh")
    parts += [str(row[name]) for name in ("tariff", "note") if row[name]]
    return ", ".join(parts) + _undone(row)


def print_rereading(found: dict[str, dict[str, Any]], *, adopted: bool) -> None:
    """Print what reading again changes: pictures by kind, and the first examples."""
    for register_id, each in found.items():
        out.print(register_id, style="bold", highlight=False)
        for kind, count in each["counts"].items() or {"no pictures": 0}.items():
            out.print(f"  {kind:<16}{count:>8}", highlight=False)
        for row in each["examples"]:
            old, new = (_kwh(row[name]) for name in ("value_wh", "new_wh"))
            out.print(
                f"  {row['read_local']}  {old:>12} -> {new:<12} {Path(row['picture_key']).name}",
                highlight=False,
            )
    if not adopted:
        out.print("Nothing is changed. `smartmeter reread --adopt` with the same options lets it count.")


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _undone(row: dict[str, object]) -> str:
    return "" if row["undone_at"] is None else " (undone)"


def _shortest(value_wh: int) -> str:
    """Exact, without needless zeros."""
    return f"{value_wh / 1000:.3f}".rstrip("0").rstrip(".")


def _kwh(value_wh: int | None) -> str:
    return "-" if value_wh is None else f"{value_wh / 1000:.3f}"
