"""Decode: from every picture's candidates to what the register really showed."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tasks.metering.events import RegisterEvent
from tasks.metering.habits import Habits
from tasks.metering.intervals import LONGEST_USUAL_GAP
from tasks.metering.readings import DecodedSeries, decode_readings, learn_habits
from tasks.metering.register import Register
from tasks.metering.stretch import ProposedExchange
from tasks.register_events import register_events
from tasks.settings import Settings
from tasks.step import step
from warehouse.connection import Warehouse, open_warehouse
from warehouse.events import Proposal, note_proposal
from warehouse.loading import Pending, pending_work, save_readings
from warehouse.reread import Rereading, adopt

log = logging.getLogger(__name__)
# What a household does and how its reader errs changes slowly; sixty days are plenty to learn it from.
LEARN_AFTER_READINGS = 500
LEARN_AGAIN_AFTER = timedelta(days=7)
LEARN_FROM = timedelta(days=60)
SHOWN_EXAMPLES = 10
DECODED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Work:
    """What has to be decoded: recognitions, anchor, how far results count, what is known of the register."""

    pending: Pending
    window: pl.DataFrame
    anchor: tuple[datetime, int] | None
    kept_until: datetime | None
    events: tuple[RegisterEvent, ...]
    habits: Habits | None


@step(timeout_s=1800)
def decode_series(settings: Settings, register_id: str) -> int:
    """Decode the series from a settled reading well before what is new; return how many rows changed."""
    return decode_pending(settings, register_id)


def decode_pending(settings: Settings, register_id: str, *, to_the_end: bool = False) -> int:
    """As the step does, for commands that wait for it; `to_the_end` goes on to the newest picture."""
    register = settings.register(register_id)
    with open_warehouse(settings.warehouse) as warehouse:
        work = find_work(warehouse, register_id, to_the_end=to_the_end)
        if work is None:
            log.info("%s: no new recognitions", register_id)
            return 0
        # A year takes seconds to decode, and nobody waits for the file meanwhile. A few pictures take less
        # than opening it once more does.
        is_brief = work.window.height <= DECODED_AT_ONCE
        series = decode_work(work, register, settings.timezone) if is_brief else None
        if series is not None and joins_what_is_known(work, series.readings):
            return keep(warehouse, register, settings.timezone, work, series)
    series = series or decode_work(work, register, settings.timezone)
    if not joins_what_is_known(work, series.readings):
        return decode_pending(settings, register_id, to_the_end=True)
    changed = keep_late(settings, register, work, series)
    return decode_pending(settings, register_id, to_the_end=to_the_end) if changed is None else changed


def keep_late(settings: Settings, register: Register, work: Work, series: DecodedSeries) -> int | None:
    """Save what was decoded while others had the file; None, and nothing saved, where they did this work.

    They knew what people told meanwhile, and this does not.
    """
    with open_warehouse(settings.warehouse) as warehouse:
        pending = pending_work(warehouse, register.register_id, "decode")
        if not set(work.pending.marks) <= set(pending.marks):
            log.info("%s: somebody else has decoded this meanwhile", register.register_id)
            return None
        return keep(warehouse, register, settings.timezone, work, series)


def decode_work(work: Work, register: Register, timezone: str) -> DecodedSeries:
    """What the register showed, by everything that is known of it."""
    return decode_readings(
        work.window,
        register,
        anchor=work.anchor,
        events=work.events,
        habits=work.habits,
        timezone=timezone,
    )


def find_work(warehouse: Warehouse, register_id: str, *, to_the_end: bool = False) -> Work | None:
    """What is waiting to be decoded, None when nothing is.

    A change in the past is decoded as far as its results can differ; `to_the_end` goes on to the newest.
    """
    pending = pending_work(warehouse, register_id, "decode")
    if not pending.marks:
        return None
    ends: dict[str, Any] = {"anchor_at": None, "anchor_wh": None, "kept_until": None, "end_at": None}
    if pending.from_at is not None:
        found = warehouse.query("decoding_anchor", register_id=register_id, from_at=pending.from_at)
        ends |= found.row(0, named=True) if found.height else {}
    if pending.to_at is not None and not to_the_end:
        found = warehouse.query("decoding_end", register_id=register_id, to_at=pending.to_at)
        ends |= found.row(0, named=True) if found.height else {}
    window = warehouse.query(
        "decoding_window", register_id=register_id, since=ends["anchor_at"], until=ends["end_at"]
    )
    anchor = None if ends["anchor_at"] is None else (ends["anchor_at"], ends["anchor_wh"])
    events = register_events(warehouse, register_id)
    return Work(pending, window, anchor, ends["kept_until"], events, known_habits(warehouse, register_id))


def joins_what_is_known(work: Work, readings: pl.DataFrame) -> bool:
    """Whether the readings beyond the span that counts are the ones known already: the rest stands."""
    if work.kept_until is None:
        return True
    beyond = readings.filter(pl.col("read_at") > work.kept_until).join(
        work.window.select("picture_key", "known_wh"), on="picture_key", how="left"
    )
    return beyond.filter(pl.col("value_wh").ne_missing(pl.col("known_wh"))).is_empty()


def known_habits(warehouse: Warehouse, register_id: str) -> Habits | None:
    """What was learned of a register, None when nothing yet."""
    rows = warehouse.query("habits", register_id=register_id)
    return Habits.from_frame(rows.select("kind", "i", "j", "value")) if rows.height else None


def learn(warehouse: Warehouse, register: Register, timezone: str) -> None:
    """Learn from a register's newest settled readings, where that was long ago; nothing is decoded again."""
    due = warehouse.query("habits_due", register_id=register.register_id).row(0, named=True)
    learned_at, newest_at = due["learned_at"], due["newest_at"]
    if newest_at is None or (learned_at is not None and datetime.now(UTC) - learned_at < LEARN_AGAIN_AFTER):
        return
    since = newest_at - LEARN_FROM
    readings = warehouse.query("settled_readings", register_id=register.register_id, since=since)
    if readings.height < LEARN_AFTER_READINGS:
        return
    window = warehouse.query("decoding_window", register_id=register.register_id, since=since, until=None)
    habits = learn_habits(window, readings, register, timezone).to_frame()
    with warehouse.transaction():
        warehouse.execute("delete_habits", register_id=register.register_id)
        warehouse.execute("insert_habits", incoming=habits, register_id=register.register_id)


def propose(warehouse: Warehouse, register: Register, work: Work, exchange: ProposedExchange | None) -> None:
    """Keep a break that only a person can explain, and say the command that does; nothing is assumed."""
    window_at, until = work.window["taken_at"].min(), work.kept_until or work.window["taken_at"].max()
    if not isinstance(window_at, datetime) or not isinstance(until, datetime):
        return
    found = None
    if exchange is not None:
        found = Proposal(
            broke_at=datetime.fromtimestamp(exchange.taken_at_s, UTC),
            first_wh=exchange.value_units * register.unit_wh,
            last_at=datetime.fromtimestamp(exchange.last_at_s, UTC),
            last_wh=exchange.last_units * register.unit_wh,
            n_pictures=exchange.readings,
            log_odds=exchange.log_odds,
        )
    note_proposal(warehouse, register.register_id, (window_at, until), found)
    for row in warehouse.query("proposals").iter_rows(named=True):
        if row["register_id"] == register.register_id:
            log.warning("%s", proposal_sentence(row))


def proposal_sentence(row: dict[str, Any]) -> str:
    """What decoding noticed, in the meter's local time, and the command that confirms it."""
    if row.get("first_manual_key") is not None and not row["n_pictures"]:
        return unfollowing_sentence(row)
    if row.get("manual_key") is not None:
        return contradiction_sentence(row)
    meter, _, code = row["register_id"].partition("/")
    zone = ZoneInfo(row["timezone"])
    last_at, broke_at = row["last_at"].astimezone(zone), row["broke_at"].astimezone(zone)
    last_kwh, first_kwh = f"{row['last_wh'] / 1000:.3f}", f"{row['first_wh'] / 1000:.3f}"
    waiting = f"{row['n_pictures']} pictures wait for your word. " if row["n_pictures"] else ""
    numbers, meanwhile = f" --old-reading {last_kwh} --new-reading {first_kwh}", ""
    if broke_at - last_at > LONGEST_USUAL_GAP:
        numbers = ""
        meanwhile = (
            "; put the day of the exchange behind --at, and add --old-reading and --new-reading with what "
            "the meters showed then, where you know it: else what was used between these pictures stays "
            "unknown"
        )
    return (
        f"{row['register_id']}: was the meter exchanged between {last_at:%Y-%m-%d %H:%M} ({last_kwh} kWh) "
        f"and {broke_at:%Y-%m-%d %H:%M} ({first_kwh} kWh)? {waiting}"
        f"Confirm with: smartmeter event add exchange --meter {meter} --register {code} "
        f"--at '{broke_at.isoformat(' ', 'seconds')}'{numbers}{meanwhile}"
    )


def contradiction_sentence(row: dict[str, Any]) -> str:
    """What decoding noticed, where the side before the break is a person's own reading."""
    broke_at = row["broke_at"].astimezone(ZoneInfo(row["timezone"]))
    _, _, asked = proposal_sentence(row | {"manual_key": None}).partition(": ")
    return (
        f"{row['register_id']}: your reading of {row['manual_key']} ({row['last_wh'] / 1000:.3f} kWh) "
        f"contradicts {row['n_pictures']} pictures from {broke_at:%Y-%m-%d %H:%M} "
        f"({row['first_wh'] / 1000:.3f} kWh) on. If it is mistyped, "
        f"`{undoing(row['register_id'], row['manual_key'])}` takes it back. If it is right: {asked}"
    )


def unfollowing_sentence(row: dict[str, Any]) -> str:
    """What decoding noticed, where a person's own reading can't have followed what was read before it."""
    last_at = row["last_at"].astimezone(ZoneInfo(row["timezone"]))
    _, _, asked = proposal_sentence(row | {"manual_key": None, "first_manual_key": None}).partition(": ")
    return (
        f"{row['register_id']}: your reading of {row['first_manual_key']} ({row['first_wh'] / 1000:.3f} kWh) "
        f"can't have followed the {row['last_wh'] / 1000:.3f} kWh of {last_at:%Y-%m-%d %H:%M}. Until you say "
        f"more, nothing counts between the two. If it is mistyped, "
        f"`{undoing(row['register_id'], row['first_manual_key'])}` takes it back. If it is right: {asked}"
    )


def undoing(register_id: str, picture_key: str) -> str:
    """The command that takes back what a person set."""
    return f"smartmeter correct {picture_key} --undo --register {register_id}"


def keep(warehouse: Warehouse, register: Register, timezone: str, work: Work, series: DecodedSeries) -> int:
    """Save what was decoded, as far as it counts, and what else it told; return how many rows changed."""
    readings = series.readings
    if work.kept_until is not None:
        readings = readings.filter(pl.col("read_at") <= work.kept_until)
    saved = save_readings(warehouse, readings, work.pending)
    propose(warehouse, register, work, series.exchange)
    learn(warehouse, register, timezone)
    log.info("%s: %d pictures decoded, %s", register.register_id, work.window.height, saved)
    return saved.inserted + saved.revised


@step(timeout_s=3600)
def compare_rereading(settings: Settings, rereading: Rereading) -> dict[str, Any]:
    """What would change if a rereading counted: pictures by kind, and the first examples."""
    register_id = rereading.register_id
    with open_warehouse(settings.warehouse) as warehouse:
        before = warehouse.query(
            "readings_between", register_id=register_id, from_at=rereading.from_at, to_at=rereading.to_at
        )
        with warehouse.rehearsal():
            adopt(warehouse, rereading)
            work = find_work(warehouse, register_id)
    if work is None:
        return {"counts": {}, "examples": []}
    after = decode_work(work, settings.register(register_id), settings.timezone).readings
    return changes_between(before, after)


def changes_between(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
    """How many pictures read otherwise after than before, by kind, and the first examples.

    Args:
        before: picture_key, read_local, value_wh, quality.
        after: picture_key, value_wh, quality.
    """
    both = before.join(after.select("picture_key", new_wh="value_wh"), on="picture_key", how="inner")
    old, new = pl.col("value_wh"), pl.col("new_wh")
    kinds = both.with_columns(
        kind=pl.when(old.eq_missing(new))
        .then(pl.lit("unchanged"))
        .when(old.is_null())
        .then(pl.lit("read now"))
        .when(new.is_null())
        .then(pl.lit("read no more"))
        .otherwise(pl.lit("another reading"))
    )
    examples = kinds.filter(pl.col("kind") != "unchanged").head(SHOWN_EXAMPLES)
    return {
        "counts": dict(kinds.group_by("kind").len().sort("kind").iter_rows()),
        "examples": examples.with_columns(pl.col("read_local").dt.strftime("%Y-%m-%d %H:%M")).to_dicts(),
    }


@step(timeout_s=600)
def adopt_rereading(settings: Settings, rereading: Rereading) -> None:
    """Let a rereading count from here on."""
    with open_warehouse(settings.warehouse) as warehouse, warehouse.transaction():
        adopt(warehouse, rereading)
