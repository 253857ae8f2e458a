"""Which pictures from the future were taken when they say: those that met a server behind its time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from warehouse.connection import Warehouse
from warehouse.loading import finish, load_pictures, pending_work, vindicate_pictures

REGISTER = "home/1-0:1.8.0"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)
SCHEMA = {
    "taken_at": pl.Datetime("us", "UTC"),
    "received_at": pl.Datetime("us", "UTC"),
    "reason": pl.String(),
}
Hours = tuple[float, float]


def picture(
    hours: Hours, *, camera: str = "cellar", vouched: bool = False, store: str = "file:store"
) -> dict[str, Any]:
    """A picture taken and received so many hours after noon."""
    taken, received = hours
    name = f"{camera} {taken} {received}"
    return {
        "picture_key": name,
        "camera": camera,
        "taken_at": NOON + timedelta(hours=taken),
        "time_source": "name",
        "received_at": NOON + timedelta(hours=received),
        "content_sha256": name,
        "size_bytes": 1,
        "media_type": "image/jpeg",
        "width": 1,
        "height": 1,
        "reason": "from_the_future" if taken > received + 0.2 else None,
        "facts": json.dumps({"clock_synchronised": True, "details": {}}) if vouched else None,
        "source": f"{store}/{name}",
    }


def load(warehouse: Warehouse, *rows: dict[str, Any]) -> None:
    load_pictures(warehouse, pl.DataFrame(rows, schema_overrides=SCHEMA))


BEHIND: list[Hours] = [(3, 0), (4, 0), (5, 0.1)]
AHEAD: list[Hours] = [(5, 0), (6, 1), (7, 2)]
FOR_DAYS: list[Hours] = [(5 + hour, hour) for hour in range(0, 48, 6)]


@pytest.mark.parametrize(
    ("came", "vouched", "vindicated"),
    [
        pytest.param([*BEHIND, (6, 6)], False, 3, id="the server's clock was set, the camera goes on"),
        pytest.param([(-3, 0), *BEHIND, (6, 6)], False, 3, id="older ones came with them"),
        pytest.param(BEHIND, False, 0, id="nobody tells yet"),
        pytest.param([*AHEAD, (3, 3), (9, 9)], False, 0, id="the camera's clock was set back"),
        pytest.param([*AHEAD, (3, 3), (9, 9)], True, 0, id="whatever it claimed before"),
        pytest.param([*FOR_DAYS, (60, 60)], False, 0, id="ahead for days, set while it rested"),
        pytest.param([*FOR_DAYS, (60, 60)], True, 8, id="a server behind for days, a camera that is right"),
        pytest.param([(80_000, 0), (1, 1), (2, 2)], False, 0, id="ahead by years"),
        pytest.param([*BEHIND, (6, 6), (20, 7), (8, 8)], False, 3, id="of two runs one was the server's"),
        pytest.param([(-800, -900), (1, 1)], False, 0, id="given up"),
    ],
)
def test_the_next_pictures_tell_whose_clock_was_wrong(
    warehouse: Warehouse, *, came: list[Hours], vouched: bool, vindicated: int
) -> None:
    load(warehouse, *(picture(each, vouched=vouched) for each in came))
    assert vindicate_pictures(warehouse, "file:store", LONG_AGO) == vindicated
    assert vindicate_pictures(warehouse, "file:store", LONG_AGO) == 0
    left = warehouse.sql("select count(*) from raw.pictures where reason = 'from_the_future'").item()
    assert left == sum(taken > received + 0.2 for taken, received in came) - vindicated


def test_neither_another_camera_nor_an_import_is_asked_or_judged(warehouse: Warehouse) -> None:
    load(
        warehouse,
        picture((3, 0)),
        picture((6, 6), camera="attic"),
        picture((7, 7), store="/srv/old"),
        picture((5, 1), camera="attic", store="/srv/old"),
    )
    assert vindicate_pictures(warehouse, "file:store", LONG_AGO) == 0


def test_what_is_vindicated_is_to_be_read(warehouse: Warehouse) -> None:
    load(warehouse, *(picture(each) for each in [*BEHIND, (6, 6)]))
    finish(warehouse, pending_work(warehouse, REGISTER, "read"))
    vindicate_pictures(warehouse, "file:store", LONG_AGO)
    pending = pending_work(warehouse, REGISTER, "read")
    assert (pending.from_at, pending.to_at) == (NOON + timedelta(hours=3), NOON + timedelta(hours=5))
