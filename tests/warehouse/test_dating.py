"""Pictures of a camera without a clock find their time by others of the same boot."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from warehouse.connection import Warehouse
from warehouse.loading import date_pictures, finish, load_pictures, pending_work

REGISTER = "home/1-0:1.8.0"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)
MINUTE_MS = 60_000


def picture(
    name: str, boot: str, minute: int, *, knows: bool, camera: str = "cellar", **details: str
) -> dict[str, Any]:
    """A picture taken a minute of its boot, which was at noon, by a clock that knows or does not."""
    taken_at = NOON + timedelta(minutes=minute)
    facts = {
        "camera": camera,
        "taken_at": taken_at.isoformat(),
        "clock_synchronised": knows,
        "boot_id": boot,
        "boot_ms": minute * MINUTE_MS,
        "details": details,
    }
    return {
        "picture_key": name,
        "camera": camera,
        "taken_at": taken_at if knows else None,
        "time_source": "name" if knows else "unknown",
        "received_at": NOON + timedelta(hours=2),
        "content_sha256": name,
        "size_bytes": 1,
        "media_type": "image/jpeg",
        "width": 1,
        "height": 1,
        "reason": None if knows else "no_time",
        "facts": json.dumps(facts),
        "source": f"file:store/{name}",
    }


SCHEMA: dict[str, pl.DataType] = {
    "taken_at": pl.Datetime("us", "UTC"),
    "received_at": pl.Datetime("us", "UTC"),
    "reason": pl.String(),
}


def load(warehouse: Warehouse, *rows: dict[str, Any]) -> int:
    return load_pictures(warehouse, pl.DataFrame(rows, schema_overrides=SCHEMA))


def instants(warehouse: Warehouse) -> dict[str, datetime | None]:
    return dict(warehouse.sql("select picture_key, taken_at from raw.pictures").iter_rows())


def test_the_time_since_boot_tells_when(warehouse: Warehouse) -> None:
    load(
        warehouse,
        picture("first", "a", 1, knows=False),
        picture("second", "a", 16, knows=False),
        picture("synchronised", "a", 31, knows=True),
        picture("other boot", "b", 1, knows=False),
        picture("other camera", "a", 1, knows=False, camera="attic"),
    )
    assert date_pictures(warehouse, LONG_AGO) == 2
    assert date_pictures(warehouse, LONG_AGO) == 0
    assert instants(warehouse) == {
        "first": NOON + timedelta(minutes=1),
        "second": NOON + timedelta(minutes=16),
        "synchronised": NOON + timedelta(minutes=31),
        "other boot": None,
        "other camera": None,
    }
    told = warehouse.sql("select time_source, reason from raw.pictures where picture_key = 'first'")
    assert told.row(0) == ("boot", None)


def test_what_is_dated_is_to_be_read_from_there_and_not_loaded_again(warehouse: Warehouse) -> None:
    undated = picture("first", "a", 1, knows=False)
    load(warehouse, undated)
    load(warehouse, picture("synchronised", "a", 31, knows=True))
    finish(warehouse, pending_work(warehouse, REGISTER, "read"))
    date_pictures(warehouse, LONG_AGO)
    assert pending_work(warehouse, REGISTER, "read").from_at == NOON + timedelta(minutes=1)
    assert load(warehouse, undated) == 0


@pytest.mark.parametrize(
    "witness",
    [
        picture("left by others", "a", 31, knows=True, source="x.jpg/1/2"),
        picture("no clock either", "a", 31, knows=False),
        picture("another boot", "b", 31, knows=True),
    ],
)
def test_who_cannot_tell_is_not_asked(warehouse: Warehouse, witness: dict[str, Any]) -> None:
    load(warehouse, picture("first", "a", 1, knows=False), witness)
    assert date_pictures(warehouse, LONG_AGO) == 0


def test_after_long_a_boot_is_given_up(warehouse: Warehouse) -> None:
    load(warehouse, picture("first", "a", 1, knows=False), picture("synchronised", "a", 31, knows=True))
    assert date_pictures(warehouse, NOON + timedelta(hours=3)) == 0


def test_pictures_without_facts_harm_nothing(warehouse: Warehouse) -> None:
    load(warehouse, picture("first", "", 1, knows=False) | {"facts": None})
    load(warehouse, picture("second", "", 1, knows=False))
    assert date_pictures(warehouse, LONG_AGO) == 0
