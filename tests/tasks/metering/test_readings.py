from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tasks.metering.events import EventKind, RegisterEvent
from tasks.metering.knots import Interpolation
from tasks.metering.readings import decode_readings, derive_intervals
from tasks.metering.register import Register

HOME = Register("home/1-0:1.8.0", digits=7, decimals=1, max_power_w=24_000)
START_AT = datetime(2026, 3, 20, 10, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
WINDOW = {
    "picture_key": pl.String(),
    "taken_at": INSTANT,
    "recognised_at": INSTANT,
    "reason": pl.String(),
    "texts": pl.List(pl.String),
    "value_units": pl.List(pl.Int64),
    "probabilities": pl.List(pl.Float64),
}
Found = tuple[str | None, list[str], list[int], list[float]]


def window(found: list[Found]) -> pl.DataFrame:
    rows = [
        (f"picture-{i}", START_AT + timedelta(minutes=15 * i), START_AT, *one) for i, one in enumerate(found)
    ]
    return pl.DataFrame(rows, schema=WINDOW, orient="row")


def test_recognitions_become_readings() -> None:
    found: list[Found] = [
        (None, ["0003610"], [3610], [0.95]),
        (None, ["0003617", "0003611"], [3617, 3611], [0.6, 0.3]),
        ("dark", [], [], []),
        (None, ["361"], [-1], [0.9]),
        (None, ["0003612"], [3612], [0.95]),
    ]
    readings = decode_readings(window(found).reverse(), HOME).readings
    assert readings.select(
        "picture_key", "value_wh", "quality", "reason", "recognised_text", "probability"
    ).rows() == [
        ("picture-0", 361_000, "measured", None, "0003610", 0.95),
        ("picture-1", 361_100, "repaired", None, "0003617", 0.3),
        ("picture-2", 361_100, "estimated", "dark", None, None),
        ("picture-3", 361_100, "estimated", "wrong_number_of_digits", "361", None),
        ("picture-4", 361_200, "measured", None, "0003612", 0.95),
    ]
    assert readings["register_id"].unique().to_list() == [HOME.register_id]
    assert readings["log_odds"].null_count() == 2


@pytest.mark.parametrize("anchor", [None, (START_AT - timedelta(hours=1), 361_000)])
def test_an_empty_window_gives_no_readings(anchor: tuple[datetime, int] | None) -> None:
    assert decode_readings(window([]), HOME, anchor=anchor).readings.is_empty()


def test_the_anchor_counts_in_wh() -> None:
    found: list[Found] = [(None, ["0003617"], [3617], [0.95]), (None, ["0900000"], [900_000], [0.95])]
    decoded = decode_readings(window(found), HOME, anchor=(START_AT - timedelta(hours=1), 361_600))
    assert decoded.readings["value_wh"].to_list() == [361_700, None]


def test_deriving_since_a_midnight_equals_deriving_all() -> None:
    instants = [START_AT + timedelta(minutes=20 * i) for i in range(200)]
    readings = pl.DataFrame(
        {"read_at": instants, "value_wh": [100 * i for i in range(200)]},
        schema_overrides={"read_at": INSTANT},
    )
    midnight = datetime(2026, 3, 21, 23, tzinfo=UTC)
    whole = derive_intervals(readings, HOME, "Europe/Berlin")
    part = derive_intervals(
        readings.filter(pl.col("read_at") >= midnight - timedelta(hours=1)),
        HOME,
        "Europe/Berlin",
        since=midnight,
    )
    assert part.quarter_hours.equals(whole.quarter_hours.filter(pl.col("start_at") >= midnight))
    assert part.days.equals(whole.days.filter(pl.col("start_at") >= midnight))


@pytest.mark.parametrize("interpolation", list(Interpolation))
@pytest.mark.parametrize(("away_h", "hours"), [(3, [24.0 - 3]), (60, [14.0, 8.0])])
def test_of_the_time_in_which_a_meter_was_exchanged_unseen_nothing_is_told(
    away_h: int, hours: list[float], interpolation: Interpolation
) -> None:
    midnight = START_AT.replace(hour=0)
    before = [(midnight + timedelta(minutes=15 * i), 100 * i) for i in range(57)]
    back_at = before[-1][0] + timedelta(hours=away_h)
    left = 24 * 4 - 56 - 4 * away_h + 1 if away_h < 10 else 33
    after = [(back_at + timedelta(minutes=15 * i), 9_000 + 100 * i) for i in range(left)]
    readings = pl.DataFrame(before + after, schema={"read_at": INSTANT, "value_wh": pl.Int64()}, orient="row")
    events = [RegisterEvent(EventKind.EXCHANGE, back_at, before[-1][1], 9_000)]
    data = derive_intervals(readings, HOME, "UTC", events=events, interpolation=interpolation)
    assert (data.days["covered_s"] / 3600).to_list() == hours
    assert data.quarter_hours["energy_wh"].sum() == data.days["energy_wh"].sum() == 100 * (56 + left - 1)
    assert set(data.quarter_hours["energy_wh"]) <= {50, 100, 150}
