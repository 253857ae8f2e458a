"""The tables of the report: behind each chart its values, and every reading of the day shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from tasks.reports.data import nowhere
from tasks.reports.formatting import (
    NBSP,
    clock,
    count,
    energy,
    number,
    power,
    reason,
    register_value,
    share,
    short_day,
    span,
)
from tasks.reports.key_figures import BaseLoad, DayFigure, KeyFigures, Peak, PictureYield, UsualDay
from tasks.reports.language import say
from tasks.reports.theme import QUALITIES

MOST_DECIMALS = 3
TWICE = 2
ALL_BUT_ROUNDING = 0.999
HOURS = 24
EMPTY = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that opens a picture, or another page."""

    text: str
    url: str
    is_page: bool = False


Cell = str | Link


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading of the day as the page shows it."""

    time: Cell
    value: str
    quality: str
    reason: str
    recognised: str
    probability: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure with its comparison, and the picture that proves it."""

    label: str
    value: str
    unit: str
    notes: tuple[Cell, ...]


def key_figure_tiles(
    figures: KeyFigures,
    picture_url: Callable[[str], str | None],
    decimals: int,
    *,
    is_coarse: bool = False,
    is_export: bool = False,
) -> list[Tile]:
    """Return the tiles at the top; a figure that the readings do not tell says why.

    Args:
        figures: What they show.
        picture_url: Where the page finds a picture.
        decimals: The register's.
        is_coarse: Whether nights were read and yet tell no base load.
        is_export: Whether the register counts what is fed in, which has no base load.
    """
    tiles = [_day_tile(figures.day)] if figures.day else []
    if not is_export:
        tiles.append(_base_load_tile(figures.base_load, is_coarse=is_coarse))
    tiles.append(_peak_tile(figures.peak))
    if figures.pictures:
        tiles.append(_yield_tile(figures.pictures))
    if figures.newest:
        newest = figures.newest
        when = f"{short_day(newest.read_local.date())}, {clock(newest.read_local)}"
        text = say("{quality}, see picture", quality=say(newest.quality))
        proof = picture_link(text, newest.picture_key, picture_url)
        tiles.append(
            Tile(
                say("Register reading"),
                *split_unit(register_value(newest.value_kwh, decimals)),
                (when, proof),
            )
        )
    return tiles


def _day_tile(figure: DayFigure) -> Tile:
    notes: list[str] = []
    if not figure.is_full:
        notes.append(say("readings cover {span} of the day", span=span(figure.hours)))
    if figure.usual:
        notes.append(_comparison(figure.energy_kwh, figure.usual))
        kind = "earlier weekend day" if figure.usual.is_weekend else "earlier weekday"
        notes.append(say("median of {days}", days=count(figure.usual.n_days, kind)))
    elif figure.is_full:
        notes.append(say("too few earlier days to compare"))
    if figure.estimated_share >= ALL_BUT_ROUNDING:
        notes.append(say("all of it estimated"))
    elif figure.estimated_kwh > 0:
        notes.append(say("{energy} of it estimated", energy=energy(figure.estimated_kwh)))
    label = say("last full day") if figure.is_full else say("in part")
    title = f"{short_day(figure.local_date)}, {label}"
    return Tile(title, *split_unit(energy(figure.energy_kwh)), tuple(notes))


def _base_load_tile(base_load: BaseLoad | None, *, is_coarse: bool) -> Tile:
    if base_load is None and is_coarse:
        return Tile(
            say("Base load"), say("unknown"), "", (say("the register's steps are too coarse to tell it"),)
        )
    if base_load is None:
        return Tile(say("Base load"), say("not yet"), "", (say("needs a night of readings"),))
    notes = [say("median of {nights}", nights=count(base_load.n_nights, "night"))]
    if base_load.base_load_w <= 0:
        notes.insert(0, say("less than the register shows in a night"))
    elif base_load.share is not None:
        notes.insert(0, say("{percent}\u00a0% of consumption", percent=number(100 * base_load.share)))
    return Tile(say("Base load"), *split_unit(power(base_load.base_load_w)), tuple(notes))


def _peak_tile(peak: Peak | None) -> Tile:
    if peak is None:
        return Tile(say("Peak"), say("unknown"), "", (say("no measured interval on the day shown"),))
    if peak.mean_w == 0:
        return Tile(say("Peak"), *split_unit(power(0)), (say("the register did not move on the day shown"),))
    when = f"{short_day(peak.start_local.date())}, {clock(peak.start_local)}"
    length = say("mean of {minutes}", minutes=count(peak.minutes, "minute"))
    return Tile(say("Peak"), *split_unit(power(peak.mean_w)), (when, length))


def _yield_tile(pictures: PictureYield) -> Tile:
    read, total = number(pictures.accepted), number(pictures.total)
    of_all = say("{read} of {total} ({days})", read=read, total=total, days=count(pictures.n_days, "day"))
    rest = say(
        "{repaired} repaired, {missing} missing",
        repaired=number(pictures.repaired),
        missing=number(pictures.missing),
    )
    return Tile(say("Pictures read"), *split_unit(share(pictures.share)), (of_all, rest))


def split_unit(quantity: str) -> tuple[str, str]:
    """A quantity as its number and its unit."""
    value, unit = quantity.split(NBSP)
    return value, unit


def _comparison(energy_kwh: float, usual: UsualDay) -> str:
    usual_day = energy(usual.energy_kwh)
    if (usual.energy_kwh <= 0 or energy_kwh < 0) and energy(energy_kwh) != usual_day:
        # Of a day below zero, or compared to one, no share says anything.
        return say("usually {energy}", energy=usual_day)
    ratio = energy_kwh / usual.energy_kwh if usual.energy_kwh else 1
    percent = round(100 * abs(ratio - 1))
    if percent == 0:
        return say("the usual {energy}, as always", energy=usual_day)
    if ratio >= TWICE:
        return say("{ratio} times the usual {energy}", ratio=number(ratio, 1), energy=usual_day)
    sentence = (
        "{percent}\u00a0% more than the usual {energy}"
        if ratio > 1
        else "{percent}\u00a0% less than the usual {energy}"
    )
    return say(sentence, percent=percent, energy=usual_day)


def register_decimals(values_kwh: Iterable[float | None]) -> int:
    """Return the fewest decimals that show every value of a register exactly."""
    values = [value for value in values_kwh if value is not None]
    exact = (n for n in range(MOST_DECIMALS) if all(abs(round(value, n) - value) < 1e-6 for value in values))  # noqa: PLR2004 - a thousandth of a Wh
    return next(exact, MOST_DECIMALS)


def daily_table(days: pl.DataFrame, proof_of: Callable[[date], str | None] = nowhere) -> Table:
    """Return the days with `is_full`, newest first, each with a link to its pictures where there is one."""
    rows: list[tuple[Cell, ...]] = []
    for row in days.sort("local_date", descending=True).iter_rows(named=True):
        name, url = f"{short_day(row['local_date'])} {row['local_date'].year}", proof_of(row["local_date"])
        rows.append(
            (
                Link(name, url, is_page=True) if url else name,
                number(row["energy_kwh"], 3),
                number(row["estimated_kwh"], 3),
                number(row["hours"], 1) + ("" if row["is_full"] else f" ({say('not full')})"),
                EMPTY if row["base_load_w"] is None else number(row["base_load_w"]),
                EMPTY if row["peak_w"] is None else number(row["peak_w"]),
            )
        )
    columns = ("Day", "Energy, kWh", "of it estimated, kWh", "Covered, h", "Base load, W", "Peak, W")
    return Table(tuple(say(column) for column in columns), tuple(rows))


def load_profile_table(last_day: pl.DataFrame, picture_url: Callable[[str], str | None]) -> Table:
    """Return the intervals of the day with the pictures of the readings that enclose them."""
    rows = (
        (
            clock(row["start_local"]),
            str(row["minutes"]),
            number(row["energy_wh"]),
            number(row["mean_w"]),
            say(row["quality"]),
            picture_link(say("before"), row["first_picture"], picture_url),
            picture_link(say("after"), row["last_picture"], picture_url),
        )
        for row in last_day.iter_rows(named=True)
    )
    columns = (
        "From", "Minutes", "Energy, Wh", "Mean power, W", "Quality", "Picture before", "Picture after",
    )  # fmt: skip
    return Table(tuple(say(column) for column in columns), tuple(rows))


def heat_map_table(hours: pl.DataFrame) -> Table:
    """Return a row of 24 hourly means for each day, newest first; hours without readings are empty."""
    by_day: dict[date, dict[int, int]] = {}
    for local_date, hour, mean_w in hours.select("local_date", "hour", "mean_w").iter_rows():
        by_day.setdefault(local_date, {})[hour] = mean_w
    rows = (
        (
            f"{local_date:%Y-%m-%d}",
            *(str(by_day[local_date].get(hour, EMPTY)) for hour in range(HOURS)),
        )
        for local_date in sorted(by_day, reverse=True)
    )
    return Table((say("Mean W from"), *(f"{hour} h" for hour in range(HOURS))), tuple(rows))


def quality_table(quality: pl.DataFrame) -> Table:
    """Return the number of readings by quality for each day, newest first."""
    rows = (
        (
            short_day(row["local_date"]) + f" {row['local_date'].year}",
            *(number(row[name]) for name in QUALITIES),
        )
        for row in quality.sort("local_date", descending=True).iter_rows(named=True)
    )
    return Table((say("Day"), *(say(name) for name in QUALITIES)), tuple(rows))


def reading_rows(
    readings: pl.DataFrame, picture_url: Callable[[str], str | None], decimals: int
) -> list[ReadingRow]:
    """Return every reading of the day in the frame's order, which keeps an hour that comes twice apart."""
    return [
        ReadingRow(
            time=picture_link(_time(row["read_local"]), row["picture_key"], picture_url),
            value=EMPTY if row["value_kwh"] is None else number(row["value_kwh"], decimals),
            quality=row["quality"],
            reason=_why(row["quality"], row["reason"]),
            recognised=row["recognised_text"] or EMPTY,
            probability=EMPTY if row["probability"] is None else share(row["probability"]),
        )
        for row in readings.iter_rows(named=True)
    ]


def _time(local: datetime | None) -> str:
    return clock(local) if local else say("time unknown")


def _why(quality: str, code: str | None) -> str:
    if quality == "repaired" and not code:
        return say("the best reading of the picture does not fit its neighbours, a less likely one does")
    return reason(code)


def picture_link(text: str, key: str | None, picture_url: Callable[[str], str | None]) -> Cell:
    """A cell that opens a picture; without one only its text, and without a key nothing."""
    url = picture_url(key) if key else None
    return Link(text, url) if url else text if key else EMPTY
