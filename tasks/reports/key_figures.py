"""The figures at the top of the report, each with what it may honestly be compared to."""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

ACCEPTED = ("measured", "repaired", "manual")
SATURDAY = 5
USUAL_WITHIN_DAYS = 56
USUAL_NEEDS_DAYS = 3
MOSTLY_MEASURED = 0.25
NIGHTS = 14
NIGHT_END_MIN = 300
YIELD_DAYS = 30
# A camera's last picture of the day comes a little before midnight.
COVERAGE_TOLERANCE_H = 0.02
# A register that runs backwards has days below zero.
COMPARABLE = pl.col("is_full") & (
    pl.col("estimated_kwh").abs() <= MOSTLY_MEASURED * pl.col("energy_kwh").abs()
)


@dataclass(frozen=True, slots=True)
class UsualDay:
    """The median of earlier full days of the same kind, weekday or weekend."""

    energy_kwh: float
    n_days: int
    is_weekend: bool


@dataclass(frozen=True, slots=True)
class DayFigure:
    """What one local day used, and how much of the day the readings cover."""

    local_date: date
    energy_kwh: float
    estimated_kwh: float
    hours: float
    is_full: bool
    usual: UsualDay | None

    @property
    def estimated_share(self) -> float:
        """Share of the energy that is estimated."""
        return abs(self.estimated_kwh / self.energy_kwh) if self.energy_kwh else 0.0


@dataclass(frozen=True, slots=True)
class BaseLoad:
    """Power that never goes away: median over the last nights, and its share of those days' energy."""

    base_load_w: float
    n_nights: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Peak:
    """Highest mean power of a measured interval."""

    mean_w: int
    start_local: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """An accepted register reading and the picture that proves it."""

    read_local: datetime
    value_kwh: float
    picture_key: str
    quality: str


@dataclass(frozen=True, slots=True)
class PictureYield:
    """How many pictures of the last days became accepted readings; an estimated one was not read itself."""

    n_days: int
    accepted: int
    repaired: int
    estimated: int
    rejected: int
    missing: int

    @property
    def total(self) -> int:
        """All pictures that came in."""
        return self.accepted + self.estimated + self.rejected

    @property
    def share(self) -> float:
        """Share of the pictures that were read."""
        return self.accepted / self.total


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The report's figures; what the readings do not tell is None."""

    day: DayFigure | None
    base_load: BaseLoad | None
    peak: Peak | None
    newest: RegisterReading | None
    pictures: PictureYield | None


def key_figures(
    *,
    daily: pl.DataFrame,
    last_day: pl.DataFrame,
    quality: pl.DataFrame,
    readings: pl.DataFrame,
    timezone: str,
    newest: RegisterReading | None = None,
    holidays: Container[date] = (),
) -> KeyFigures:
    """Return the key figures of a report's frames.

    Args:
        daily: One row per local day.
        last_day: Intervals of the day shown.
        quality: One row per local day.
        readings: Readings of the day shown.
        timezone: The meter's IANA time zone.
        newest: The newest accepted reading, when it is not among `readings`.
        holidays: Public holidays; they count as weekend.
    """
    return KeyFigures(
        day=day_figure(daily, last_day, timezone, holidays),
        base_load=base_load(daily, timezone),
        peak=peak(last_day),
        newest=newest or newest_reading(readings),
        pictures=picture_yield(quality),
    )


def hours_of_day(local_date: date, timezone: str) -> float:
    """Return the length of a local day: 24 hours, or 23 and 25 when the clock is changed."""
    zone = ZoneInfo(timezone)
    midnights = (
        datetime.combine(local_date + timedelta(days=days), datetime.min.time(), zone).timestamp()
        for days in (0, 1)
    )
    start, end = midnights
    return (end - start) / 3600


def with_fullness(daily: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Return the days in order with `is_full`: the readings cover the whole local day."""
    days = daily.sort("local_date")
    lengths = [hours_of_day(local_date, timezone) for local_date in days["local_date"]]
    length_h = pl.Series("length_h", lengths, dtype=pl.Float64)
    return days.with_columns(is_full=pl.col("hours") >= length_h - COVERAGE_TOLERANCE_H)


def day_figure(
    daily: pl.DataFrame, last_day: pl.DataFrame, timezone: str, holidays: Container[date] = ()
) -> DayFigure | None:
    """Return the day that `last_day` shows, or the last full one, or the last one, or None."""
    if daily.is_empty():
        return None
    days = with_fullness(daily, timezone)
    shown = days.filter(pl.col("local_date").is_in(last_day["start_local"].dt.date().head(1).implode()))
    if shown.is_empty():
        full = days.filter("is_full")
        shown = (days if full.is_empty() else full).tail(1)
    row = shown.row(0, named=True)
    return DayFigure(
        local_date=row["local_date"],
        energy_kwh=row["energy_kwh"],
        estimated_kwh=row["estimated_kwh"],
        hours=row["hours"],
        is_full=row["is_full"],
        usual=usual_day(days, row["local_date"], holidays) if row["is_full"] else None,
    )


def usual_day(days: pl.DataFrame, local_date: date, holidays: Container[date] = ()) -> UsualDay | None:
    """Return the usual energy of days like this one, None with fewer than three of them.

    Args:
        days: Days with `is_full`; mostly estimated ones are left out.
        local_date: The day to compare; only the eight weeks before it count.
        holidays: They count as weekend.
    """
    is_weekend = _is_off(local_date, holidays)
    alike = days.filter(
        pl.col("local_date").is_between(
            local_date - timedelta(days=USUAL_WITHIN_DAYS), local_date, closed="left"
        )
    ).filter(COMPARABLE)
    alike = alike.filter(
        pl.Series([_is_off(each, holidays) == is_weekend for each in alike["local_date"]], dtype=pl.Boolean)
    )
    energy_kwh = usual_energy(alike)
    return None if energy_kwh is None else UsualDay(energy_kwh, alike.height, is_weekend)


def _is_off(local_date: date, holidays: Container[date]) -> bool:
    return local_date.weekday() >= SATURDAY or local_date in holidays


def usual_energy(days: pl.DataFrame) -> float | None:
    """Return the median of the full, mostly measured days, None with fewer than three of them."""
    energies_kwh = days.filter(COMPARABLE)["energy_kwh"].to_list()
    return _median(energies_kwh) if len(energies_kwh) >= USUAL_NEEDS_DAYS else None


def base_load(daily: pl.DataFrame, timezone: str) -> BaseLoad | None:
    """Return the median base load of the last two weeks' nights."""
    nights = daily.sort("local_date").drop_nulls("base_load_w")
    if nights.is_empty():
        return None
    newest: date = nights["local_date"].to_list()[-1]
    nights = nights.filter(pl.col("local_date") > newest - timedelta(days=NIGHTS))
    # Rounded as in the warehouse, so that a page has one base load.
    base_load_w = float(math.floor(_median(nights["base_load_w"].to_list()) + 0.5))
    full = with_fullness(nights, timezone).filter("is_full")
    energy_kwh, hours = float(full["energy_kwh"].sum()), float(full["hours"].sum())
    share = base_load_w * hours / 1000 / energy_kwh if energy_kwh > 0 else None
    # Above one the nights used more than the days on average: true, but no share of anything.
    return BaseLoad(base_load_w, nights.height, share if share is not None and share <= 1 else None)


def knows_a_night(quarter_hours: pl.DataFrame) -> bool:
    """Return whether readings cover all of a night: a missing base load is then not for want of them."""
    measured = quarter_hours.filter(pl.col("minute") < NIGHT_END_MIN, pl.col("quality") == "measured")
    nights = measured.group_by("local_date").agg(pl.len().alias("quarter_hours"))
    return bool((nights["quarter_hours"] >= NIGHT_END_MIN // 15).any())


def peak(last_day: pl.DataFrame) -> Peak | None:
    """Return the day's peak; an estimated interval is a mean over a gap and proves no peak."""
    measured = last_day.filter(pl.col("quality") != "estimated").sort("mean_w", descending=True)
    if measured.is_empty():
        return None
    row = measured.row(0, named=True)
    return Peak(row["mean_w"], row["start_local"], row["minutes"])


def newest_reading(readings: pl.DataFrame) -> RegisterReading | None:
    """Return the last accepted reading."""
    accepted = readings.filter(pl.col("quality").is_in(ACCEPTED)).drop_nulls("value_kwh").sort("read_local")
    if accepted.is_empty():
        return None
    row = accepted.row(-1, named=True)
    return RegisterReading(row["read_local"], row["value_kwh"], row["picture_key"], row["quality"])


def picture_yield(quality: pl.DataFrame) -> PictureYield | None:
    """Return the yield of the last 30 days, None when there was no picture."""
    if quality.is_empty():
        return None
    newest: date = quality.sort("local_date")["local_date"].to_list()[-1]
    days = quality.filter(pl.col("local_date") > newest - timedelta(days=YIELD_DAYS))
    names = ("measured", "repaired", "estimated", "rejected", "missing")
    measured, repaired, estimated, rejected, missing = (int(days[name].sum()) for name in names)
    found = PictureYield(days.height, measured + repaired, repaired, estimated, rejected, missing)
    return found if found.total else None


def _median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return float(ordered[middle]) if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
