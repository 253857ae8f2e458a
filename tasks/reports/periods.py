"""Days summed up to months and years, each with what of it the readings cover."""

from collections.abc import Container
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from tasks.reports.kinds import KINDS, kind_of

FULL_SHARE = 0.97
RANGE_DAYS = 56
RANGE_NEEDS = 5
QUARTER_MIN = 15
DAY_MIN = 1440
LOW, HIGH = 0.1, 0.9
TYPICAL_DAYS = 90


def months_of(daily: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Return the months: month_start, energy_kwh, estimated_kwh, days, hours, is_full.

    Args:
        daily: One row per local day.
        timezone: The meter's IANA time zone.
    """
    months = (
        daily.group_by(month_start=pl.col("local_date").dt.truncate("1mo"))
        .agg(
            pl.col("energy_kwh").sum(),
            pl.col("estimated_kwh").sum(),
            pl.len().cast(pl.Int64).alias("days"),
            pl.col("hours").sum(),
        )
        .sort("month_start")
    )
    lengths = [_hours_of_month(start, timezone) for start in months["month_start"]]
    length_h = pl.Series("length_h", lengths, dtype=pl.Float64)
    return months.with_columns(is_full=pl.col("hours") >= FULL_SHARE * length_h)


def month_before(month_start: date, months: int = 1) -> date:
    """Return the first day of the month so many months before."""
    number = month_start.year * 12 + month_start.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _hours_of_month(month_start: date, timezone: str) -> float:
    zone = ZoneInfo(timezone)
    start, end = (
        datetime.combine(day, datetime.min.time(), zone).timestamp()
        for day in (month_start, month_before(month_start, -1))
    )
    return (end - start) / 3600


def same_days(daily: pl.DataFrame, days: pl.DataFrame, weeks: int = 52) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return these full days, and the days of the same weekday so many weeks before, where both are full.

    Args:
        daily: All days with `is_full`.
        days: Those to compare.
        weeks: 52 compares with last year.
    """
    shift = timedelta(weeks=weeks)
    before = daily.filter("is_full").with_columns(local_date=pl.col("local_date") + shift)
    now = days.filter("is_full").join(before.select("local_date"), on="local_date", how="semi")
    return now, before.join(now.select("local_date"), on="local_date", how="semi")


def usual_range(
    quarter_hours: pl.DataFrame, local_date: date, holidays: Container[date] = ()
) -> dict[int, tuple[float, float]]:
    """Return between what power 8 of 10 days of the same kind lay, by the minute of the local day.

    The eight weeks before the day count, with the quarter hours just before and after; empty with fewer than
    five such days.
    """
    kind = kind_of(local_date, holidays)
    first = local_date - timedelta(days=RANGE_DAYS)
    earlier = quarter_hours.filter(
        pl.col("local_date").is_between(first, local_date, closed="left"), pl.col("quality") == "measured"
    )
    dates = [each for each in earlier["local_date"].unique() if kind_of(each, holidays) == kind]
    if len(dates) < RANGE_NEEDS:
        return {}
    alike = earlier.filter(pl.col("local_date").is_in(dates))
    bands = _bands(alike)
    return {row["minute"]: (row["low_w"], row["high_w"]) for row in bands.iter_rows(named=True)}


def typical_days(quarter_hours: pl.DataFrame, holidays: Container[date] = ()) -> dict[str, pl.DataFrame]:
    """Return the usual power of each kind of day that occurs five times: minute, low_w, median_w, high_w."""
    if quarter_hours.is_empty():
        return {}
    newest: date = quarter_hours["local_date"].to_list()[-1]
    recent = quarter_hours.filter(
        pl.col("local_date") > newest - timedelta(days=TYPICAL_DAYS), pl.col("quality") == "measured"
    )
    by_kind: dict[str, list[date]] = {kind: [] for kind in KINDS}
    for each in recent["local_date"].unique():
        by_kind[kind_of(each, holidays)].append(each)
    return {
        kind: _bands(recent.filter(pl.col("local_date").is_in(dates)))
        for kind, dates in by_kind.items()
        if len(dates) >= RANGE_NEEDS
    }


def _bands(quarter_hours: pl.DataFrame) -> pl.DataFrame:
    """Quantiles by minute of the day; each quarter hour counts for its neighbours too."""
    bucket = (pl.col("minute") // QUARTER_MIN * QUARTER_MIN).alias("minute")
    around = pl.concat(
        quarter_hours.select(bucket.add(shift).mod(DAY_MIN), "mean_w")
        for shift in (-QUARTER_MIN, 0, QUARTER_MIN)
    )
    return (
        around.group_by("minute")
        .agg(
            low_w=pl.col("mean_w").quantile(LOW, "linear"),
            median_w=pl.col("mean_w").median(),
            high_w=pl.col("mean_w").quantile(HIGH, "linear"),
        )
        .sort("minute")
    )
