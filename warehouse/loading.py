"""Loads: each is one transaction, may be repeated, and leaves the warehouse whole when it is killed.

Each leaves marks in core.pending for the steps that have to follow it, so that none searches whole tables.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from warehouse.connection import Warehouse
from warehouse.errors import IntervalsDoNotAddUp
from warehouse.registers import follow_settings

RECOGNITION = ["picture_key", "register_id", "reader", "reader_version"]
OPTIONAL_COLUMNS: dict[str, pl.DataType] = {"low_wh": pl.Int64(), "high_wh": pl.Int64(), "tenth": pl.UInt8()}


@dataclass(frozen=True, slots=True)
class SavedReadings:
    """What saving readings did.

    Args:
        inserted: readings of pictures decided for the first time.
        revised: readings whose value, quality or reason changed; the old rows are in core.reading_revisions.
        refreshed: readings that stand, with newer evidence (settled, log-odds, recognition).
    """

    inserted: int
    revised: int
    refreshed: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What a step has to work on: its marks, and the span they cover (None: an open end)."""

    marks: tuple[str, ...]
    from_at: datetime | None
    to_at: datetime | None


def load_registers(warehouse: Warehouse, registers: pl.DataFrame) -> int:
    """Bring core.registers up to date with the settings; return how many rows changed."""
    with warehouse.transaction():
        warehouse.execute("mark_registers", incoming=registers)
        follow_settings(warehouse, registers)
        changed = warehouse.merge("core.registers", registers, keys=["register_id"])
        changed += warehouse.execute("retire_registers", incoming=registers)
        warehouse.execute("mark_uncovered", incoming=registers)
        warehouse.execute("cover_days")
        if changed and warehouse.execute("shift_local_times"):
            note_change(warehouse, "readings", None)
        return changed


def load_pictures(warehouse: Warehouse, pictures: pl.DataFrame) -> int:
    """Append pictures that raw.pictures does not have; return how many were new."""
    with warehouse.transaction():
        once = _once(pictures, ["picture_key"], ["received_at", "content_sha256"])
        new = warehouse.execute("load_pictures", incoming=once, **_span(pictures, "taken_at"))
        if new:
            warehouse.execute("mark_pictures", incoming=_ends(pictures, ["camera", "reason"]))
            note_change(warehouse, "pictures", pictures["taken_at"].min())
        return new


def date_pictures(warehouse: Warehouse, since: datetime) -> int:
    """Give pictures whose camera had no clock the instant that others of the same boot tell; return how many.

    Args:
        warehouse: open for writing.
        since: pictures that arrived before are given up.
    """
    with warehouse.transaction():
        dated = warehouse.query("datable_pictures", since=since)
        if dated.height:
            warehouse.execute("date_pictures", incoming=dated)
            warehouse.execute("mark_pictures", incoming=dated)
            note_change(warehouse, "pictures", dated["taken_at"].min())
        return dated.height


def vindicate_pictures(warehouse: Warehouse, store: str, since: datetime) -> int:
    """Let pictures be read that came from the future by this server's clock alone; return how many.

    Args:
        warehouse: open for writing.
        store: whose pictures.
        since: pictures that arrived before are given up.
    """
    with warehouse.transaction():
        found = warehouse.query("vindicated_pictures", store=store, since=since)
        if found.height:
            warehouse.execute("vindicate_pictures", incoming=found)
            warehouse.execute("mark_pictures", incoming=found)
            note_change(warehouse, "pictures", found["taken_at"].min())
        return found.height


def load_recognitions(warehouse: Warehouse, recognitions: pl.DataFrame, candidates: pl.DataFrame) -> int:
    """Append recognitions with all their candidates; return how many recognitions were new.

    One picture, register, reader and reader version is recognised once: a second run of it changes nothing.

    Args:
        warehouse: open for writing.
        recognitions: columns named as the table's, `tenth` may be missing.
        candidates: columns named as the table's, without `taken_at`.
    """
    once = _once(recognitions, RECOGNITION, ["recognised_at"])
    taken = _once(recognitions.select("picture_key", "taken_at"), ["picture_key"], ["taken_at"])
    timed = _once(candidates, [*RECOGNITION, "rank"], ["probability", "text"]).join(
        taken, on="picture_key", how="left"
    )
    span = _span(recognitions, "taken_at")
    with warehouse.transaction():
        warehouse.execute("load_candidates", incoming=timed, **span)
        new = warehouse.execute("load_recognitions", incoming=once, **span)
        if new:
            warehouse.execute("mark_recognitions", incoming=_ends(recognitions, ["register_id"]))
            note_change(warehouse, "recognitions", recognitions["taken_at"].min())
        return new


def pending_work(warehouse: Warehouse, register_id: str, step: str) -> Pending:
    """What `step` (read, decode or derive) has to work on; no marks when nothing."""
    row = warehouse.query("pending", register_id=register_id, step=step).row(0, named=True)
    return Pending(tuple(row["marks"]), row["from_at"], row["to_at"])


def mark(
    warehouse: Warehouse, register_id: str, step: str, from_at: datetime | None, to_at: datetime | None
) -> None:
    """Let `step` look at a span again."""
    warehouse.execute("mark", register_id=register_id, step=step, from_at=from_at, to_at=to_at)


def note_change(warehouse: Warehouse, part: str, from_at: object) -> None:
    """Let the next published copy bring in what changed from an instant on (None: any)."""
    warehouse.execute("note_change", part=part, from_at=from_at)


def finish(warehouse: Warehouse, pending: Pending) -> None:
    """The work of these marks is done."""
    if pending.marks:
        warehouse.execute("finish", marks=list(pending.marks))


def save_readings(warehouse: Warehouse, readings: pl.DataFrame, done: Pending | None = None) -> SavedReadings:
    """Save decisions: new readings and changed ones (the old row is kept too), never over what a person set.

    Args:
        warehouse: open for writing.
        readings: register_id, picture_key, read_at, value_wh, quality, reason, recognised_text, probability,
            log_odds, settled, recognised_at, and if known low_wh, high_wh, tenth; one row per register and
            picture, all of one register.
        done: the marks that these decisions answer.
    """
    whole = readings.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in OPTIONAL_COLUMNS.items()
        if name not in readings.columns
    )
    span = _span(whole, "read_at")
    with warehouse.transaction():
        if done is not None:
            finish(warehouse, done)
        if whole.is_empty():
            return SavedReadings(0, 0, 0)
        met = warehouse.query("changed_readings", incoming=whole, **span).row(0, named=True)
        decision = {"incoming": whole, "decided_at": met["decided_at"]}
        if met["n_changed"]:
            mark(warehouse, whole["register_id"][0], "derive", met["from_at"], met["to_at"])
        if not met["n_known"]:
            inserted = warehouse.execute("insert_readings", **decision)
            note_change(warehouse, "readings", span["first_at"])
            return SavedReadings(inserted, 0, 0)
        revised = warehouse.execute("keep_revisions", **decision, **span) if met["n_known_changed"] else 0
        merged = warehouse.execute("merge_readings", **decision, **span)
        inserted = int(warehouse.query("count_readings").item()) - met["n_before"]
        if merged:
            note_change(warehouse, "readings", span["first_at"])
    return SavedReadings(inserted, revised, merged - inserted - revised)


def replace_intervals(
    warehouse: Warehouse,
    register_id: str,
    since: datetime | None,
    *,
    quarter_hours: pl.DataFrame,
    days: pl.DataFrame,
    counted_wh: int | None = None,
    done: Pending | None = None,
) -> None:
    """Replace a register's interval data from a local midnight on (None: all), and what rests on them.

    Args:
        warehouse: open for writing.
        register_id: whose they are.
        since: the local midnight; the frames begin there.
        quarter_hours: columns named as core.interval_15min's, without register_id.
        days: likewise as core.interval_day's, without the counts of readings.
        counted_wh: what the readings count in all, where the caller knows.
        done: the marks that these intervals answer.

    Raises:
        IntervalsDoNotAddUp: when the sums of quarter hours and days differ, or differ from `counted_wh`;
            nothing is changed.
    """
    span: dict[str, Any] = {"register_id": register_id, "since": since}
    with warehouse.transaction():
        if done is not None:
            finish(warehouse, done)
        for table in ("interval_15min", "interval_day", "quality_day", "rhythm_day", "cost_day"):
            warehouse.execute(f"delete_{table}", **span)
        warehouse.execute("insert_interval_15min", incoming=quarter_hours, register_id=register_id)
        warehouse.execute("insert_interval_day", incoming=days, **span)
        warehouse.execute("insert_quality_day", **span)
        warehouse.execute("insert_rhythm_day", **span)
        warehouse.execute("insert_cost_day", **span)
        note_change(warehouse, "intervals", since)
        warehouse.execute("forget_changes")
        sums = warehouse.query("interval_sums", register_id=register_id).row(0, named=True)
        sums["readings_wh"] = sums["quarter_hours_wh"] if counted_wh is None else counted_wh
        if len(set(sums.values())) > 1:
            raise IntervalsDoNotAddUp(
                f"{register_id}: the readings count {sums['readings_wh']} Wh, the quarter hours "
                f"{sums['quarter_hours_wh']} Wh, the days {sums['days_wh']} Wh. Nothing was saved."
            )


def accepted_readings(
    warehouse: Warehouse, register_id: str, since: datetime | None, *, unit_wh: int, reach_s: int = 0
) -> pl.DataFrame:
    """Accepted readings from `since` on (None: all), and the context before it that interpolation needs.

    Args:
        warehouse: open.
        register_id: whose.
        since: a local midnight.
        unit_wh: a step of the last drum; a fall of one is tolerated.
        reach_s: how far interpolation looks back.
    """
    begin = since
    if since is not None:
        span: dict[str, Any] = {"since": since, "reach_s": reach_s}
        for at, value_wh in warehouse.query("context_start", register_id=register_id, **span).iter_rows():
            held = warehouse.query(
                "held_reading", register_id=register_id, before=at, value_wh=value_wh, unit_wh=unit_wh
            ).item()
            begin = held or at
    return warehouse.query("accepted_readings", register_id=register_id, since=begin)


def _once(frame: pl.DataFrame, keys: list[str], order: list[str]) -> pl.DataFrame:
    """The first row of every key; mostly there is one only, which counting hashes tells at once."""
    if frame.select(keys).hash_rows().n_unique() == frame.height:
        return frame
    return frame.sort(order).unique(keys, keep="first", maintain_order=True)


def _span(frame: pl.DataFrame, column: str) -> dict[str, Any]:
    """The first and the last instant of a frame, as the parameters that keep searches short."""
    return {"first_at": frame[column].min(), "last_at": frame[column].max()}


def _ends(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The first and the last instant of every group: all that marks are made of."""
    taken_at = pl.col("taken_at")
    return frame.group_by(by).agg(taken_at.min().append(taken_at.max())).explode("taken_at")
