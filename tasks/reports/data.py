"""What a report shows: frames of the warehouse's answers, and where the page finds things."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, SupportsFloat

import polars as pl

from tasks.reports.key_figures import RegisterReading

FEWEST_DAYS = 2
# How far a day's amount may lie beside its rate: cost is kept to a hundredth of a cent, CO2 to a gram.
ROUNDED = {"energy_cost": 0.0005, "co2_kg": 0.0011}

SCHEMAS: dict[str, dict[str, Any]] = {
    "daily": {
        "local_date": pl.Date,
        "energy_kwh": pl.Float64,
        "estimated_kwh": pl.Float64,
        "hours": pl.Float64,
        "base_load_w": pl.Int64,
        "peak_w": pl.Int64,
    },
    "last_day": {
        "start_local": pl.Datetime,
        "minutes": pl.Int64,
        "energy_wh": pl.Int64,
        "mean_w": pl.Int64,
        "quality": pl.String,
        "first_picture": pl.String,
        "last_picture": pl.String,
    },
    "hours": {"local_date": pl.Date, "hour": pl.Int64, "mean_w": pl.Int64},
    "quality": {
        "local_date": pl.Date,
        "measured": pl.Int64,
        "repaired": pl.Int64,
        "estimated": pl.Int64,
        "rejected": pl.Int64,
        "missing": pl.Int64,
    },
    "readings": {
        "read_local": pl.Datetime,
        "picture_key": pl.String,
        "value_kwh": pl.Float64,
        "quality": pl.String,
        "reason": pl.String,
        "recognised_text": pl.String,
        "probability": pl.Float64,
    },
    "quarter_hours": {
        "local_date": pl.Date,
        "minute": pl.Int64,
        "energy_wh": pl.Int64,
        "mean_w": pl.Int64,
        "quality": pl.String,
    },
    "base_load": {
        "local_date": pl.Date,
        "base_load_w": pl.Int64,
        "base_load_uncertainty_w": pl.Int64,
        "usual_w": pl.Int64,
        "usual_uncertainty_w": pl.Int64,
    },
    "costs": {
        "local_date": pl.Date,
        "tariff": pl.String,
        "currency": pl.String,
        "energy_kwh": pl.Float64,
        "unpriced_kwh": pl.Float64,
        "energy_cost": pl.Float64,
        "fee": pl.Float64,
        "co2_kg": pl.Float64,
    },
    "backwards": {"local_date": pl.Date},
    "tariffs": {
        "tariff": pl.String,
        "currency": pl.String,
        "days": pl.Int64,
        "energy_kwh": pl.Float64,
        "unpriced_kwh": pl.Float64,
        "cost": pl.Float64,
        "is_present": pl.Boolean,
    },
    "feed_in": {
        "local_date": pl.Date,
        "energy_kwh": pl.Float64,
        "earned": pl.Float64,
        "currency": pl.String,
        "estimated_kwh": pl.Float64,
        "hours": pl.Float64,
    },
    "peaks": {"month_start": pl.Date, "rank": pl.Int64, "peak_local": pl.Datetime, "peak_w": pl.Int64},
    "events": {"happened_local": pl.Datetime, "kind": pl.String, "text": pl.String},
    "gaps": {
        "start_local": pl.Datetime,
        "end_local": pl.Datetime,
        "hours": pl.Float64,
        "energy_kwh": pl.Float64,
    },
    "reasons": {"outcome": pl.String, "reason": pl.String, "n_pictures": pl.Int64},
}


def as_float(figure: object) -> float:
    """A figure of a column, such as its median, as a number; 0 where the column has none."""
    return float(figure) if isinstance(figure, SupportsFloat) else 0.0


def one_rate(days: pl.DataFrame, amount: str) -> float | None:
    """What of an amount comes to a kWh, where several days have that in common; None where they do not."""
    used = days.filter((pl.col("energy_kwh") != 0) | (pl.col(amount) != 0))
    most = used.sort(pl.col("energy_kwh").abs()).tail(1)
    if used.height < FEWEST_DAYS or not as_float(most["energy_kwh"].sum()):
        return None
    rate = float(most[amount].sum()) / float(most["energy_kwh"].sum())
    error = (pl.col(amount) - rate * pl.col("energy_kwh")).abs()
    return rate if used.filter(error > ROUNDED[amount]).is_empty() else None


def mean_rate(days: pl.DataFrame, amount: str, backwards: pl.DataFrame) -> float | None:
    """What of an amount comes to a kWh on the mean of days; None: unknown.

    Where the register ran backwards, a mean of rates by the hour may lie outside of all of them: such days
    count only where all have one rate.

    Args:
        days: energy_kwh and the amount of local days.
        amount: its column.
        backwards: local days on which the register ran backwards.
    """
    forwards = days.join(backwards, on="local_date", how="anti")
    if forwards.height < days.height and (rate := one_rate(days, amount)) is not None:
        return rate
    energy_kwh = float(forwards["energy_kwh"].sum())
    return float(forwards[amount].sum()) / energy_kwh if energy_kwh > 0 else None


def rows(name: str, *values: tuple[object, ...]) -> pl.DataFrame:
    """A frame of the report with these rows, none when none are given."""
    return pl.DataFrame(list(values), schema=SCHEMAS[name], orient="row")


def nowhere(_: object) -> None:
    """Of things that are not published."""
    return


@dataclass(frozen=True, slots=True)
class Measure:
    """Something the household changed on a day to use less."""

    name: str
    start: date


@dataclass(frozen=True, slots=True)
class Links:
    """Where the pages of a site are, relative to the page.

    Attributes:
        meters: page of every meter by its name, this one's too.
        months: page of every month by its first day, oldest first.
        proof_of: page with the pictures of a day; None when there is none.
        proof_of_picture: where a picture is shown with its candidates; None when it is not.
        gallery: page of repaired and rejected pictures, and of the months' first readings.
        system: page about cameras and pictures.
    """

    meters: Mapping[str, str] = field(default_factory=dict)
    months: Mapping[date, str] = field(default_factory=dict)
    proof_of: Callable[[date], str | None] = nowhere
    proof_of_picture: Callable[[str], str | None] = nowhere
    gallery: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything a report page shows, for one meter.

    Attributes:
        meter: Name of the meter, as its owner calls it.
        timezone: The meter's IANA time zone.
        generated_at: When the page was made, an instant with a time zone.
        daily: local_date, energy_kwh, estimated_kwh, hours, base_load_w, peak_w; one row per local day.
        last_day: start_local, minutes, energy_wh, mean_w, quality, first_picture, last_picture; the intervals
            of the day shown, in order.
        hours: local_date, hour, mean_w.
        quality: local_date, measured, repaired, estimated, rejected, missing.
        readings: read_local, picture_key, value_kwh, quality, reason, recognised_text, probability; the day
            shown, in order.
        picture_url: Where the page finds a picture, relative to the page; None when it was not published.
        newest: The newest accepted reading; None takes the last one of `readings`.
        quarter_hours: the newest hundred days', for usual ranges and what draws much.
        base_load: nights, with the median of 14 days and its error.
        costs: what each day cost by its tariff, and its CO2.
        backwards: days on which the register ran backwards.
        tariffs: what the newest year would have cost by the present tariff and each that could be chosen.
        feed_in: energy fed into the grid, and what it earned.
        peaks: the highest measured quarter hours of each month.
        events: what people told.
        gaps: stretches without readings.
        reasons: why pictures of the newest 30 days gave no reading of their own.
        holidays: public holidays by date.
        measures: what the household changed, and when.
        links: Other pages.
        language: `en` or `de`.
        is_export: Whether the register counts what is fed in, which follows the sun and no household.
    """

    meter: str
    timezone: str
    generated_at: datetime
    daily: pl.DataFrame
    last_day: pl.DataFrame
    hours: pl.DataFrame
    quality: pl.DataFrame
    readings: pl.DataFrame
    picture_url: Callable[[str], str | None]
    newest: RegisterReading | None = None
    quarter_hours: pl.DataFrame = field(default_factory=partial(rows, "quarter_hours"))
    base_load: pl.DataFrame = field(default_factory=partial(rows, "base_load"))
    costs: pl.DataFrame = field(default_factory=partial(rows, "costs"))
    backwards: pl.DataFrame = field(default_factory=partial(rows, "backwards"))
    tariffs: pl.DataFrame = field(default_factory=partial(rows, "tariffs"))
    feed_in: pl.DataFrame = field(default_factory=partial(rows, "feed_in"))
    peaks: pl.DataFrame = field(default_factory=partial(rows, "peaks"))
    events: pl.DataFrame = field(default_factory=partial(rows, "events"))
    gaps: pl.DataFrame = field(default_factory=partial(rows, "gaps"))
    reasons: pl.DataFrame = field(default_factory=partial(rows, "reasons"))
    holidays: Mapping[date, str] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    links: Links = field(default_factory=Links)
    language: str = "en"
    is_export: bool = False

    @property
    def currency(self) -> str | None:
        """The currency of the newest priced day."""
        return None if self.costs.is_empty() else str(self.costs.sort("local_date")["currency"][-1])

    @property
    def price_per_kwh(self) -> float | None:
        """What a kWh of the newest 28 priced days cost by the newest tariff, fees left out; None: unknown."""
        newest = self.costs.sort("local_date").tail(28)
        present = newest.join(newest.tail(1), on=["tariff", "currency"], how="semi")
        return mean_rate(present.filter(pl.col("unpriced_kwh") == 0), "energy_cost", self.backwards)

    def follows_the_sun(self, *periods: tuple[date, date]) -> bool:
        """Whether the register counted what the sun gave: as fed in, or backwards in one of the periods."""
        days = pl.any_horizontal(pl.col("local_date").is_between(*period) for period in periods)
        return self.is_export or not self.backwards.filter(days).is_empty()

    @property
    def co2_kg_per_kwh(self) -> float | None:
        """CO2 of a kWh over the newest 365 days that a factor is known for; None: unknown."""
        known = self.costs.sort("local_date").tail(365).drop_nulls("co2_kg")
        return mean_rate(known, "co2_kg", self.backwards)
